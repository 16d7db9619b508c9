import { quoteString } from "../../engine/index.js";

/** SQL expressions of what a row keeps of its record beside its columns; see `RESCUED`. All but `place` may be NULL. */
export interface RescuedParts {
  /** VARCHAR: the file as its source is named. */
  readonly file: string;
  readonly place: {
    readonly by: "line" | "row";
    /** BIGINT, from 1. */
    readonly sql: string;
  };
  /** Each a VARCHAR as {@link rescuedValue} makes it, or several of them with commas between; NULL where nothing is rescued. */
  readonly values: readonly string[];
  /** VARCHAR: the whole record as {@link recordMember} makes it. Where it is not NULL the values do not count. */
  readonly record?: string | undefined;
  /** VARCHAR: a sentence that says what is wrong with the record. */
  readonly reason?: string | undefined;
}

/** SQL: one member of `values`, or NULL where `json` is. `json` is a VARCHAR expression, a value as JSON text. */
export function rescuedValue(path: string, json: string): string {
  return `(${quoteString(`${JSON.stringify(path)}:`)} || ${json})`;
}

/** The same for a value that is at hand. */
export function rescuedMember(path: string, value: string | null): string {
  return `${JSON.stringify(path)}:${JSON.stringify(value)}`;
}

/** SQL: a VARCHAR expression as a JSON string; NULL stays NULL. */
export function jsonString(sql: string): string {
  return `CAST(to_json(${sql}) AS VARCHAR)`;
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The bytes of a record that cannot be read, as a member of the JSON: their text, or base64 where they are none. */
export function recordMember(bytes: Uint8Array): string {
  try {
    return rescuedMember("record", UTF_8.decode(bytes));
  } catch {
    return rescuedMember("recordBase64", Buffer.from(bytes).toString("base64"));
  }
}

/** SQL: the text of `RESCUED`, NULL where nothing is rescued. */
export function rescuedJson({ file, place, values, record, reason }: RescuedParts): string {
  // The list of values is made once a row, by concat_ws, which leaves NULLs out.
  const joined = values.length === 0 ? "''" : `concat_ws(',', ${values.join(", ")})`;
  const head = `'{"file":' || ${jsonString(file)} || ',"${place.by}":' || ${place.sql}`;
  const told = reason === undefined ? "''" : `coalesce(',"reason":' || ${jsonString(reason)}, '')`;
  const ofValues = `${head} || ',"values":{' || ${joined} || '}' || ${told} || '}'`;
  const isRescued = reason === undefined ? `${joined} <> ''` : `${joined} <> '' OR ${reason} IS NOT NULL`;
  const ofRecord =
    record === undefined
      ? ""
      : `WHEN ${record} IS NOT NULL THEN ${head} || ',' || ${record} || ${told} || '}' `;
  return `CASE ${ofRecord}WHEN ${isRescued} THEN ${ofValues} END`;
}
