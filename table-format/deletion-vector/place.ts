import { LakeError } from "../../core/index.js";

/** Where the bytes of a deletion vector are, for messages. */
export interface DeletionVectorPlace {
  /** The object or URI of the file; `undefined` for one that stands in the log itself. */
  readonly file: string | undefined;
  /** Of its first byte in the file. */
  readonly offset: number;
}

/** The error for stored bytes that are no deletion vector, or not the one that the log describes. */
export function corruptDeletionVector(
  place: DeletionVectorPlace,
  what: string,
  options: { readonly cause?: unknown; readonly hint?: string } = {},
): LakeError {
  const { file, offset } = place;
  const where =
    file === undefined ? "an inline deletion vector" : `${file}: the deletion vector at offset ${offset}`;
  return new LakeError("corrupt", "deletion-vector", `${where}: ${what}`, {
    context: { file, offset: file === undefined ? undefined : offset },
    hint: "The rows it deletes cannot be told. Restore the file, or restore the table to a version before it.",
    ...options,
  });
}
