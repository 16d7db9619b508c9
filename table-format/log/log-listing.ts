import { isLakeError } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import { readLastCheckpoint } from "./last-checkpoint.js";
import { LOG_FOLDER, type LogFile, listingStart, parseLogFile } from "./log-path.js";
import {
  type LogSegment,
  newestCheckpoint,
  oldestReplayable,
  planSegment,
  versionOutOfRange,
} from "./segment.js";
import type { Version } from "./version.js";

/** Every file of the log that replay knows, from version `from` (default: all), in name order. */
export async function listLog(store: ObjectStore, from?: Version, signal?: AbortSignal): Promise<LogFile[]> {
  const files: LogFile[] = [];
  const startAfter = from === undefined ? undefined : listingStart(from);
  const options = startAfter === undefined ? { signal } : { signal, startAfter };
  for await (const meta of store.list(`${LOG_FOLDER}/`, options)) {
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

async function findOnce(
  store: ObjectStore,
  where: string,
  target: Version | undefined,
  signal: AbortSignal | undefined,
): Promise<LogSegment> {
  const hint = await readLastCheckpoint(store, signal);
  if (hint !== undefined && (target === undefined || target >= hint)) {
    const recent = await listLog(store, hint, signal);
    const serves = newestCheckpoint(recent) !== undefined;
    if (serves && (target === undefined || recent.some((file) => file.version >= target))) {
      return planSegment(recent, where, target);
    }
  }
  const listing = await listLog(store, undefined, signal);
  const newest = listing.at(-1)?.version;
  if (target !== undefined && newest !== undefined && target > newest) {
    throw versionOutOfRange(where, target, oldestReplayable(listing), newest);
  }
  return planSegment(listing, where, target);
}
