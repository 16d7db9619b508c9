import { isLakeError, LakeError, messageOf } from "../../core/index.js";
import { isObjectAbsent } from "../../object-store/index.js";
import type { CheckpointFiles } from "../log/checkpoint-files.js";

const CHECKPOINT_UNREADABLE = "checkpoint-unreadable";
const LOG_VANISHED = "log-vanished";

/** Whether a checkpoint could not be read: another one, or the commits alone, may still give the version. */
export function isCheckpointUnreadable(error: unknown): error is LakeError {
  return isLakeError(error, "corrupt") && error.code === CHECKPOINT_UNREADABLE;
}

/** Whether a file of the log went between its listing and its reading, as clean-up does it. */
export function isLogVanished(error: unknown): error is LakeError {
  return isLakeError(error, "corrupt") && error.code === LOG_VANISHED;
}

/** Runs what reads a checkpoint; anything that says its files are damaged or gone is `checkpoint-unreadable`. */
export async function readingCheckpoint<T>(
  checkpoint: CheckpointFiles,
  where: string,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (isCheckpointUnreadable(error) || !isDamage(error)) throw error;
    throw new LakeError(
      "corrupt",
      CHECKPOINT_UNREADABLE,
      `${where}: the checkpoint of version ${checkpoint.version} cannot be read: ${messageOf(error)}`,
      { context: { version: checkpoint.version, file: checkpoint.files[0].path }, cause: error },
    );
  }
}

/** Runs what reads commits; what the engine cannot read is a damaged log. */
export async function readingCommits<T>(where: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isDamage(error) || isLakeError(error, "corrupt")) throw error;
    const code = isGone(error) ? LOG_VANISHED : "log-unreadable";
    throw new LakeError("corrupt", code, `${where}: the log cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * What bytes that are wrong or missing give. Not: a store that fails, a lack of memory, a bug, an abort.
 */
function isDamage(error: unknown): boolean {
  return isLakeError(error, "invalid-input") || isLakeError(error, "corrupt") || isGone(error);
}

/** A file that is not there: the store says not-found, the engine, for a local file, that it cannot open it. */
function isGone(error: unknown): boolean {
  return isObjectAbsent(error) || (isLakeError(error, "unavailable") && error.code === "engine-io");
}
