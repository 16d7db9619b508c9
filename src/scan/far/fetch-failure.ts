import { isLakeError, LakeError } from "../../../core/index.js";

const HINT = "Restore the file, or query a version that does not need it.";

/** Explains a failed fetch: an object that the log lists and that is gone, or is another one, damages the table. */
export function explainFetchFailure(uri: string, error: unknown): unknown {
  const context = { file: uri };
  // A whole bucket that is gone says nothing of the table.
  if (isLakeError(error, "not-found") && error.code === "object-not-found") {
    const message = `the data file ${uri} is listed in the log and is not there`;
    return new LakeError("corrupt", "data-file-missing", message, { context, hint: HINT, cause: error });
  }
  if (isLakeError(error, "conflict")) {
    const message = `the data file ${uri} has changed: it is not the one that was read before`;
    return new LakeError("corrupt", "data-file-changed", message, { context, hint: HINT, cause: error });
  }
  return error;
}
