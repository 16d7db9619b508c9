import { quoteString } from "../../engine/index.js";
import { type DataType, engineType, typeText } from "../schema/index.js";

/** A Delta type, `void` for a bare NULL, or an interval, which only expressions have. */
export type ValueType = DataType | { readonly type: "interval" };

/** DuckDB SQL for a value, with what is known of it. */
export interface TypedSql {
  /** Safe to put anywhere: an operator around it needs no parentheses of its own. */
  readonly sql: string;
  readonly type: ValueType;
  /** Whether it may raise an error for some row, so that it must not run for rows that Spark skips. */
  readonly mayFail: boolean;
  /** The value, when it is a literal string, whole number or interval. */
  readonly literal?: string | bigint | Interval;
}

export interface Interval {
  readonly months: bigint;
  readonly days: bigint;
  readonly micros: bigint;
}

/** What the compilation of one expression shares. */
export interface Failure {
  /** SQL that raises an error with this text and has no value. */
  fail(what: string): string;
}

export const BOOLEAN: DataType = { type: "boolean" };
export const STRING: DataType = { type: "string" };
export const INTEGER: DataType = { type: "integer" };
export const LONG: DataType = { type: "long" };
export const DOUBLE: DataType = { type: "double" };
export const DATE: DataType = { type: "date" };
export const TIMESTAMP: DataType = { type: "timestamp" };
export const TIMESTAMP_NTZ: DataType = { type: "timestamp_ntz" };

export function valueTypeText(type: ValueType): string {
  return type.type === "interval" ? type.type : typeText(type);
}

/** Any type but an interval's. */
export function isStored(type: ValueType): type is DataType {
  return type.type !== "interval";
}

/** SQL of the type that DuckDB holds the values in. */
export function sqlType(type: ValueType): string {
  return isStored(type) ? engineType(type) : "INTERVAL";
}

/** A function of DuckDB over values, typed. */
export function callSql(name: string, args: readonly TypedSql[], type: ValueType, canFail = false): TypedSql {
  return {
    sql: `${name}(${args.map((arg) => arg.sql).join(", ")})`,
    type,
    mayFail: canFail || args.some((arg) => arg.mayFail),
  };
}

/** SQL over the parts, typed; fails where one of them does, and by itself when `canFail`. */
export function made(sql: string, type: ValueType, of: readonly TypedSql[], canFail = false): TypedSql {
  return { sql: `(${sql})`, type, mayFail: canFail || of.some((part) => part.mayFail) };
}

export function stringSql(text: string): string {
  // A NUL ends the text that DuckDB's parser reads.
  if (!text.includes("\0")) return quoteString(text);
  return `(${text
    .split("\0")
    .map((part) => quoteString(part))
    .join(" || chr(0) || ")})`;
}

const WHOLE_DIGITS: Readonly<Record<string, number>> = { byte: 3, short: 5, integer: 10, long: 20 };
const WHOLE_ORDER = ["byte", "short", "integer", "long"];

export function isWhole(type: ValueType): boolean {
  return WHOLE_ORDER.includes(type.type);
}

export function isNumeric(type: ValueType): boolean {
  return isWhole(type) || type.type === "decimal" || type.type === "float" || type.type === "double";
}

export function isTemporal(type: ValueType): boolean {
  return type.type === "date" || type.type === "timestamp" || type.type === "timestamp_ntz";
}

export interface Decimal {
  readonly precision: number;
  readonly scale: number;
}

/** The decimal that holds a value: of a literal only its own digits (Spark's `DecimalType.fromLiteral`). */
export function asDecimal(value: TypedSql): Decimal | undefined {
  const { type, literal } = value;
  if (type.type === "decimal") return type;
  const digits = WHOLE_DIGITS[type.type];
  if (digits === undefined) return undefined;
  const isCounted = typeof literal === "bigint" && type.type !== "byte";
  const precision = isCounted ? literal.toString().replace("-", "").length : digits;
  return { precision, scale: 0 };
}

/**
 * The type in which two values are compared or become one column, or `undefined` when there is none
 * (Spark's `AnsiTypeCoercion`): a string becomes what the other one is, whole numbers the wider of the
 * two, decimals one with the digits of both.
 */
export function commonType(left: TypedSql, right: TypedSql): ValueType | undefined {
  const [a, b] = [left.type, right.type];
  if (a.type === "void") return b;
  if (b.type === "void") return a;
  if (valueTypeText(a) === valueTypeText(b)) return a;
  if (a.type === "string") return forString(b);
  if (b.type === "string") return forString(a);
  if (isWhole(a) && isWhole(b)) return WHOLE_ORDER.indexOf(a.type) > WHOLE_ORDER.indexOf(b.type) ? a : b;
  if (isNumeric(a) && isNumeric(b)) {
    const [x, y] = [asDecimal(left), asDecimal(right)];
    return x === undefined || y === undefined ? DOUBLE : commonDecimal(x, y);
  }
  if (isTemporal(a) && isTemporal(b)) {
    return a.type === "timestamp" || b.type === "timestamp" ? TIMESTAMP : TIMESTAMP_NTZ;
  }
  return undefined;
}

/** What a string becomes beside a value of another type. */
function forString(other: ValueType): ValueType | undefined {
  if (isWhole(other)) return LONG;
  if (isNumeric(other)) return DOUBLE;
  return isTemporal(other) || other.type === "boolean" || other.type === "binary" ? other : undefined;
}

/** Spark drops digits of the fraction where this has more than 38; `undefined` then. */
function commonDecimal(a: Decimal, b: Decimal): DataType | undefined {
  const scale = Math.max(a.scale, b.scale);
  const precision = Math.max(a.precision - a.scale, b.precision - b.scale) + scale;
  return precision > 38 ? undefined : { type: "decimal", precision, scale };
}
