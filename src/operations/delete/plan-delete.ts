import type { AddFile } from "../../../table-format/index.js";

/** A live file in which a DELETE found rows. */
export interface MatchedFile {
  readonly add: AddFile;
  /** Rows, deleted ones included; `undefined` where its statistics do not tell. */
  readonly numRecords: bigint | undefined;
  /** Rows that the condition holds for, of those that are not deleted yet. */
  readonly matched: bigint;
}

/** What becomes of a file. */
export type FileEdit =
  /** No row is left: the file goes. */
  | { readonly kind: "remove"; readonly file: MatchedFile }
  /** The rows are marked in its deletion vector. */
  | { readonly kind: "mark"; readonly file: MatchedFile }
  /** The rows that stay are written to another file. */
  | { readonly kind: "rewrite"; readonly file: MatchedFile };

export interface DeleteEdits {
  readonly edits: readonly FileEdit[];
  /**
   * Whether the deleted rows are written out for the change data feed. Where files go as a whole, or get a
   * deletion vector, the log tells the deleted rows; where one is rewritten it does not, and change files then
   * speak for the whole commit (PROTOCOL.md, "Change Data Files").
   */
  readonly writesChanges: boolean;
}

export interface DeletePolicy {
  /** Whether the table wants deletion vectors (`delta.enableDeletionVectors`). */
  readonly deletionVectors: boolean;
  /** Whether the table has a change data feed (`delta.enableChangeDataFeed`). */
  readonly changeDataFeed: boolean;
}

/** Decides how rows are deleted from each file. Pure. */
export function planDelete(files: readonly MatchedFile[], policy: DeletePolicy): DeleteEdits {
  const edits = files.map((file) => fileEdit(file, policy));
  const writesChanges = policy.changeDataFeed && edits.some(({ kind }) => kind === "rewrite");
  return { edits, writesChanges };
}

function fileEdit(file: MatchedFile, { deletionVectors }: DeletePolicy): FileEdit {
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
