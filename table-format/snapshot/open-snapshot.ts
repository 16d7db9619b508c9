import { readFile } from "node:fs/promises";
import { isObjectAbsent } from "../../object-store/index.js";
import { readChecksum } from "../log/checksum.js";
import { type ParsedChecksum, parseChecksum } from "../log/checksum-text.js";
import type { EntriesAtHand } from "../log/entries-at-hand.js";
import { readCommitInfo } from "../log/history.js";
import { usesInCommitTimestamps } from "../log/in-commit-timestamps.js";
import type { ChecksumFile, CommitFile } from "../log/log-path.js";
import type { LogSegment } from "../log/segment.js";
import { checkReadable } from "../protocol/features.js";
import type { KnownTotals } from "./checksum-check.js";
import { fetchLocalFiles, keepsCopies, withLocalFiles } from "./local-files.js";
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
 * it; without one from the checkpoint and the commits. Nothing is fetched twice: where copies are not kept, the file
 * table is made with the checkpoint that is at hand for the state.
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
  return engine.withSession(async (session) => {
    const open = async (local: LocalSegment): Promise<Snapshot> => {
      const replayed = await replayState(session, local, where, base, signal);
      const state = await withTimestamp(folder, local.segment, replayed, signal);
      const snapshot = snapshotOf(folder, local.segment, state);
      if (!keepsCopies(folder))
        await snapshot.makeFiles((replay) => replayFiles(replay, local), session, signal);
      return snapshot;
    };
    const read = (segment: LogSegment): Promise<Snapshot> =>
      withLocalSegment(folder, segment, where, open, signal);
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
        folder,
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
    const local = await readingCommits(where, () =>
      fetchLocalFiles(folder, commits, { signal, atHand: (commit) => atHand?.of(commit) }),
    );
    try {
      const small = keepsCopies(folder) ? await smallCommitActions(commits, local.files, atHand) : undefined;
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
        if (!keepsCopies(folder)) {
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
  folder: TableFolder,
  { checksum }: LogSegment,
  signal: AbortSignal | undefined,
): Promise<(StateBase & { readonly totals: KnownTotals }) | undefined> {
  if (checksum === undefined || checksum.size > LARGEST_CHECKSUM) return undefined;
  const parsed = await listedChecksum(folder, checksum, signal);
  if (parsed?.status !== "valid") return undefined;
  const state = stateOfChecksum(parsed.checksum);
  return state && { version: checksum.version, state, totals: parsed.checksum };
}

/** What a checksum file says; `undefined` where it has gone. */
async function listedChecksum(
  folder: TableFolder,
  checksum: ChecksumFile,
  signal: AbortSignal | undefined,
): Promise<ParsedChecksum | undefined> {
  const { store, tier } = folder;
  if (tier === undefined || store.localPath(checksum.path) !== undefined) {
    return readChecksum(store, checksum.version, { signal });
  }
  try {
    const read = ([file = ""]: readonly string[]): Promise<string> => readFile(file, "utf8");
    return parseChecksum(await withLocalFiles(folder, [checksum], read, signal));
  } catch (error) {
    if (isObjectAbsent(error)) return undefined;
    throw error;
  }
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
    if (isObjectAbsent(error)) return state;
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
