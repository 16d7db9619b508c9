import { isLakeError, LakeError, messageOf } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import type { CheckpointFiles } from "../log/checkpoint-files.js";
import { findSegmentWithout } from "../log/log-listing.js";
import type { LogSegment } from "../log/segment.js";
import { isCheckpointUnreadable, isLogVanished } from "./log-damage.js";

export interface ReadOver<T> {
  readonly result: T;
  /** The segment that it was read from. */
  readonly segment: LogSegment;
}

/**
 * Reads one version from a segment or, where its checkpoint cannot be read, from another one of the same
 * version: with an older checkpoint and more commits, as long as the log still has them (PROTOCOL.md,
 * "Checkpoints": a reader may choose any complete one). A file that went after the listing, as clean-up does
 * it, has the log listed once more.
 *
 * @throws LakeError `corrupt` with the checkpoint's own failure, and why nothing else gives the version.
 */
export async function overReadableSegment<T>(
  store: ObjectStore,
  where: string,
  segment: LogSegment,
  read: (segment: LogSegment) => Promise<T>,
  signal?: AbortSignal,
): Promise<ReadOver<T>> {
  const avoided: CheckpointFiles[] = [];
  let isRelisted = false;
  for (let current = segment; ; ) {
    try {
      return { result: await read(current), segment: current };
    } catch (error) {
      if (isCheckpointUnreadable(error) && current.checkpoint !== undefined) {
        avoided.push(current.checkpoint);
      } else if (isLogVanished(error) && !isRelisted) {
        isRelisted = true;
      } else {
        throw isLogVanished(error) && isLakeError(error.cause, "unavailable") ? error.cause : error;
      }
      current = await another(store, where, avoided, segment, error, signal);
    }
  }
}

async function another(
  store: ObjectStore,
  where: string,
  avoided: readonly CheckpointFiles[],
  { version }: LogSegment,
  failure: LakeError,
  signal: AbortSignal | undefined,
): Promise<LogSegment> {
  try {
    return await findSegmentWithout(store, where, avoided, version, signal);
  } catch (error) {
    if (!(error instanceof LakeError) || (error.kind !== "corrupt" && error.kind !== "not-found"))
      throw error;
    throw new LakeError(
      "corrupt",
      failure.code,
      `${failure.message}. Nothing else in the log gives version ${version}: ${messageOf(error)}`,
      { context: failure.context, cause: failure, ...(error.hint === undefined ? {} : { hint: error.hint }) },
    );
  }
}
