import { type FileEdit, filesOf, type MatchedFile } from "./file-edits.js";

/** Where the rows of the touched files are written. */
export interface RewritePlan {
  /** Files of which the rows that stay are written again. */
  readonly kept: readonly MatchedFile[];
  /** Files of which the replaced rows are written there too. */
  readonly together: readonly MatchedFile[];
  /** Files of which the replaced rows are put together with those of others. */
  readonly apart: readonly MatchedFile[];
}

/** Replaced rows of one file that are this many are a file of their own where the old one does not take them. */
const OWN_FILE_ROWS = 10_000n;

/**
 * Decides which rows go together. Files of a table are often clustered: their rows are close in some column, and
 * statistics skip most of them. So replaced rows go where the rest of their file goes, those of different files
 * are put together only where they are few, and a table does not get more files from change to change. Pure.
 *
 * @param staysInFile whether replaced rows stay in the partition of their file
 */
export function planRewrites(edits: readonly FileEdit[], staysInFile: boolean): RewritePlan {
  const kept = filesOf(edits, "rewrite");
  const others = edits.filter(({ kind }) => kind !== "rewrite").map(({ file }) => file);
  if (!staysInFile) return { kept, together: [], apart: [...kept, ...others] };
  const isOwn = ({ matched }: MatchedFile): boolean => matched >= OWN_FILE_ROWS;
  return {
    kept,
    together: [...kept, ...others.filter(isOwn)],
    apart: others.filter((file) => !isOwn(file)),
  };
}

/** What one statement rewrites, at most. */
export interface GroupLimits {
  readonly files: number;
  readonly rows: bigint;
  readonly bytes: bigint;
  /** Whether only files that came into the table one right after the other may be together. */
  readonly neighbours: boolean;
}

/**
 * Of a table without partitions: small files that came into the table right after each other become one file, in
 * their order. A file of its own for each costs nearly twice the time (docs/benchmarks.md); rows stay next to
 * those they were next to, so that row groups are skipped as before.
 */
export const ONE_FILE: GroupLimits = {
  files: 50,
  rows: 2_000_000n,
  bytes: 64n * 1024n * 1024n,
  neighbours: true,
};

/** Of a table with partitions: each file stays one. More open files cost memory, fewer cost time. */
export const FILE_BY_FILE: GroupLimits = { files: 20, rows: 500_000n, bytes: 2n ** 63n, neighbours: false };

/** Files in groups that are written in one go; one that does not tell its rows is a group. Pure. */
export function groupsOf(files: readonly MatchedFile[], limits: GroupLimits): MatchedFile[][] {
  const groups: MatchedFile[][] = [];
  let [rows, bytes] = [0n, 0n];
  for (const file of files) {
    const group = groups.at(-1);
    const { numRecords = limits.rows } = file;
    const { size } = file.add;
    const isFull =
      group === undefined ||
      group.length >= limits.files ||
      (limits.neighbours && group.at(-1)?.position !== file.position - 1n) ||
      rows + numRecords > limits.rows ||
      bytes + size > limits.bytes;
    if (isFull) {
      groups.push([file]);
      [rows, bytes] = [numRecords, size];
    } else {
      group.push(file);
      rows += numRecords;
      bytes += size;
    }
  }
  return groups;
}
