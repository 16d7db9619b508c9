import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { type JsonValue, parseJson } from "../../core/index.js";
import type { Row } from "../../engine/index.js";

/** Files of every type and codec, written by fastavro and by Java's Avro; test/interop/avro.test.ts writes them anew. */
export const AVRO_FILES = fileURLToPath(new URL("avro-fixtures/", import.meta.url));

export const WRITERS = ["fastavro", "java"] as const;
export const CODECS = ["null", "deflate", "snappy", "zstandard"] as const;
export const UNREAD_CODECS = ["bzip2", "xz"] as const;

/** The rows that every file of a folder holds, as its writer says. */
export function expectedRows(folder: string): JsonValue[] {
  const text = readFileSync(path.join(folder, "expected.jsonl"), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => comparable(parseJson(line)));
}

/** Rows as the writers show them: whole numbers of any size and fractions as text, bytes hexadecimal. */
export const comparableRows = (rows: readonly Row[]): JsonValue[] => rows.map((row) => comparable(row));

function comparable(value: unknown): JsonValue {
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "boolean" || typeof value === "string" || value === null) return value;
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) return value.map(comparable);
  const entries: Iterable<[unknown, unknown]> = value instanceof Map ? value : Object.entries(Object(value));
  return Object.fromEntries([...entries].map(([key, member]) => [String(key), comparable(member)]));
}
