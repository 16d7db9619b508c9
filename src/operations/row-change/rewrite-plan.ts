import { type FileEdit, filesOf, type MatchedFile } from "./file-edits.js";

/** Where the rows of the touched files are written. */
export interface RewritePlan {
  /** Files of which the rows that stay are written again, each into a file of its own. */
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
 * statistics skip most of them. So rows of different files are put together only where they are few, and a table
 * does not get more files from change to change. Pure.
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

/** What one statement rewrites. More open files cost memory, fewer cost time. */
const GROUP_ROWS = 500_000n;
const GROUP_FILES = 20;

/** Files in groups that are written in one go; one that does not tell its rows is a group. Pure. */
export function groupsOf(files: readonly MatchedFile[]): MatchedFile[][] {
  const groups: MatchedFile[][] = [];
  let rows = 0n;
  for (const file of files) {
    const group = groups.at(-1);
    const { numRecords = GROUP_ROWS } = file;
    if (group === undefined || group.length >= GROUP_FILES || rows + numRecords > GROUP_ROWS) {
      groups.push([file]);
      rows = numRecords;
    } else {
      group.push(file);
      rows += numRecords;
    }
  }
  return groups;
}
