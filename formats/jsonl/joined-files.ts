import { isPlainlyCut } from "../csv/join-csv.js";
import { type CsvLayout, layoutOf, sameLayout } from "../csv/layout.js";
import { type Detection, HEAD_BYTES, type TextForm } from "../detect/detect.js";
import type { SourceFile } from "../source/source-file.js";

/** A larger file is a source of its own. */
export const LARGEST_JOINED_BYTES = 4 * 1024 * 1024;
/** What one source holds at most. */
const GROUP_FILES = 10_000;
const GROUP_BYTES = 256 * 1024 * 1024;

/** How files are read together. */
export type Joining =
  /** The lines of all are one text. */
  | { readonly kind: "lines" }
  /** The records of all are; the files are of one layout. */
  | { readonly kind: "csv"; readonly layout: CsvLayout };

/** Files that become one source, and what is known of them. */
export type JoinedFiles =
  | { readonly kind: "single"; readonly file: SourceFile; readonly detection: Detection | undefined }
  | {
      readonly kind: "joined";
      readonly files: readonly [SourceFile, ...SourceFile[]];
      readonly joining: Joining;
    };

/**
 * How a file may be read together with others of its kind in one statement, if it may: a small one, as it is on disk,
 * of lines that are objects, or of delimited records of which none needs a look by itself.
 *
 * @param head its first bytes
 */
export function joiningOf(file: SourceFile, detection: Detection, head: Uint8Array): Joining | undefined {
  if (file.size > LARGEST_JOINED_BYTES || file.dispose !== undefined) return undefined;
  switch (detection.kind) {
    case "jsonl":
      return isPlain(detection) && firstSign(head) === OPEN_BRACE ? { kind: "lines" } : undefined;
    case "csv": {
      if (!isPlain(detection) || file.form !== undefined || head.length !== file.size) return undefined;
      // A file of so many bytes may go on.
      if (head.length === HEAD_BYTES || firstSign(head) === undefined) return undefined;
      const layout = layoutOf(file, head, true, "refuse");
      return isPlainlyCut(head, layout) ? { kind: "csv", layout } : undefined;
    }
    default:
      return undefined;
  }
}

function isPlain({ encoding, byteOrderMark }: TextForm): boolean {
  return encoding === "utf-8" && !byteOrderMark;
}

const OPEN_BRACE = 0x7b;

function firstSign(head: Uint8Array): number | undefined {
  return head.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}

/** A file that was looked at, and how it may be read with others. */
export interface LookedAt {
  readonly file: SourceFile;
  /** Where it has been looked into already. */
  readonly detection: Detection | undefined;
  readonly joining: Joining | undefined;
}

/** Puts neighbours that may be read together into groups of bounded size; all files stay in their order. */
export function joinFiles(looked: readonly LookedAt[]): JoinedFiles[] {
  const joined: JoinedFiles[] = [];
  let group:
    | { readonly files: [SourceFile, ...SourceFile[]]; readonly joining: Joining; bytes: number }
    | undefined;
  for (const { file, detection, joining } of looked) {
    if (joining === undefined) {
      group = undefined;
      joined.push({ kind: "single", file, detection });
      continue;
    }
    const joins =
      group !== undefined &&
      group.files.length < GROUP_FILES &&
      group.bytes + file.size <= GROUP_BYTES &&
      sameJoining(group.joining, joining);
    if (group !== undefined && joins) {
      group.files.push(file);
      group.bytes += file.size;
      continue;
    }
    group = { files: [file], joining, bytes: file.size };
    joined.push({ kind: "joined", files: group.files, joining });
  }
  return joined;
}

function sameJoining(a: Joining, b: Joining): boolean {
  if (a.kind === "lines" || b.kind === "lines") return a.kind === b.kind;
  return sameLayout(a.layout, b.layout);
}
