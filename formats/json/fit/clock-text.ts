// The same texts as the kinds `date`, `wallClock` and `instant` of inference/value-kinds.ts, and the same types for
// them as in inference/fitted-text.ts.
const DATE = /^([0-9]{4})(?:-([0-9]{1,2})-([0-9]{1,2})|\/([0-9]{1,2})\/([0-9]{1,2}))$/;
const CLOCK =
  /^([0-9]{4})(?:-([0-9]{2})-([0-9]{2})|\/([0-9]{2})\/([0-9]{2}))[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?$/;

/** Whether a text is a day that there is. */
export function isDate(text: string): boolean {
  const match = DATE.exec(text);
  return match !== null && isDay(match[1], match[2] ?? match[4], match[3] ?? match[5]);
}

/** Whether a text is a day that there is, or one and a time of it, without a zone. */
export function isWallClock(text: string): boolean {
  const match = CLOCK.exec(text);
  return match === null ? isDate(text) : match[10] === undefined && isMoment(match);
}

/** Whether a text is such a moment with its distance from UTC, or without, which stands for UTC. */
export function isInstant(text: string): boolean {
  const match = CLOCK.exec(text);
  if (match === null) return isDate(text);
  if (!isMoment(match)) return false;
  // With a zone the day is written with dashes, and the time has seconds.
  return match[10] === undefined || (match[2] !== undefined && match[8] !== undefined);
}

function isMoment(match: RegExpExecArray): boolean {
  const [hour, minute, second] = [Number(match[6]), Number(match[7]), Number(match[8] ?? "0")];
  if (!isDay(match[1], match[2] ?? match[4], match[3] ?? match[5])) return false;
  if (hour === 24) return minute === 0 && second === 0 && Number(match[9] ?? "0") === 0;
  return hour < 24 && minute < 60 && second < 60;
}

function isDay(year = "", month = "", day = ""): boolean {
  const [y, m, d] = [Number(year), Number(month), Number(day)];
  return m >= 1 && m <= 12 && d >= 1 && d <= daysOf(y, m);
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

const MINUS = 0x2d;

/** Whether the bytes from `at` are a day as nearly all are written, before the 29th: `2024-01-05`. */
export function isUsualDate(data: Uint8Array, at: number): boolean {
  if (data[at + 4] !== MINUS || data[at + 7] !== MINUS) return false;
  const month = twoDigits(data, at + 5);
  const day = twoDigits(data, at + 8);
  if (month < 1 || month > 12 || day < 1 || day > 28) return false;
  return twoDigits(data, at) >= 0 && twoDigits(data, at + 2) >= 0;
}

/** Whether the bytes from `at` are a time of day to the second: `10:00:00`. */
export function isUsualTime(data: Uint8Array, at: number): boolean {
  if (data[at + 2] !== 0x3a || data[at + 5] !== 0x3a) return false;
  const hour = twoDigits(data, at);
  const minute = twoDigits(data, at + 3);
  const second = twoDigits(data, at + 6);
  return hour >= 0 && hour < 24 && minute >= 0 && minute < 60 && second >= 0 && second < 60;
}

function twoDigits(data: Uint8Array, at: number): number {
  const tens = (data[at] ?? 0) - 0x30;
  const ones = (data[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}
