import type { Row, Value } from "../../../engine/index.js";

/**
 * A SQL value as JSON text, with every digit: a BIGINT is a JSON number, a decimal, date or timestamp
 * a string, a BLOB base64, a NaN or infinity the string `"NaN"`, `"Infinity"` or `"-Infinity"`. A MAP
 * whose keys are all strings is an object, any other an array of `[key, value]` pairs.
 */
export function jsonText(value: Value): string {
  if (value === null) return "null";
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`;
    case "bigint":
    case "boolean":
      return String(value);
  }
  if (value instanceof Uint8Array) return `"${base64(value)}"`;
  if (isList(value)) return `[${value.map(jsonText).join(",")}]`;
  if (value instanceof Map) return mapText(value);
  return objectText(Object.entries(value));
}

export function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

/** One row as a JSON object with these columns, in this order. */
export function jsonRow(row: Row, names: readonly string[]): string {
  return objectText(names.map((name) => [name, row[name] ?? null]));
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}

function mapText(map: ReadonlyMap<Value, Value>): string {
  const entries = [...map];
  if (entries.every((entry): entry is [string, Value] => typeof entry[0] === "string"))
    return objectText(entries);
  return `[${entries.map(([key, value]) => `[${jsonText(key)},${jsonText(value)}]`).join(",")}]`;
}

function objectText(entries: readonly (readonly [string, Value])[]): string {
  return `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${jsonText(value)}`).join(",")}}`;
}
