import { delay, isLakeError, LakeError, newUuid, throwIfCancelled } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import type { Action, Metadata, PartitionValues, Protocol } from "../log/actions.js";
import { type CommitResult, commitEntry } from "../log/committer.js";
import { commitPath } from "../log/log-path.js";
import { serializeCommit } from "../log/serialize-actions.js";
import { nextVersion, type Version, version } from "../log/version.js";
import { commitEntryActions, keepsTimeInLog } from "./commit-entry.js";
import { checkEndOfLog, commitsAfter, type EntryListener, parseEntry, readCommit } from "./commits-after.js";
import type { Conflict } from "./conflict.js";
import { conflictScope } from "./conflict-scope.js";
import type { FilesHolding } from "./file-lookup.js";
import { firstConflict } from "./first-conflict.js";
import { NO_ROW_IDS, ROW_TRACKING_DOMAIN, rowIdHighWaterMark } from "./row-ids.js";
import type { LiveFile, Replaced, StagedCommit } from "./staged-commit.js";
import { inCommitTimestampOf, txnIdOf, type WinningCommit } from "./winning-commit.js";

export type CommitOutcome =
  | {
      readonly status: "committed";
      readonly version: Version;
      /** The entry, as it is in the log. */
      readonly actions: readonly Action[];
      readonly filesRemoved: number;
      /** Entries that were tried; 0 when the commit was there already. */
      readonly attempts: number;
    }
  /** `version` is the winner's. */
  | { readonly status: "conflict"; readonly conflict: Conflict; readonly version: Version };

/** The version that a transaction read. */
export interface ReadVersion {
  readonly version: Version;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  /** The greatest row id given out (PROTOCOL.md, "Row Tracking"). */
  readonly rowIdHighWaterMark: bigint;
  /** When it was committed, in milliseconds since the epoch; looked up where it is needed and not known. */
  readonly timestamp?: number | undefined;
}

/** What a transaction stands on. */
export interface CommitBase {
  readonly store: ObjectStore;
  /** `undefined`: the table does not exist yet. */
  readonly read: ReadVersion | undefined;
  /** The live files at a version, for a commit that replaces whatever is there. */
  readonly liveFiles: (at: Version, signal?: AbortSignal) => Promise<readonly LiveFile[]>;
  /** Judges files of other writers' commits by the version that was read. */
  readonly filesHolding: FilesHolding;
  readonly now: () => number;
  /** Told of the entries that were read to catch up, and of the one that was written. */
  readonly onEntry?: EntryListener | undefined;
}

/** Every lost race means that another writer got on; so many in a row are given up. */
const MAX_ATTEMPTS = 1_000;
const LONGEST_BACKOFF_MS = 50;

/** Where in the log the next attempt stands, and what it takes over from the version before. */
interface Position {
  readonly follows: Version | undefined;
  readonly rowIdHighWaterMark: bigint;
  /** When that version was committed, where it is known. */
  readonly timestamp: number | undefined;
}

/**
 * Commits: put-if-absent of the next version; when another writer has it, checks every commit that came
 * in between and tries the next. Only the log entry is built again; data files are written once.
 *
 * @param txnId one that the caller keeps, so that whoever has it may commit the same again, at the same time
 *   too: the log comes to hold it once, and all are told where. By default the commit has an id of its own.
 * @throws LakeError `cancelled` before an entry is in the log, never after; `unavailable` when the store
 *   fails; `conflict` when no attempt won, or when the log no longer tells whether it holds `txnId`.
 */
export async function commit(
  base: CommitBase,
  staged: StagedCommit,
  signal?: AbortSignal,
  txnId?: string,
): Promise<CommitOutcome> {
  const { store, read } = base;
  const id = txnId ?? newUuid();
  const scope = conflictScope(staged, read?.metadata, store.uri);
  let position: Position = {
    follows: read?.version,
    rowIdHighWaterMark: read?.rowIdHighWaterMark ?? NO_ROW_IDS,
    timestamp: read?.timestamp,
  };
  const followed: WinningCommit[] = [];
  /** The entry that the last attempt lost to, where it was read. */
  let wonBy: Uint8Array | undefined;
  /** The one after it, where it was asked for at the same time. */
  let behindIt: Promise<Action[] | undefined> | undefined;
  /** Milliseconds that it took to learn that. */
  let losing = 0;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    throwIfCancelled(signal);
    if (attempt > 1) await backOff(attempt - 1, signal, losing);
    if (attempt > 1 || txnId !== undefined) {
      // Catch up with every commit there is: each must be one that ours may follow.
      const commits = await commitsAfter(store, position.follows, signal, wonBy, base.onEntry, behindIt);
      const own = txnId === undefined ? undefined : commits.find((each) => txnIdOf(each) === txnId);
      if (own !== undefined) return committed(own.version, own.actions, attempt - 1);
      const conflict = await firstConflict(scope, commits, base.filesHolding, signal, followed);
      if (conflict !== undefined) return { status: "conflict", conflict, version: conflict.winner.version };
      if (commits.length === 0 && txnId !== undefined) await checkEndOfLog(store, position.follows, signal);
      position = commits.reduce(after, position);
      followed.push(...commits);
    }
    const target = position.follows === undefined ? version(0) : nextVersion(position.follows);
    const removes = await removesFor(base, staged.replaces, position.follows, signal);
    const actions = commitEntryActions(staged, removes, {
      target,
      readVersion: read?.version,
      protocol: read?.protocol,
      metadata: read?.metadata,
      rowIdHighWaterMark: position.rowIdHighWaterMark,
      previousTimestamp: await previousTimestamp(base, staged, position, signal),
      now: base.now(),
      txnId: id,
    });
    const began = performance.now();
    behindIt = undefined;
    const onTaken = (): void => {
      if (performance.now() - began < LONGEST_BACKOFF_MS) return;
      // A store that is slow to write is far away, and there is no wait before the next try: both are read at once.
      behindIt = readCommit(store, nextVersion(target), signal, base.onEntry);
      // Where it fails it is told when it is waited for, or was not needed.
      behindIt.catch(() => undefined);
    };
    const { status, entry } = await placeEntry(store, target, actions, id, base.onEntry, onTaken);
    if (status === "committed") {
      // One that was there with our id may be of another process, and of another time.
      const landed = entry === undefined ? actions : parseEntry(entry, target);
      return committed(target, landed, attempt);
    }
    wonBy = entry;
    losing = performance.now() - began;
  }
  throw new LakeError(
    "conflict",
    "commit-attempts",
    `${store.uri}: ${MAX_ATTEMPTS} attempts to commit all lost to other writers`,
    {
      hint: "Nothing was committed. Run it again when fewer writers are at work.",
    },
  );
}

