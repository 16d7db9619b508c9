import type { FunctionTable } from "./call.js";
import { unlessZero } from "./decimal.js";
import { arithmetic, inCommonType, negate } from "./operators.js";
import { BOOLEAN, DOUBLE, isNumeric, isWhole, LONG, made, sqlType, type TypedSql } from "./typed-sql.js";

type Call = Parameters<FunctionTable[string]["compile"]>[0];

/** Functions of numbers. */
export const NUMBER_FUNCTIONS: FunctionTable = {
  abs: {
    least: 1,
    most: 1,
    compile: (call) => {
      const value = call.at(0);
      if (!isNumeric(value.type)) throw call.wrongTypes();
      return made(`CAST(abs(${value.sql}) AS ${sqlType(value.type)})`, value.type, [value], true);
    },
  },
  negative: { least: 1, most: 1, compile: (call) => negate(call.at(0)) },
  positive: { least: 1, most: 1, compile: (call) => call.at(0) },
  ceil: { least: 1, most: 1, compile: (call) => toWhole("ceil", call) },
  ceiling: { least: 1, most: 1, compile: (call) => toWhole("ceil", call) },
  floor: { least: 1, most: 1, compile: (call) => toWhole("floor", call) },
  round: { least: 1, most: 2, compile: round },
  mod: { least: 2, most: 2, compile: (call) => arithmetic("%", call.at(0), call.at(1), call.context) },
  pmod: { least: 2, most: 2, compile: positiveRemainder },
  isnan: {
    least: 1,
    most: 1,
    compile: (call) => {
      const { type } = call.at(0).type;
      if (type !== "double" && type !== "float") throw call.wrongTypes();
      return made(`coalesce(isnan(${call.at(0).sql}), FALSE)`, BOOLEAN, call.args);
    },
  },
};

/** Spark gives a bigint, and for a decimal a decimal without a fraction. */
function toWhole(name: "ceil" | "floor", call: Call): TypedSql {
  const value = call.at(0);
  const { type } = value;
  if (isWhole(type)) return call.as(0, LONG);
  if (type.type === "decimal") {
    const precision = Math.min(38, type.precision - type.scale + 1);
    const result = { type: "decimal", precision, scale: 0 } as const;
    return made(`CAST(${name}(${value.sql}) AS ${sqlType(result)})`, result, [value], true);
  }
  if (type.type !== "float" && type.type !== "double") throw call.wrongTypes();
  return made(`CAST(${name}(CAST(${value.sql} AS DOUBLE)) AS BIGINT)`, LONG, [value], true);
}

/** Half away from zero. A double to some digits is refused: Spark rounds its text, DuckDB its bits. */
function round(call: Call): TypedSql {
  const value = call.at(0);
  const digits = call.args.length === 2 ? Number(call.literalWhole(1)) : 0;
  const { type } = value;
  if (digits < 0) throw call.wrongTypes();
  if (isWhole(type)) return value;
  if (type.type === "decimal") {
    const scale = Math.min(type.scale, digits);
    const precision = Math.min(38, type.precision - type.scale + 1 + scale);
    const result = { type: "decimal", precision, scale } as const;
    return made(`CAST(${value.sql} AS ${sqlType(result)})`, result, [value], true);
  }
  if ((type.type !== "float" && type.type !== "double") || digits !== 0) throw call.wrongTypes();
  // Spark rounds a decimal, which has no negative zero.
  return made(`CAST(round(${value.sql}) + 0 AS ${sqlType(type)})`, type, [value]);
}

/** The remainder, plus the divisor once when it is negative (Spark's `Pmod`). */
function positiveRemainder(call: Call): TypedSql {
  const { type, values } = inCommonType(call.name, call.args, call.context);
  const [a, b] = values;
  if (a === undefined || b === undefined || (!isWhole(type) && type.type !== DOUBLE.type)) {
    throw call.wrongTypes();
  }
  // In a wider type, since the sum may leave the narrow one on the way.
  const wide = isWhole(type) ? "HUGEINT" : "DOUBLE";
  const [x, y] = [`CAST(${a.sql} AS ${wide})`, `CAST(${b.sql} AS ${wide})`];
  const remainder = `CASE WHEN ${x} % ${y} < 0 THEN (${x} % ${y} + ${y}) % ${y} ELSE ${x} % ${y} END`;
  return made(`CAST(${unlessZero(remainder, a, b, call.context)} AS ${sqlType(type)})`, type, [a, b], true);
}
