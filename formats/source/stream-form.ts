import { type Dialect, sniffDialect, splitRecords } from "../csv/dialect.js";
import { hasHeader } from "../csv/header.js";
import { type Detection, detect } from "../detect/detect.js";
import { hasBytes } from "../detect/signatures.js";

/** How a stream of bytes can be read while it is still coming. */
export type StreamForm =
  | RecordForm
  /** It tells what it is only as a whole. */
  | { readonly kind: "whole" };

/** UTF-8 text whose records come one after another. */
export type RecordForm =
  | { readonly kind: "jsonl" }
  | {
      readonly kind: "csv";
      readonly dialect: Dialect;
      /** The first record, where it names the columns, with its newline. */
      readonly header: Uint8Array | undefined;
    };

/** A part of a stream that is read as a file of its own. */
export interface StreamPart {
  readonly name: string;
  readonly form: RecordForm;
}

/** So many bytes are enough to tell, and fewer when there are no more. */
export const STREAM_HEAD_BYTES = 64 * 1024;

const NEWLINE = 0x0a;

/**
 * Tells from its first bytes whether a stream is lines of records. UTF-8 only; what is compressed, or not of lines,
 * is read whole.
 *
 * @param complete whether these are all bytes there are
 */
export function streamForm(head: Uint8Array, complete: boolean): StreamForm {
  const detection = detect(head, undefined, "stream");
  switch (detection.kind) {
    case "jsonl":
      return detection.encoding === "utf-8" ? { kind: "jsonl" } : { kind: "whole" };
    case "json":
      // One line is all that has come so far: a whole object on it is a record.
      return detection.encoding === "utf-8" && beginsWithRecord(head) ? { kind: "jsonl" } : { kind: "whole" };
    case "csv": {
      if (detection.encoding !== "utf-8") return { kind: "whole" };
      const text = new TextDecoder().decode(head);
      const dialect = sniffDialect(text, complete);
      const isNamed = hasHeader(splitRecords(text, dialect, complete, 1_000));
      return { kind: "csv", dialect, header: isNamed ? firstLine(head) : undefined };
    }
    default:
      return { kind: "whole" };
  }
}

function beginsWithRecord(head: Uint8Array): boolean {
  const end = head.indexOf(NEWLINE);
  if (end === -1) return false;
  const line = new TextDecoder().decode(head.subarray(0, end)).trim();
  if (!line.startsWith("{")) return false;
  try {
    JSON.parse(line);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** What a file is by the form that is known of it. */
export function detectionOf(form: RecordForm, head: Uint8Array): Detection {
  return { kind: form.kind, encoding: "utf-8", byteOrderMark: hasBytes(head, BYTE_ORDER_MARK) };
}

const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];

/** Names of columns hold no newline, but for those that nobody would give. */
function firstLine(head: Uint8Array): Uint8Array {
  const end = head.indexOf(NEWLINE);
  return end === -1 ? head : head.subarray(0, end + 1);
}
