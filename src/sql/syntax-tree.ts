import { isJsonObject, type JsonObject, type JsonValue } from "../../core/index.js";

// Readers of the tree that DuckDB's json_serialize_sql gives. Absent and empty are the same to them.

export function textField(node: JsonObject, field: string): string {
  const value = node[field];
  return typeof value === "string" ? value : "";
}

export function nodeField(node: JsonObject, field: string): JsonObject | undefined {
  const value = node[field];
  return isJsonObject(value) ? value : undefined;
}

export function listField(node: JsonObject, field: string): readonly JsonValue[] {
  const value = node[field];
  return Array.isArray(value) ? value : [];
}

/** Where the node stands in the text, in bytes; undefined when the parser made it up. */
export function byteLocation(node: JsonObject): number | undefined {
  const value = node["query_location"];
  return typeof value === "number" ? value : undefined;
}
