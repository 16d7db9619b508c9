import type { InputRecord } from "./account.js";
import { cutValue, skip, type Token, tokenOf } from "./json-tokens.js";

// The records of a file, cut without the help of anything that is tested.

const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const [LF, CR] = [0x0a, 0x0d];
const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** One record a line; lines of nothing but white space are none. */
export function cutJsonLines(file: Buffer): InputRecord[] {
  return linesOf(file)
    .map(({ bytes, ...place }) => ({ ...place, bytes, content: contentOf(bytes) }))
    .filter(({ bytes }) => bytes.toString("latin1").trim() !== "")
    .map((record, index) => ({ ...record, row: index + 1 }));
}

/** The elements of an array of records, which must be well-formed JSON. */
export function cutJsonArray(file: Buffer): InputRecord[] {
  const text = UTF_8.decode(withoutMark(file));
  const records: InputRecord[] = [];
  let [line, counted] = [1, 0];
  let offset = file.length - withoutMark(file).length;
  let at = skip(text, 0);
  if (text[at] !== "[") throw new Error("the file is no array");
  for (at = skip(text, at + 1); text[at] !== "]"; at = skip(text, at)) {
    const cut = cutValue(text, at);
    if (cut === undefined) throw new Error(`the element after ${text.slice(at, at + 60)} is no JSON`);
    const before = text.slice(counted, at);
    line += before.split("\n").length - 1;
    offset += Buffer.byteLength(before);
    counted = at;
    const bytes = Buffer.from(text.slice(at, cut.end));
    records.push({ line, row: records.length + 1, offset, bytes, content: membersOf(cut.token) });
    at = skip(text, cut.end);
    if (text[at] === ",") at++;
  }
  return records;
}

function contentOf(bytes: Buffer): InputRecord["content"] {
  const text = textOf(bytes);
  const token = text === undefined ? undefined : tokenOf(text);
  return token === undefined ? undefined : membersOf(token);
}

function membersOf(token: Token): InputRecord["content"] {
  return token.kind === "object" ? { kind: "json", members: token.members } : undefined;
}

/** The text of bytes; undefined when they are no UTF-8. */
function textOf(bytes: Buffer): string | undefined {
  try {
    return UTF_8.decode(bytes);
  } catch {
    return undefined;
  }
}

function withoutMark(file: Buffer): Buffer {
  return file.subarray(0, 3).equals(BYTE_ORDER_MARK) ? file.subarray(3) : file;
}

function linesOf(file: Buffer): Omit<InputRecord, "content" | "row">[] {
  const lines: Omit<InputRecord, "content" | "row">[] = [];
  for (let from = file.length - withoutMark(file).length; from < file.length; ) {
    const end = file.indexOf(LF, from);
    const to = end < 0 ? file.length : end;
    const bytes = file.subarray(from, to > from && file[to - 1] === CR ? to - 1 : to);
    lines.push({ line: lines.length + 1, offset: from, bytes });
    from = to + 1;
  }
  return lines;
}

/**
 * The records below the header of a CSV file with commas and double quotes. A field more than the header has is called
 * `columnN` by its place; fields that are missing are left out. Bytes that are no UTF-8 make it no record; so do text
 * after a closing quote and a quote that is never closed, and then the next record begins on the next line.
 */
export function cutCsv(file: Buffer): InputRecord[] {
  const bytes = withoutMark(file);
  const mark = file.length - bytes.length;
  const records: InputRecord[] = [];
  let header: readonly string[] | undefined;
  for (let from = 0, line = 1; from < bytes.length; ) {
    const { end, next, fields } = cutCsvRecord(bytes, from);
    const record = bytes.subarray(from, end);
    if (header === undefined) header = fields ?? [];
    else if (record.length > 0) {
      const content = csvContent(header, fields);
      records.push({ line, row: records.length + 1, offset: mark + from, bytes: record, content });
    }
    for (let at = from; at < next; at++) if (bytes[at] === LF) line++;
    from = next;
  }
  return records;
}

function csvContent(
  header: readonly string[],
  fields: readonly string[] | undefined,
): InputRecord["content"] {
  if (fields === undefined) return undefined;
  const named = fields.map((text, index) => [header[index] ?? `column${index + 1}`, text] as const);
  return { kind: "csv", fields: named };
}

/** The record that begins at a place: where it ends, where the next begins, and its fields if it is one. */
function cutCsvRecord(
  bytes: Buffer,
  from: number,
): { end: number; next: number; fields: string[] | undefined } {
  const [quote, comma] = [0x22, 0x2c];
  const fields: (string | undefined)[] = [];
  let broken = false;
  let at = from;
  for (;;) {
    if (bytes[at] === quote) {
      const parts: Buffer[] = [];
      let start = ++at;
      for (; at < bytes.length; at++) {
        if (bytes[at] !== quote) continue;
        parts.push(bytes.subarray(start, at));
        if (bytes[at + 1] !== quote) break;
        start = ++at;
      }
      broken ||= at >= bytes.length;
      at++;
      fields.push(textOf(Buffer.concat(parts)));
    } else {
      const start = at;
      while (at < bytes.length && bytes[at] !== comma && !isLineEnd(bytes, at)) at++;
      fields.push(textOf(bytes.subarray(start, at)));
    }
    if (bytes[at] === comma) {
      at++;
      continue;
    }
    if (at < bytes.length && !isLineEnd(bytes, at)) {
      broken = true;
      while (at < bytes.length && !isLineEnd(bytes, at)) at++;
    }
    const texts = fields.filter((field) => field !== undefined);
    const isRecord = !broken && texts.length === fields.length;
    const end = broken ? lineEnd(bytes, from) : Math.min(at, bytes.length);
    const next = end + (bytes[end] === CR && bytes[end + 1] === LF ? 2 : 1);
    return { end, next, fields: isRecord ? texts : undefined };
  }
}

function lineEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length && !isLineEnd(bytes, at)) at++;
  return at;
}

function isLineEnd(bytes: Buffer, at: number): boolean {
  return bytes[at] === LF || (bytes[at] === CR && bytes[at + 1] === LF);
}
