import type { FunctionTable } from "./call.js";
import { comparison, inCommonType } from "./operators.js";
import { BOOLEAN, made, STRING, type TypedSql } from "./typed-sql.js";

const MANY = 64;

/** Functions of values of any type: choices between them, and tests for NULL. */
export const VALUE_FUNCTIONS: FunctionTable = {
  coalesce: { least: 1, most: MANY, compile: (call) => firstNotNull(call.args, call) },
  ifnull: { least: 2, most: 2, compile: (call) => firstNotNull(call.args, call) },
  nvl: { least: 2, most: 2, compile: (call) => firstNotNull(call.args, call) },
  nvl2: {
    least: 3,
    most: 3,
    compile: (call) => choose(`${call.at(0).sql} IS NOT NULL`, call.at(0), [call.at(1), call.at(2)], call),
  },
  if: {
    least: 3,
    most: 3,
    compile: (call) => {
      const condition = call.as(0, BOOLEAN);
      return choose(condition.sql, condition, [call.at(1), call.at(2)], call);
    },
  },
  nullif: {
    least: 2,
    most: 2,
    compile: (call) => {
      const equal = comparison("=", call.at(0), call.at(1), call.context);
      const value = call.at(0);
      return made(`CASE WHEN ${equal.sql} THEN NULL ELSE ${value.sql} END`, value.type, [equal, value]);
    },
  },
  isnull: { least: 1, most: 1, compile: (call) => made(`${call.at(0).sql} IS NULL`, BOOLEAN, call.args) },
  isnotnull: {
    least: 1,
    most: 1,
    compile: (call) => made(`${call.at(0).sql} IS NOT NULL`, BOOLEAN, call.args),
  },
  // Both engines pass over NULLs, and hold NaN for the greatest number.
  greatest: { least: 2, most: MANY, compile: (call) => extreme("greatest", call.args, call) },
  least: { least: 2, most: MANY, compile: (call) => extreme("least", call.args, call) },
  uuid: {
    least: 0,
    most: 0,
    compile: (call) => {
      call.context.useVolatile("uuid");
      return { sql: "CAST(uuid() AS VARCHAR)", type: STRING, mayFail: false };
    },
  },
};

type Call = Parameters<FunctionTable[string]["compile"]>[0];

function firstNotNull(args: readonly TypedSql[], call: Call): TypedSql {
  const { type, values } = inCommonType(call.name, args, call.context);
  return made(`coalesce(${values.map((value) => value.sql).join(", ")})`, type, values);
}

function extreme(name: string, args: readonly TypedSql[], call: Call): TypedSql {
  const { type, values } = inCommonType(call.name, args, call.context);
  return made(`${name}(${values.map((value) => value.sql).join(", ")})`, type, values);
}

function choose(
  condition: string,
  tested: TypedSql,
  options: readonly [TypedSql, TypedSql],
  call: Call,
): TypedSql {
  const { type, values } = inCommonType(call.name, options, call.context);
  const [yes, no] = values;
  return made(`CASE WHEN ${condition} THEN ${yes?.sql} ELSE ${no?.sql} END`, type, [tested, ...values]);
}
