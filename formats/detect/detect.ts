import { isUtf8 } from "node:buffer";
import { hasBytes, knownSignature } from "./signatures.js";

export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be";

/** How the bytes of a text file become characters. */
export interface TextForm {
  readonly encoding: TextEncoding;
  readonly byteOrderMark: boolean;
}

/**
 * What a file is. `json` with layout `array` is one array of records, with layout `values` any number
 * of JSON values one after another, most often one document. `csv` stands for every delimited text.
 */
export type Detection =
  | { readonly kind: "parquet"; readonly footer: boolean }
  | { readonly kind: "avro" }
  | { readonly kind: "arrow"; readonly layout: "file" | "stream" }
  | { readonly kind: "gzip" | "zstd" | "zip" }
  | ({ readonly kind: "jsonl" } & TextForm)
  | ({ readonly kind: "json"; readonly layout: "array" | "values" } & TextForm)
  | ({ readonly kind: "csv" } & TextForm)
  | { readonly kind: "empty" }
  | { readonly kind: "binary"; readonly looksLike: string };

/** How many first and last bytes {@link detect} wants. */
export const HEAD_BYTES = 64 * 1024;
export const TAIL_BYTES = 8;

/**
 * Tells what a file is by its content, and by its name only where content leaves a choice.
 *
 * @param head The first {@link HEAD_BYTES}, or all there are.
 * @param tail The last {@link TAIL_BYTES}, when they are at hand.
 * @param name The file's name, without a compression's suffix.
 */
export function detect(head: Uint8Array, tail: Uint8Array | undefined, name: string): Detection {
  if (head.length === 0) return { kind: "empty" };
  if (hasBytes(head, MAGIC.parquet)) {
    return { kind: "parquet", footer: tail === undefined || endsWith(tail, MAGIC.parquet) };
  }
  if (hasBytes(head, MAGIC.avro)) return { kind: "avro" };
  if (hasBytes(head, MAGIC.arrowFile)) return { kind: "arrow", layout: "file" };
  if (beginsArrowStream(head)) return { kind: "arrow", layout: "stream" };
  if (hasBytes(head, MAGIC.gzip)) return { kind: "gzip" };
  if (hasBytes(head, MAGIC.zstd)) return { kind: "zstd" };
  if (hasBytes(head, MAGIC.zip) || hasBytes(head, MAGIC.emptyZip)) return { kind: "zip" };
  const looksLike = knownSignature(head);
  if (looksLike !== undefined) return { kind: "binary", looksLike };
  const form = textForm(head);
  if (form === undefined) return { kind: "binary", looksLike: "binary data" };
  const text = new TextDecoder(form.encoding).decode(head);
  return text.trim() === "" ? { kind: "empty" } : { ...detectText(text, name.toLowerCase()), ...form };
}

const MAGIC = {
  parquet: [0x50, 0x41, 0x52, 0x31],
  avro: [0x4f, 0x62, 0x6a, 0x01],
  arrowFile: [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31],
  gzip: [0x1f, 0x8b, 0x08],
  zstd: [0x28, 0xb5, 0x2f, 0xfd],
  zip: [0x50, 0x4b, 0x03, 0x04],
  emptyZip: [0x50, 0x4b, 0x05, 0x06],
} as const;

function endsWith(data: Uint8Array, bytes: readonly number[]): boolean {
  return hasBytes(data, bytes, data.length - bytes.length);
}

/**
 * An encapsulated message: 0xFFFFFFFF, the size of its metadata (a positive multiple of 8), then a
 * flatbuffer whose first word is the offset of its root inside it. Arrow columnar format, "Encapsulated
 * message format".
 */
function beginsArrowStream(head: Uint8Array): boolean {
  if (!hasBytes(head, [0xff, 0xff, 0xff, 0xff]) || head.length < 16) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const metadataBytes = view.getInt32(4, true);
  const root = view.getUint32(8, true);
  return metadataBytes > 0 && metadataBytes % 8 === 0 && root >= 4 && root < metadataBytes;
}

function textForm(head: Uint8Array): TextForm | undefined {
  if (hasBytes(head, [0xff, 0xfe])) return { encoding: "utf-16le", byteOrderMark: true };
  if (hasBytes(head, [0xfe, 0xff])) return { encoding: "utf-16be", byteOrderMark: true };
  const byteOrderMark = hasBytes(head, [0xef, 0xbb, 0xbf]);
  if (isBinary(head)) return undefined;
  return { encoding: "utf-8", byteOrderMark };
}

/** Text has no control characters but white space, escape and the like; binary data soon has. */
function isBinary(head: Uint8Array): boolean {
  let controls = 0;
  for (const byte of head) {
    if (byte === 0) return true;
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0c && byte !== 0x0d && byte !== 0x1b)
      controls++;
  }
  return (
    controls > 0 && (controls * 100 > head.length || !isUtf8(head.subarray(0, Math.max(0, head.length - 4))))
  );
}

type TextKind = { kind: "jsonl" } | { kind: "json"; layout: "array" | "values" } | { kind: "csv" };

function detectText(text: string, name: string): TextKind {
  const namedJsonl = /\.(?:jsonl|ndjson|jsonlines)$/.test(name);
  const namedJson = /\.(?:json|geojson)$/.test(name);
  const namedDelimited = /\.(?:csv|tsv|tab|psv|txt)$/.test(name);
  const body = text.trimStart();
  const { line, rest } = firstLine(body);
  const first = body.charAt(0);
  const firstIsJson = (first === "{" || first === "[") && isJson(line);
  if (namedDelimited && !firstIsJson) return { kind: "csv" };
  if (first === "[") {
    const rows = firstIsJson && rest.startsWith("[");
    return rows || (namedJsonl && firstIsJson) ? { kind: "jsonl" } : { kind: "json", layout: "array" };
  }
  if (first === "{") {
    // A first line that is broken but ends where a record ends is still a line of a JSONL file.
    const byLines = (firstIsJson && rest !== "") || (line.endsWith("}") && rest.startsWith("{"));
    return namedJsonl || byLines ? { kind: "jsonl" } : { kind: "json", layout: "values" };
  }
  if (namedJsonl) return { kind: "jsonl" };
  if (namedJson) return { kind: "json", layout: "values" };
  return { kind: "csv" };
}

function firstLine(text: string): { readonly line: string; readonly rest: string } {
  const end = text.indexOf("\n");
  if (end < 0) return { line: text.trimEnd(), rest: "" };
  return { line: text.slice(0, end).trimEnd(), rest: text.slice(end + 1).trimStart() };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
