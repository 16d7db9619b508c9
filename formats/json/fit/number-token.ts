/** The text of a JSON number as an exact decimal: `digits` × 10^-`scale`. */
export interface ExactNumber {
  readonly digits: bigint;
  readonly scale: number;
}

/** An exponent beyond this makes a number that no exact type holds, unless it is zero. */
const LARGEST_EXPONENT = 400;

/**
 * The exact value of a JSON number, its scale as small as it gets; `undefined` where its exponent is far beyond what a
 * column of exact numbers holds.
 */
export function exactNumber(text: string): ExactNumber | undefined {
  const match = /^(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign = "", integer = "", fraction = "", exponent = "0"] = match;
  const significant = `${integer}${fraction}`.replace(/0+$/, "");
  if (/^0*$/.test(significant)) return { digits: 0n, scale: 0 };
  const dropped = integer.length + fraction.length - significant.length;
  const scale = fraction.length - dropped - Number(exponent);
  if (Math.abs(scale) > LARGEST_EXPONENT) return undefined;
  const digits = BigInt(`${sign}${significant}`);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

/** Whether a DECIMAL of the precision and scale holds the number with every digit. */
export function fitsDecimal({ digits, scale }: ExactNumber, precision: number, columnScale: number): boolean {
  if (scale > columnScale) return false;
  const magnitude = digits < 0n ? -digits : digits;
  return magnitude * 10n ** BigInt(columnScale - scale) < 10n ** BigInt(precision);
}

/** The number without an exponent: `-0.05`. */
export function plainNumber({ digits, scale }: ExactNumber): string {
  if (scale === 0) return String(digits);
  const sign = digits < 0n ? "-" : "";
  const text = String(digits < 0n ? -digits : digits).padStart(scale + 1, "0");
  return `${sign}${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

/** Whether a double is the whole number that the text says. */
export function isExactDouble(text: string): boolean {
  const value = Number(text);
  return Number.isFinite(value) && BigInt(value) === BigInt(text);
}

/**
 * Whether a value of single precision stands for the number: a whole number as it is, any other as the shortest text
 * of the value.
 */
export function isExactFloat(text: string, isWhole: boolean): boolean {
  const value = Number(text);
  const single = Math.fround(value);
  if (single === value) return Number.isFinite(single) && (!isWhole || isExactDouble(text));
  if (isWhole || !Number.isFinite(single)) return false;
  return [6, 7, 8, 9].some((digits) => Number(single.toPrecision(digits)) === value);
}
