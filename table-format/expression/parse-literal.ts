import { unsupportedExpression } from "./failure.js";
import type { Literal } from "./syntax.js";

const INTEGERS = [
  ["byte", 8n],
  ["short", 16n],
  ["integer", 32n],
  ["long", 64n],
] as const;

/**
 * A number as Spark types it: the suffix decides, and without one a whole number is the first of int,
 * bigint and decimal that holds it, a number with a point is a decimal and one with an exponent a double
 * (Spark SQL reference, "Literals"). `negative` is a minus that stands directly before it, which belongs
 * to the number: -128Y is a byte and 128Y is not.
 *
 * @throws LakeError `unsupported` for a number that its type cannot hold.
 */
export function numberLiteral(text: string, negative: boolean): Literal {
  const sign = negative ? "-" : "";
  const [, digits = "", suffix = ""] = /^(.*?)(bd|[lsyfd])?$/i.exec(text) ?? [];
  switch (suffix.toLowerCase()) {
    case "l":
      return wholeLiteral("long", digits, sign, text);
    case "s":
      return wholeLiteral("short", digits, sign, text);
    case "y":
      return wholeLiteral("byte", digits, sign, text);
    case "f":
      return { kind: "floating", type: "float", text: sign + digits };
    case "d":
      return { kind: "floating", type: "double", text: sign + digits };
    case "bd":
      return decimalLiteral(digits, sign);
    default:
      if (/[eE]/.test(digits)) return { kind: "floating", type: "double", text: sign + digits };
      if (digits.includes(".")) return decimalLiteral(digits, sign);
      return holds("integer", BigInt(sign + digits))
        ? wholeLiteral("integer", digits, sign, text)
        : holds("long", BigInt(sign + digits))
          ? wholeLiteral("long", digits, sign, text)
          : decimalLiteral(digits, sign);
  }
}

type WholeType = (typeof INTEGERS)[number][0];

function holds(type: WholeType, value: bigint): boolean {
  const bits = INTEGERS.find(([name]) => name === type)?.[1] ?? 64n;
  return BigInt.asIntN(Number(bits), value) === value;
}

function wholeLiteral(type: WholeType, digits: string, sign: string, text: string): Literal {
  if (!/^\d+$/.test(digits)) throw unsupportedExpression(`${text} is not a number that Spark reads`);
  const value = BigInt(sign + digits);
  if (!holds(type, value)) throw unsupportedExpression(`${sign}${text} does not fit a ${type}`);
  return { kind: "integer", type, value };
}

function decimalLiteral(digits: string, sign: string): Literal {
  const [, whole = "", fraction = "", exponent = "0"] =
    /^(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(digits) ?? [];
  const shift = Number(exponent);
  if (Math.abs(shift) > 38) throw unsupportedExpression(`${digits} does not fit a decimal of 38 digits`);
  const all = whole + fraction;
  const scale = Math.max(0, fraction.length - shift);
  const padded = all + "0".repeat(Math.max(0, shift - fraction.length));
  const significant = padded.replace(/^0+/, "");
  const precision = Math.max(significant.length, scale, 1);
  if (precision > 38) throw unsupportedExpression(`${digits} does not fit a decimal of 38 digits`);
  const filled = significant.padStart(scale + 1, "0");
  const text =
    scale === 0 ? filled : `${filled.slice(0, filled.length - scale)}.${filled.slice(filled.length - scale)}`;
  return { kind: "decimal", text: sign + text, precision, scale };
}

type IntervalPart = "months" | "days" | "micros";

const UNITS: Readonly<Record<string, readonly [IntervalPart, bigint]>> = {
  year: ["months", 12n],
  month: ["months", 1n],
  week: ["days", 7n],
  day: ["days", 1n],
  hour: ["micros", 3_600_000_000n],
  minute: ["micros", 60_000_000n],
  second: ["micros", 1_000_000n],
  millisecond: ["micros", 1_000n],
  microsecond: ["micros", 1n],
};

/** One part of an interval literal, `INTERVAL '3' DAYS`: a whole number of a unit. */
export function intervalPart(count: string, unitName: string): Literal & { readonly kind: "interval" } {
  const unit = UNITS[unitName.toLowerCase().replace(/s$/, "")];
  if (unit === undefined || !/^\s*[+-]?\d+\s*$/.test(count)) {
    throw unsupportedExpression(`the interval ${count} ${unitName} is not a whole number of a unit`);
  }
  const parts = { months: 0n, days: 0n, micros: 0n };
  parts[unit[0]] = BigInt(count.trim().replace(/^\+/, "")) * unit[1];
  return { kind: "interval", ...parts };
}
