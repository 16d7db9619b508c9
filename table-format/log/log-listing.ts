import { isLakeError } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import { type CheckpointFiles, completeCheckpoints } from "./checkpoint-files.js";
import { readLastCheckpoint } from "./last-checkpoint.js";
import { LOG_FOLDER, type LogFile, listingStart, parseLogFile } from "./log-path.js";
import { type LogSegment, newestVersion, planSegment, withoutCheckpoint } from "./segment.js";
import type { Version } from "./version.js";

/** What every name of a version begins before: ":" is the character after "9". */
const AFTER_VERSIONS = `${LOG_FOLDER}/:`;

/** Every file of the log that reading knows, from version `from` (default: all), in name order. */
export async function listLog(store: ObjectStore, from?: Version, signal?: AbortSignal): Promise<LogFile[]> {
  const files: LogFile[] = [];
  const startAfter = from === undefined ? undefined : listingStart(from);
  const options = startAfter === undefined ? { signal } : { signal, startAfter };
  for await (const meta of store.list(`${LOG_FOLDER}/`, options)) {
    // Sidecars and staged commits, of which there may be many, come after the versions.
    if (meta.path >= AFTER_VERSIONS) break;
    const file = parseLogFile(meta);
    if (file !== undefined) files.push(file);
  }
  return files;
}

/**
 * Finds the segment for a version (default: the newest), listing from the last checkpoint where the
 * hint serves and from the beginning where it does not.
 *
 * A listing is no snapshot: of two commits made while it runs it may show only the later one. So a gap
 * counts only when a second listing shows it too.
 *
 * @throws LakeError as {@link planSegment}.
 */
export async function findSegment(
  store: ObjectStore,
  where: string,
  target?: Version,
  signal?: AbortSignal,
): Promise<LogSegment> {
  try {
    return await findOnce(store, where, target, signal);
  } catch (error) {
    if (!isLakeError(error, "corrupt")) throw error;
    return findOnce(store, where, target, signal);
  }
}

/**
 * Finds the segment for a version in the whole log, as if some checkpoints were not there.
 *
 * @throws LakeError as {@link planSegment}.
 */
export async function findSegmentWithout(
  store: ObjectStore,
  where: string,
  avoided: readonly CheckpointFiles[],
  target: Version,
  signal?: AbortSignal,
): Promise<LogSegment> {
  const listing = await listLog(store, undefined, signal);
  return planSegment(avoided.reduce(withoutCheckpoint, listing), where, target);
}

async function findOnce(
  store: ObjectStore,
  where: string,
  target: Version | undefined,
  signal: AbortSignal | undefined,
): Promise<LogSegment> {
  const hint = await readLastCheckpoint(store, signal);
  if (hint !== undefined && (target === undefined || target >= hint)) {
    const recent = await listLog(store, hint, signal);
    const newest = newestVersion(recent);
    const wanted = target ?? newest;
    const serves =
      newest !== undefined &&
      wanted !== undefined &&
      wanted <= newest &&
      completeCheckpoints(recent).some((checkpoint) => checkpoint.version <= wanted);
    if (serves) return planSegment(recent, where, target);
  }
  return planSegment(await listLog(store, undefined, signal), where, target);
}
