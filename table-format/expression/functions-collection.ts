import type { FunctionTable } from "./call.js";
import { BOOLEAN, INTEGER, made, type TypedSql } from "./typed-sql.js";

type Call = Parameters<FunctionTable[string]["compile"]>[0];

/** Functions of arrays and maps. */
export const COLLECTION_FUNCTIONS: FunctionTable = {
  size: { least: 1, most: 1, compile: size },
  cardinality: { least: 1, most: 1, compile: size },
  array_contains: { least: 2, most: 2, compile: arrayContains },
};

/** NULL of NULL, as in Spark under ANSI; before it was -1. */
function size(call: Call): TypedSql {
  const of = call.at(0);
  if (of.type.type !== "array" && of.type.type !== "map") throw call.wrongTypes();
  const name = of.type.type === "array" ? "len" : "cardinality";
  return made(`CAST(${name}(${of.sql}) AS INTEGER)`, INTEGER, [of]);
}

/** NULL when the value is not there and an item is NULL. */
function arrayContains(call: Call): TypedSql {
  const list = call.at(0);
  if (list.type.type !== "array") throw call.wrongTypes();
  const { elementType } = list.type;
  if (["struct", "array", "map"].includes(elementType.type)) throw call.wrongTypes();
  const wanted = call.as(1, elementType);
  const found = `list_contains(${list.sql}, ${wanted.sql})`;
  const hasNull = `len(list_filter(${list.sql}, lambda item: item IS NULL)) > 0`;
  return made(
    `CASE WHEN ${list.sql} IS NULL OR ${wanted.sql} IS NULL THEN NULL WHEN ${found} THEN TRUE WHEN ${hasNull} THEN NULL ELSE FALSE END`,
    BOOLEAN,
    [list, wanted],
  );
}
