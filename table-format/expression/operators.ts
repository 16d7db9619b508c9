import { coerce } from "./cast.js";
import { decimalArithmetic, unlessZero } from "./decimal.js";
import { invalidExpression, unsupportedExpression } from "./failure.js";
import type { ArithmeticOp, ComparisonOp } from "./syntax.js";
import {
  asDecimal,
  BOOLEAN,
  commonType,
  DATE,
  DOUBLE,
  type Failure,
  type Interval,
  isNumeric,
  isTemporal,
  isWhole,
  LONG,
  made,
  sqlType,
  type TypedSql,
  type ValueType,
  valueTypeText,
} from "./typed-sql.js";

/** `left op right` with Spark's meaning under ANSI: overflow and division by zero are errors. */
export function arithmetic(op: ArithmeticOp, left: TypedSql, right: TypedSql, failure: Failure): TypedSql {
  const dated = op === "+" || op === "-" ? dateArithmetic(op, left, right) : undefined;
  if (dated !== undefined) return dated;
  const common = commonType(left, right);
  const type = common?.type === "void" ? LONG : common;
  const isDecimal =
    asDecimal(left) !== undefined &&
    asDecimal(right) !== undefined &&
    (left.type.type === "decimal" || right.type.type === "decimal");
  if (isDecimal) return decimalArithmetic(op, left, right, failure);
  if (type === undefined || !isNumeric(type)) throw mismatch(op, left, right);
  const as = op === "/" ? DOUBLE : op === "div" ? LONG : type;
  if ((op === "div" || op === "&" || op === "|" || op === "^") && !isWhole(type)) {
    throw mismatch(op, left, right);
  }
  const [a, b] = [coerce(left, as, failure), coerce(right, as, failure)];
  const result = (sql: string): TypedSql => made(`CAST(${sql} AS ${sqlType(as)})`, as, [a, b], true);
  switch (op) {
    case "/":
    case "%":
    case "div": {
      // -9223372036854775808 div -1 has no long; DuckDB fails as well.
      const sign = op === "div" ? "//" : op;
      return result(unlessZero(`${a.sql} ${sign} ${b.sql}`, a, b, failure));
    }
    case "&":
    case "|":
      return { ...made(`${a.sql} ${op} ${b.sql}`, as, [a, b]) };
    case "^":
      return { ...made(`xor(${a.sql}, ${b.sql})`, as, [a, b]) };
    default:
      return result(`${a.sql} ${op} ${b.sql}`);
  }
}

/** A date or timestamp plus or minus days or an interval; `undefined` when neither side is one. */
function dateArithmetic(op: "+" | "-", left: TypedSql, right: TypedSql): TypedSql | undefined {
  const swap = op === "+" && isTemporal(right.type) && !isTemporal(left.type);
  const [time, shift] = swap ? [right, left] : [left, right];
  if (!isTemporal(time.type)) return undefined;
  if (time.type.type === "date" && isWhole(shift.type) && shift.type.type !== "long") {
    return made(`${time.sql} ${op} CAST(${shift.sql} AS INTEGER)`, DATE, [time, shift], true);
  }
  if (typeof shift.literal !== "object") throw mismatch(op, left, right);
  return plusInterval(time, op, shift.literal);
}

function plusInterval(time: TypedSql, op: "+" | "-", { months, days, micros }: Interval): TypedSql {
  const isDate = time.type.type === "date";
  if (isDate && micros !== 0n) throw unsupportedExpression("a date plus an interval of less than a day");
  const parts = [
    ...(months === 0n ? [] : [`to_months(${months})`]),
    ...(days === 0n ? [] : [`to_days(${days})`]),
    ...(micros === 0n ? [] : [`to_microseconds(${micros})`]),
  ];
  const zoned = time.type.type === "timestamp";
  const start = zoned ? `make_timestamp(epoch_us(${time.sql}))` : time.sql;
  const moved = [start, ...parts].join(` ${op} `);
  return made(`CAST(${moved} AS ${sqlType(time.type)})`, time.type, [time], true);
}

