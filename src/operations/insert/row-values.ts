import { LakeError } from "../../../core/index.js";
import { type DataType, typeText } from "../../../table-format/index.js";

/** Where a value stands, for messages. */
export interface ValuePlace {
  /** The row, from 0. */
  readonly row: number;
  /** The column, and the way inside it: `a.b[2]`. */
  readonly path: string;
}

// What JavaScript values hold of each type, exactly. Integers of 64 bits, decimals, days and instants are given as
// query results give them: `bigint`, and text with all digits.

const INTEGER_BITS: Readonly<Record<string, number>> = { byte: 8, short: 16, integer: 32, long: 64 };

/** A whole number that fits the type. @throws LakeError `invalid-input` `row-value`. */
export function wholeNumber(value: unknown, type: DataType, place: ValuePlace): bigint {
  const isWhole = typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value));
  if (!isWhole) throw unfit(value, type, place);
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw unfit(value, type, place, "Give a bigint: a number of this size has lost digits.");
  }
  const whole = BigInt(value);
  if (BigInt.asIntN(INTEGER_BITS[type.type] ?? 64, whole) !== whole) throw unfit(value, type, place);
  return whole;
}

/** @throws LakeError `invalid-input` `row-value` for what is no number, or for a number that a float does not hold. */
export function floatingNumber(value: unknown, type: DataType, place: ValuePlace): number {
  const number = typeof value === "bigint" && BigInt(Number(value)) === value ? Number(value) : value;
  if (typeof number !== "number") throw unfit(value, type, place);
  if (type.type === "double" || Number.isNaN(number)) return number;
  const single = Math.fround(number);
  // A float gives seven digits back, which is what 0.1 is meant to be.
  if (single === number || Number(single.toPrecision(7)) === number) return single;
  throw unfit(value, type, place);
}

/** The digits of a decimal, as a whole number of units of its scale. @throws LakeError `invalid-input` `row-value`. */
export function decimalUnits(
  value: unknown,
  type: DataType & { readonly type: "decimal" },
  place: ValuePlace,
): bigint {
  const isGiven = typeof value === "string" || typeof value === "number" || typeof value === "bigint";
  const match = isGiven
    ? /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(String(value).trim())
    : null;
  const [, sign, whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || whole + fraction === "") throw unfit(value, type, place);
  const shift = type.scale - fraction.length + Number(exponent);
  const digits = BigInt(whole + fraction);
  const divisor = 10n ** BigInt(Math.max(0, -shift));
  if (digits % divisor !== 0n) throw unfit(value, type, place);
  const units = shift >= 0 ? digits * 10n ** BigInt(shift) : digits / divisor;
  if (units >= 10n ** BigInt(type.precision)) throw unfit(value, type, place);
  return sign === "-" ? -units : units;
}

/** Days since 1970-01-01. @throws LakeError `invalid-input` `row-value`. */
export function dayNumber(value: unknown, type: DataType, place: ValuePlace): number {
  if (value instanceof Date) {
    const days = value.getTime() / DAY_MS;
    if (Number.isInteger(days)) return days;
    throw unfit(value, type, place, "Give a day as text, such as '2025-01-31', or a Date at midnight UTC.");
  }
  const match = typeof value === "string" ? /^(\d{4}-\d{2}-\d{2})$/.exec(value) : null;
  const micros = match?.[1] === undefined ? undefined : wallClockMicros(match[1], "00:00:00", "");
  if (micros === undefined) throw unfit(value, type, place);
  return Number(micros / DAY_MICROS);
}

/** Microseconds since 1970-01-01T00:00:00Z of an instant. @throws LakeError `invalid-input` `row-value`. */
export function instantMicros(value: unknown, type: DataType, place: ValuePlace): bigint {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return BigInt(value.getTime()) * 1000n;
  const match = typeof value === "string" ? INSTANT.exec(value) : null;
  const [, day = "", time = "", fraction = "", zone = ""] = match ?? [];
  const micros = match === null ? undefined : wallClockMicros(day, time, fraction);
  if (micros === undefined) {
    throw unfit(
      value,
      type,
      place,
      "Give an instant as a Date, or as text with its zone: '2025-01-31T10:00:00Z'.",
    );
  }
  return micros - offsetMicros(zone);
}

/** Microseconds of a wall clock since it showed 1970-01-01 00:00:00. @throws LakeError `invalid-input` `row-value`. */
export function clockMicros(value: unknown, type: DataType, place: ValuePlace): bigint {
  const match = typeof value === "string" ? WALL_CLOCK.exec(value) : null;
  const [, day = "", time = "", fraction = ""] = match ?? [];
  const micros = match === null ? undefined : wallClockMicros(day, time, fraction);
  if (micros === undefined) {
    throw unfit(value, type, place, "Give a wall clock as text without a zone: '2025-01-31 10:00:00'.");
  }
  return micros;
}

const DAY_MS = 86_400_000;
const DAY_MICROS = 86_400_000_000n;
const INSTANT =
  /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6}))? ?(Z|[+-]\d{2}(?::?\d{2})?)$/;
const WALL_CLOCK = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,6}))?)?$/;

/** `undefined` for a day or a time that no calendar has. */
function wallClockMicros(day: string, time: string, fraction: string): bigint | undefined {
  const full = time.length === 0 ? "00:00:00" : time.length === 5 ? `${time}:00` : time;
  const ms = Date.parse(`${day}T${full}Z`);
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== `${day}T${full}.000Z`) return undefined;
  return BigInt(ms) * 1000n + BigInt(fraction.padEnd(6, "0"));
}

function offsetMicros(zone: string): bigint {
  if (zone === "Z") return 0n;
  const [hours, minutes] = [zone.slice(1, 3), zone.slice(3).replace(":", "")];
  const offset = BigInt(Number(hours) * 60 + Number(minutes)) * 60_000_000n;
  return zone.startsWith("-") ? -offset : offset;
}

/** The error of a value that its column does not hold. */
export function unfit(value: unknown, type: DataType, { row, path }: ValuePlace, hint?: string): LakeError {
  return new LakeError(
    "invalid-input",
    "row-value",
    `row ${row}, ${path}: ${shown(value)} is no value of type ${typeText(type)}`,
    { context: { row, column: path, type: typeText(type) }, ...(hint === undefined ? {} : { hint }) },
  );
}

/** Values longer than this many characters are cut in a message. */
const MAX_SHOWN = 100;

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MAX_SHOWN));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value).slice(0, MAX_SHOWN);
}
