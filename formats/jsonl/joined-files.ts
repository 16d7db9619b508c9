import type { Detection } from "../detect/detect.js";
import type { SourceFile } from "../source/source-file.js";

/** A larger file is a source of its own. */
export const LARGEST_JOINED_BYTES = 4 * 1024 * 1024;
/** What one source holds at most. */
const GROUP_FILES = 10_000;
const GROUP_BYTES = 256 * 1024 * 1024;

/** Files that become one source, and what is known of them. */
export type JoinedFiles =
  | { readonly kind: "single"; readonly file: SourceFile; readonly detection: Detection | undefined }
  | { readonly kind: "lines"; readonly files: readonly [SourceFile, ...SourceFile[]] };

/**
 * Whether a file may be read together with others of its kind in one statement: a small one of lines that are
 * objects, as it is on disk.
 *
 * @param head its first bytes
 */
export function canJoin(file: SourceFile, detection: Detection, head: Uint8Array): boolean {
  return (
    file.size <= LARGEST_JOINED_BYTES &&
    file.dispose === undefined &&
    detection.kind === "jsonl" &&
    detection.encoding === "utf-8" &&
    !detection.byteOrderMark &&
    firstSign(head) === OPEN_BRACE
  );
}

const OPEN_BRACE = 0x7b;

function firstSign(head: Uint8Array): number | undefined {
  return head.find((byte) => byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d);
}

/** A file that was looked at, and whether it {@link canJoin}. */
export interface LookedAt {
  readonly file: SourceFile;
  /** Where it has been looked into already. */
  readonly detection: Detection | undefined;
  readonly joins: boolean;
}

/** Puts neighbours that may be read together into groups of bounded size; all files stay in their order. */
export function joinFiles(looked: readonly LookedAt[]): JoinedFiles[] {
  const joined: JoinedFiles[] = [];
  let group: SourceFile[] = [];
  let bytes = 0;
  const close = (): void => {
    const [first, ...others] = group;
    if (first !== undefined) joined.push({ kind: "lines", files: [first, ...others] });
    group = [];
    bytes = 0;
  };
  for (const { file, detection, joins } of looked) {
    if (!joins) {
      close();
      joined.push({ kind: "single", file, detection });
      continue;
    }
    if (group.length === GROUP_FILES || bytes + file.size > GROUP_BYTES) close();
    group.push(file);
    bytes += file.size;
  }
  close();
  return joined;
}
