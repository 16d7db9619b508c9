import { crc32, isJsonObject, parseJson } from "../../core/index.js";
import type { ByteSpan } from "./object-lease.js";

/** Which content a sparse copy holds parts of. */
export interface CopyContent {
  readonly etag: string;
  /** The start of the machine during which the copy is made; empty for one whose bytes are flushed before they are recorded. */
  readonly boot: string;
}

/** What the log of a sparse copy says, or a part of it. */
export interface SpanLog {
  /** The first that is recorded. */
  readonly content: CopyContent | undefined;
  /** As they were recorded. */
  readonly spans: readonly ByteSpan[];
  /** Bytes of the log up to its last whole line. */
  readonly read: number;
}

const NEWLINE = 10;
const LINE = /^([=+]) (.*) ([0-9a-f]{8})$/;

/**
 * A line of the log, for one append. It begins and ends with a newline, so that half a line before it, which a process
 * left that died or a full disk, spoils no other; and it carries its checksum, so that half a line is never believed.
 */
export function contentLine(content: CopyContent): Buffer {
  return line("=", JSON.stringify(content));
}

/** As {@link contentLine}, for bytes that are in the copy. */
export function spanLine({ offset, length }: ByteSpan): Buffer {
  return line("+", `${offset} ${length}`);
}

/**
 * What lines of a log say. What is no whole line is left out, and so are spans before the content is known: no copy
 * has such.
 *
 * @param known the content, when the lines before these told it
 */
export function readSpanLog(bytes: Uint8Array, known?: CopyContent): SpanLog {
  const read = bytes.lastIndexOf(NEWLINE) + 1;
  let content = known;
  const spans: ByteSpan[] = [];
  for (const text of Buffer.from(bytes.subarray(0, read)).toString("utf8").split("\n")) {
    const [, sign, body, checksum] = LINE.exec(text) ?? [];
    if (sign === undefined || body === undefined || checksum !== checksumOf(sign, body)) continue;
    if (sign === "=") content ??= parseContent(body);
    else if (content !== undefined) spans.push(parseSpan(body));
  }
  return { content, spans, read };
}

function line(sign: "=" | "+", body: string): Buffer {
  return Buffer.from(`\n${sign} ${body} ${checksumOf(sign, body)}\n`);
}

function checksumOf(sign: string, body: string): string {
  return crc32(Buffer.from(`${sign}${body}`))
    .toString(16)
    .padStart(8, "0");
}

function parseContent(body: string): CopyContent | undefined {
  const value = parseJson(body);
  if (!isJsonObject(value)) return undefined;
  const { etag, boot } = value;
  return typeof etag === "string" && typeof boot === "string" ? { etag, boot } : undefined;
}

function parseSpan(body: string): ByteSpan {
  const [offset = "", length = ""] = body.split(" ");
  return { offset: Number(offset), length: Number(length) };
}
