import { isLakeError } from "../../core/index.js";
import { readChecksum } from "../log/checksum.js";
import type { EntriesAtHand } from "../log/entries-at-hand.js";
import { readCommitInfo } from "../log/history.js";
import { usesInCommitTimestamps } from "../log/in-commit-timestamps.js";
import { type CommitFile, LAST_CHECKPOINT_PATH } from "../log/log-path.js";
import type { LogSegment } from "../log/segment.js";
import { checkReadable } from "../protocol/features.js";
import type { KnownTotals } from "./checksum-check.js";
import { fetchLocalFiles } from "./local-files.js";
import { type LocalSegment, withLocalSegment } from "./local-segment.js";
import { isLogVanished, readingCommits } from "./log-damage.js";
import { overReadableSegment } from "./readable-segment.js";
import { advanceFiles, replayFiles } from "./replay-files.js";
import { replayState, type StateBase } from "./replay-state.js";
import { smallCommitActions } from "./small-commits.js";
import { Snapshot, type SnapshotOrigin, type TableFolder } from "./snapshot.js";
import { applyActions, completeState, stateOfChecksum, type TableState, timestampOf } from "./state.js";

/**
 * The snapshot of a segment. Its state is taken from the newest checksum in the segment and the commits after
 * it; without one from the checkpoint and the commits. Of a store that is not local nothing is fetched twice:
 * when the checkpoint is at hand for the state, the file table is made with it.
 *
 * @throws LakeError `unsupported` (a feature we do not read), `corrupt`.
 */
export async function openSnapshot(
  folder: TableFolder,
  found: LogSegment,
  signal?: AbortSignal,
): Promise<Snapshot> {
  const { store, engine } = folder;
  const where = store.uri;
  const base = await checksumBase(folder, found, signal);
  if (base !== undefined && base.version === found.version) {
    const state = await withTimestamp(folder, found, completeState(base.state, where), signal);
    return snapshotOf(folder, found, state, { checksum: base.totals });
  }
  const isLocal = store.localPath(LAST_CHECKPOINT_PATH) !== undefined;
  return engine.withSession(async (session) => {
    const open = async (local: LocalSegment): Promise<Snapshot> => {
      const replayed = await replayState(session, local, where, base, signal);
      const state = await withTimestamp(folder, local.segment, replayed, signal);
      const snapshot = snapshotOf(folder, local.segment, state);
      if (!isLocal) await snapshot.makeFiles((replay) => replayFiles(replay, local), session, signal);
      return snapshot;
    };
    const read = (segment: LogSegment): Promise<Snapshot> =>
      withLocalSegment(store, segment, where, open, signal);
    const { result } = await overReadableSegment(store, where, found, read, signal);
    return result;
  });
}

/**
 * The state of a segment's version alone, whichever features the table has.
 *
 * @throws LakeError `corrupt`.
 */
export async function readState(
  folder: TableFolder,
  found: LogSegment,
  signal?: AbortSignal,
): Promise<TableState> {
  const { store, engine } = folder;
  const base = await checksumBase(folder, found, signal);
  if (base !== undefined && base.version === found.version) return completeState(base.state, store.uri);
  const read = (segment: LogSegment): Promise<TableState> =>
    engine.withSession((session) =>
      withLocalSegment(
        store,
        segment,
        store.uri,
        (local) => replayState(session, local, store.uri, base, signal),
        signal,
      ),
    );
  return (await overReadableSegment(store, store.uri, found, read, signal)).result;
}

/**
 * The snapshot some commits after another one, of which only these are read; `undefined` when one of them is
 * not there any more.
 *
 * @param commits all that there are after `from`, oldest first
 * @param segment the files that give the new version
 * @param atHand entries of the commits that need not be read
 * @throws LakeError as {@link openSnapshot}.
 */
export async function advanceSnapshot(
  from: Snapshot,
  commits: readonly CommitFile[],
  segment: LogSegment,
  signal?: AbortSignal,
  atHand?: EntriesAtHand,
): Promise<Snapshot | undefined> {
  const { folder } = from;
  const { store, engine } = folder;
  const where = store.uri;
  try {
    const paths = commits.map((file) => file.path);
    const local = await readingCommits(where, () => fetchLocalFiles(store, paths, signal));
    try {
      const isLocal = store.localPath(LAST_CHECKPOINT_PATH) !== undefined;
      const small = isLocal ? await smallCommitActions(commits, local.files, atHand) : undefined;
      if (small !== undefined) {
        const state = completeState(applyActions(from.state, small), where);
        return snapshotOf(folder, segment, state, from.originAfter(commits));
      }
      return await engine.withSession(async (session) => {
        const tail: LocalSegment = {
          segment: { ...segment, checkpoint: undefined, commits },
          checkpoint: [],
          commits: local.files,
        };
        const base: StateBase = { version: from.version, state: from.state };
        const state = await replayState(session, tail, where, base, signal);
        const snapshot = snapshotOf(folder, segment, state, from.originAfter(commits));
        if (!isLocal) {
          await from.withFilesAtHand((files) =>
            snapshot.makeFiles(
              (replay) => advanceFiles(replay, files.relation, local.files),
              session,
              signal,
            ),
          );
        }
        return snapshot;
      });
    } finally {
      await local.release();
    }
  } catch (error) {
    if (isLogVanished(error)) return undefined;
    throw error;
  }
}

/** A checksum that is larger lists all files, and would be read in vain. */
const LARGEST_CHECKSUM = 4 * 1024 * 1024;

/** What the newest checksum of a segment tells; `undefined` where it is of no use. */
async function checksumBase(
  { store }: TableFolder,
  { checksum }: LogSegment,
  signal: AbortSignal | undefined,
): Promise<(StateBase & { readonly totals: KnownTotals }) | undefined> {
  if (checksum === undefined || checksum.size > LARGEST_CHECKSUM) return undefined;
  const parsed = await readChecksum(store, checksum.version, { signal });
  if (parsed?.status !== "valid") return undefined;
  const state = stateOfChecksum(parsed.checksum);
  return state && { version: checksum.version, state, totals: parsed.checksum };
}

/** Adds the in-commit timestamp where the table has them and the version's commit was not replayed. */
async function withTimestamp(
  { store }: TableFolder,
  { commit }: LogSegment,
  state: TableState,
  signal: AbortSignal | undefined,
): Promise<TableState> {
  if (state.inCommitTimestamp !== undefined || commit === undefined || !usesInCommitTimestamps(state)) {
    return state;
  }
  try {
    const info = await readCommitInfo(store, commit, signal);
    return { ...state, inCommitTimestamp: timestampOf(info["inCommitTimestamp"]) };
  } catch (error) {
    // Cleaned up since it was listed: the time of its file has to do.
    if (isLakeError(error, "not-found")) return state;
    throw error;
  }
}

function snapshotOf(
  folder: TableFolder,
  segment: LogSegment,
  state: TableState,
  origin?: SnapshotOrigin,
): Snapshot {
  // First: a schema may hold what a feature that we refuse has brought.
  checkReadable(state.protocol, state.metadata, folder.store.uri);
  return new Snapshot(folder, segment, state, origin);
}