export function negate(value: TypedSql): TypedSql {
  if (!isNumeric(value.type)) throw unsupportedExpression(`- of ${valueTypeText(value.type)}`);
  return made(`CAST(-${value.sql} AS ${sqlType(value.type)})`, value.type, [value], true);
}

export function complement(value: TypedSql): TypedSql {
  if (!isWhole(value.type)) throw unsupportedExpression(`~ of ${valueTypeText(value.type)}`);
  return made(`~${value.sql}`, value.type, [value]);
}

/** A comparison of two values in their common type. NaN equals itself and is the greatest, in both engines. */
export function comparison(op: ComparisonOp, left: TypedSql, right: TypedSql, failure: Failure): TypedSql {
  const type = commonType(left, right);
  if (type === undefined) throw mismatch(op, left, right);
  const [a, b] = [toComparable(op, left, type, failure), toComparable(op, right, type, failure)];
  const sign = op === "<=>" ? "IS NOT DISTINCT FROM" : op;
  return made(`${a.sql} ${sign} ${b.sql}`, BOOLEAN, [a, b]);
}

/**
 * Values cast to the one type that they have in common.
 *
 * @throws LakeError `invalid-input` when there is none, `unsupported` for arrays, maps, structs and
 * variants.
 */
export function inCommonType(
  what: string,
  values: readonly TypedSql[],
  failure: Failure,
): { readonly type: ValueType; readonly values: readonly TypedSql[] } {
  // Only an operator's own literal counts by its digits.
  const types = values.map(({ type }): TypedSql => ({ sql: "", type, mayFail: false }));
  const { type } = types.reduce((left, right) => {
    const common = commonType(left, right);
    if (common === undefined) throw mismatch(what, left, right);
    return { sql: "", type: common, mayFail: false };
  });
  return { type, values: values.map((value) => toComparable(what, value, type, failure)) };
}

function toComparable(what: string, value: TypedSql, type: ValueType, failure: Failure): TypedSql {
  const isComparable = !["interval", "struct", "array", "map", "variant"].includes(type.type);
  if (!isComparable) throw unsupportedExpression(`${what} of ${valueTypeText(type)}`);
  return type.type === "void" ? value : coerce(value, type, failure);
}

/**
 * AND and OR, from left to right: what stands right of an operand that decides is not evaluated in Spark.
 * DuckDB evaluates every operand in any order, so one that may fail is kept behind those before it.
 */
export function connective(op: "and" | "or", operands: readonly TypedSql[]): TypedSql {
  const wrong = operands.find((operand) => operand.type.type !== "boolean" && operand.type.type !== "void");
  if (wrong !== undefined) {
    throw invalidExpression("expression-type", `${op.toUpperCase()} of ${valueTypeText(wrong.type)}`);
  }
  const booleans = operands.map((operand) =>
    operand.type.type === "void" ? made("CAST(NULL AS BOOLEAN)", BOOLEAN, []) : operand,
  );
  const plain = booleans.map((operand) => operand.sql).join(` ${op.toUpperCase()} `);
  if (!booleans.slice(1).some((operand) => operand.mayFail)) return made(plain, BOOLEAN, booleans);
  const decided = op === "and" ? "FALSE" : "TRUE";
  const steps = booleans.map((operand) => `WHEN ${operand.sql} IS ${decided} THEN ${decided}`).join(" ");
  const unknown = booleans.map((operand) => `${operand.sql} IS NULL`).join(" OR ");
  const rest = op === "and" ? "TRUE" : "FALSE";
  return made(`CASE ${steps} WHEN ${unknown} THEN NULL ELSE ${rest} END`, BOOLEAN, booleans);
}

function mismatch(what: string, left: TypedSql, right: TypedSql): Error {
  const [a, b] = [valueTypeText(left.type), valueTypeText(right.type)];
  return invalidExpression("expression-type", `${what} of ${a} and ${b}`, { left: a, right: b });
}
