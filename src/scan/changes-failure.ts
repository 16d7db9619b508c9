import { isLakeError, LakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { explainReadFailure } from "./read-failure.js";

/**
 * A file of a change feed that is not there damages nothing: a vacuum deletes files that no recent
 * version needs, and with them the changes that they hold.
 */
export function explainMissingChanges(error: unknown): unknown {
  if (!isLakeError(error, "corrupt")) return error;
  const isVector = error.code === "deletion-vector" && isLakeError(error.cause, "not-found");
  if (error.code !== "data-file-missing" && !isVector) return error;
  const file = String(error.context["file"]);
  return new LakeError(
    "not-found",
    "changes-vacuumed",
    `the changes are not there any more: the file ${file} is gone`,
    {
      context: { file },
      hint: "A vacuum deletes the files of old versions. Ask for the changes of later ones.",
      cause: error,
    },
  );
}

/**
 * Explains a failed read of tables and of change feeds; see {@link explainReadFailure}.
 *
 * @param lists those of the tables' relations
 * @param changeLists those of the feeds'
 */
export async function explainFailure(
  session: Session,
  lists: readonly string[],
  changeLists: readonly string[],
  error: unknown,
): Promise<unknown> {
  const explained = await explainReadFailure(session, lists, error);
  if (explained !== error || changeLists.length === 0) return explained;
  return explainMissingChanges(await explainReadFailure(session, changeLists, error));
}
