import type { AddFile } from "../../../table-format/index.js";

/** A live file in which a change found rows that leave the table. */
export interface MatchedFile {
  readonly add: AddFile;
  /** Rows, deleted ones included; `undefined` where its statistics do not tell. */
  readonly numRecords: bigint | undefined;
  /** Rows that the condition holds for, of those that are not deleted yet. */
  readonly matched: bigint;
  /** Its place among the files of the version, in the order in which they came into the table. */
  readonly position: bigint;
}

/** What becomes of a file. */
export type FileEdit =
  /** No row is left: the file goes. */
  | { readonly kind: "remove"; readonly file: MatchedFile }
  /** The rows are marked in its deletion vector. */
  | { readonly kind: "mark"; readonly file: MatchedFile }
  /** The rows that stay are written to another file. */
  | { readonly kind: "rewrite"; readonly file: MatchedFile };

/**
 * Decides how rows are taken out of each file. Pure.
 *
 * @param deletionVectors whether the table wants them (`delta.enableDeletionVectors`)
 */
export function planFileEdits(files: readonly MatchedFile[], deletionVectors: boolean): FileEdit[] {
  return files.map((file) => fileEdit(file, deletionVectors));
}

/**
 * Whether a commit has to write its changed rows out for the change data feed. Where rows only come, or files
 * go as a whole or get a deletion vector, the log tells the changes; where a file is rewritten, or rows get
 * new values, it does not, and change files then speak for the whole commit (PROTOCOL.md, "Change Data
 * Files"). Pure.
 */
export function needsChangeFiles(edits: readonly FileEdit[], updatesRows: boolean): boolean {
  return updatesRows || edits.some(({ kind }) => kind === "rewrite");
}

function fileEdit(file: MatchedFile, deletionVectors: boolean): FileEdit {
  const { add, numRecords, matched } = file;
  // A file with a deletion vector must tell its rows (PROTOCOL.md, "Per-file Statistics").
  if (numRecords === undefined) return { kind: "rewrite", file };
  if (matched >= numRecords - (add.deletionVector?.cardinality ?? 0n)) return { kind: "remove", file };
  return { kind: deletionVectors ? "mark" : "rewrite", file };
}

/** The files that an edit of this kind is made to, in order. */
export function filesOf(edits: readonly FileEdit[], kind: FileEdit["kind"]): MatchedFile[] {
  return edits.filter((edit) => edit.kind === kind).map(({ file }) => file);
}
