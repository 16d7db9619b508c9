import { quoteIdentifier } from "../../engine/index.js";
import { type KindSet, type ScalarType, strictCast } from "../inference/value-kinds.js";

/**
 * SQL: the rows of records in columns of the types that were found; a value that is not of its type fails the statement.
 *
 * @param extras further columns over the records
 */
export function convertedSql(
  records: string,
  names: readonly string[],
  types: readonly ScalarType[],
  extras: readonly string[] = [],
): string {
  const fields = names.map(
    (name, index) =>
      `${strictCast(`c${index}`, types[index] ?? "VARCHAR", true)} AS ${quoteIdentifier(name)}`,
  );
  return `SELECT ${[...fields, ...extras].join(", ")} FROM (${records})`;
}

/** What a person should know of the types. */
export function typeNotes(
  names: readonly string[],
  kinds: readonly KindSet[],
  types: readonly ScalarType[],
): string[] {
  return names.flatMap((name, index) => {
    const found = kinds[index];
    if (found === undefined || found.isEmpty) return [`${name} holds no value; its type is VARCHAR`];
    if (types[index] === "DECIMAL(38,0)")
      return [`${name} holds whole numbers beyond 64 bits; its type is DECIMAL(38,0)`];
    if (types[index] !== "VARCHAR" || found.has("text")) return [];
    return [`${name} holds ${found.describe()}; kept as text`];
  });
}
