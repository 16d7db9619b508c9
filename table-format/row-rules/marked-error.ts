import { isJsonObject, isLakeError, type JsonObject, parseJson, stringifyJson } from "../../core/index.js";
import { quoteIdentifier, quoteString } from "../../engine/index.js";

/**
 * What a statement says about the row at which it stops. DuckDB's `error` carries nothing but a text to the
 * caller, so the text is a JSON object between two marks. A mark is a UUID made for one statement: no value
 * of a row and no message of the engine can hold it.
 */
export interface MarkedError {
  /** Facts that are known when the SQL is made. */
  readonly facts: JsonObject;
  /** The row's values as texts, by the names of their columns; absent when no row was asked for. */
  readonly row: ReadonlyMap<string, string | null>;
}

/** Values longer than this many characters are cut in a message. */
const MAX_VALUE = 200;

/** SQL that stops the statement, telling `facts` and the row's values of `columns`. */
export function markedErrorSql(marker: string, facts: JsonObject, columns: readonly string[]): string {
  const begin = quoteString(`${marker}{"facts":${stringifyJson(facts)},"row":`);
  const end = quoteString(`}${marker}`);
  if (columns.length === 0) return `error(${begin} || '{}' || ${end})`;
  const values = columns.map((column) => {
    const name = quoteIdentifier(column);
    return `${name} := left(CAST(${name} AS VARCHAR), ${MAX_VALUE})`;
  });
  return `error(${begin} || to_json(struct_pack(${values.join(", ")})) || ${end})`;
}

/** What a statement made with `marker` stopped for; `undefined` when it failed for another reason. */
export function markedErrorOf(error: unknown, marker: string): MarkedError | undefined {
  if (!isLakeError(error)) return undefined;
  const parts = error.message.split(marker);
  const [, text] = parts;
  if (parts.length < 3 || text === undefined) return undefined;
  const value = parseJson(text);
  if (!isJsonObject(value)) return undefined;
  const { facts, row } = value;
  if (!isJsonObject(facts) || !isJsonObject(row)) return undefined;
  const values = Object.entries(row).map(([name, shown]): [string, string | null] => [
    name,
    typeof shown === "string" ? shown : null,
  ]);
  return { facts, row: new Map(values) };
}