function committed(at: Version, actions: readonly Action[], attempts: number): CommitOutcome {
  const filesRemoved = actions.filter((action) => action.kind === "remove").length;
  return { status: "committed", version: at, actions, filesRemoved, attempts };
}

/** The position after one more commit. */
function after(position: Position, commit: WinningCommit): Position {
  return {
    follows: commit.version,
    rowIdHighWaterMark: latestHighWaterMark(commit.actions) ?? position.rowIdHighWaterMark,
    timestamp: inCommitTimestampOf(commit),
  };
}

/** Puts that fail without an answer, one after the other, before the commit is given up. */
const MAX_UNANSWERED = 4;

/**
 * Puts an entry where it belongs. A put without an answer may still be on its way when the log does not have it
 * yet, so the same is put at the same place again: whichever of them gets there, the entry is there once. The
 * caller's signal must not end this, which would leave an entry in the log whose files are taken for left over.
 *
 * @returns also the entry that is there, where it was read back
 */
async function placeEntry(
  store: ObjectStore,
  target: Version,
  actions: readonly Action[],
  txnId: string,
  onEntry: EntryListener | undefined,
  onTaken: () => void,
): Promise<CommitResult & { readonly entry: Uint8Array | undefined }> {
  const data = new TextEncoder().encode(serializeCommit(actions));
  let undecided: LakeError | undefined;
  for (let unanswered = 0; ; unanswered++) {
    let entry: Uint8Array | undefined;
    try {
      const isOurs = (found: Uint8Array): boolean => {
        entry = found;
        return hasTxnId(found, txnId);
      };
      const result = await commitEntry(store, commitPath(target), data, isOurs, undefined, onTaken);
      if (result.status === "committed" && entry === undefined) onEntry?.(target, data);
      return { ...result, entry };
    } catch (error) {
      if (!isLakeError(error, "unavailable")) throw error;
      // That a later put was refused says nothing of an earlier one, which may yet get there.
      if (error.code !== "commit-outcome") undecided ??= error;
      if (unanswered + 1 >= MAX_UNANSWERED) throw undecided ?? error;
      await backOff(unanswered + 1, undefined);
    }
  }
}

/**
 * Writers that lost at the same time should not meet again at once. It comes before the log is read again. Where puts
 * take long, their own time keeps the writers apart: one that waited as well would leave the log idle.
 *
 * @param spent milliseconds that count as waited
 */
async function backOff(lost: number, signal: AbortSignal | undefined, spent = 0): Promise<void> {
  const wait = Math.random() * Math.min(LONGEST_BACKOFF_MS, 2 ** lost) - spent;
  if (wait > 0) await delay(wait, signal);
}

/** The live files that a commit replaces. Pure. */
export function replacedFiles(
  live: readonly LiveFile[],
  replaces: Exclude<Replaced, { kind: "files" }>,
): readonly LiveFile[] {
  if (replaces.kind === "none") return [];
  if (replaces.kind === "all") return live;
  const wanted = new Set(replaces.partitions.map(partitionKey));
  return live.filter((file) => wanted.has(partitionKey(file.partition)));
}

/** One string a partition, whatever the order of its columns. */
function partitionKey(values: PartitionValues): string {
  return JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

async function removesFor(
  base: CommitBase,
  replaces: Replaced,
  follows: Version | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly LiveFile[]> {
  if (replaces.kind === "files") return replaces.files;
  if (replaces.kind === "none" || follows === undefined) return [];
  return replacedFiles(await base.liveFiles(follows, signal), replaces);
}

/** When the version that the entry follows was committed, where the entry's own time depends on it. */
async function previousTimestamp(
  { store, read }: CommitBase,
  staged: StagedCommit,
  { follows, timestamp }: Position,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const keepsTime = keepsTimeInLog((staged.metadata ?? read?.metadata)?.configuration);
  if (!keepsTime || timestamp !== undefined || follows === undefined) return timestamp;
  return (await store.head(commitPath(follows), { signal }))?.lastModified;
}

function latestHighWaterMark(actions: readonly Action[]): bigint | undefined {
  const domain = actions.findLast(
    (action) => action.kind === "domainMetadata" && action.domainMetadata.domain === ROW_TRACKING_DOMAIN,
  );
  return domain?.kind === "domainMetadata" ? rowIdHighWaterMark(domain.domainMetadata) : undefined;
}

/** Tells our log entry from another writer's: a random id of ours stands in no entry but ours. */
function hasTxnId(entry: Uint8Array, txnId: string): boolean {
  return Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).includes(txnId);
}
