import { type Clock, isLakeError, systemClock } from "../core/index.js";
import {
  type CheckpointOptions,
  type CheckpointReport,
  writeCheckpoint,
} from "./checkpoint/write-checkpoint.js";
import type { Metadata } from "./log/actions.js";
import { type VersionChecksum, writeChecksum } from "./log/checksum.js";
import { EntriesAtHand } from "./log/entries-at-hand.js";
import { type HistoryEntry, readHistory, readOwnTimestamp } from "./log/history.js";
import { type InCommitTimestamps, inCommitTimestamps } from "./log/in-commit-timestamps.js";
import { findSegment, listLog } from "./log/log-listing.js";
import { type CommitFile, commitPath, LAST_CHECKPOINT_PATH, type LogFile } from "./log/log-path.js";
import { type LogSegment, newestCheckpoint, planSegment } from "./log/segment.js";
import { versionAt } from "./log/timestamps.js";
import { nextVersion, type Version } from "./log/version.js";
import { type CommittedEntry, checksumAfter, checksumOfSnapshot } from "./maintenance/after-commit.js";
import { type CleanupReport, cleanUpLog } from "./maintenance/clean-up-log.js";
import {
  type CompactionRange,
  type CompactionReport,
  compactLog,
  worthCompacting,
} from "./maintenance/compact-log.js";
import { checkWritable } from "./protocol/features.js";
import { checkpointInterval } from "./protocol/table-properties.js";
import { advanceSnapshot, openSnapshot, readState } from "./snapshot/open-snapshot.js";
import type { Snapshot, TableFolder } from "./snapshot/snapshot.js";
import { filesHolding } from "./transaction/file-lookup.js";
import { liveFiles } from "./transaction/live-files.js";
import { ROW_TRACKING_DOMAIN, rowIdHighWaterMark } from "./transaction/row-ids.js";
import type { StagedCommit } from "./transaction/staged-commit.js";
import { type CommitOutcome, commit, type ReadVersion } from "./transaction/transaction.js";

/** Which version: by number, by instant (milliseconds since the epoch), or the newest. */
export type AsOf = { readonly version: Version } | { readonly timestamp: number } | undefined;

/** Snapshots kept at hand, newest use last. */
const CACHED_SNAPSHOTS = 8;
/** New commits that are worth applying one by one to a snapshot at hand. */
const MAX_CATCH_UP = 100;

/** Something a commit left to be done that could not be. */
export interface MaintenanceFailure {
  readonly what: string;
  readonly cause: unknown;
}

function readVersion({ version, protocol, metadata, state, timestamp }: Snapshot): ReadVersion {
  const rowIds = rowIdHighWaterMark(state.domains.get(ROW_TRACKING_DOMAIN));
  return { version, protocol, metadata, rowIdHighWaterMark: rowIds, timestamp };
}

/** A Delta table: its versions, its history, and the way to commit to it. */
export class DeltaTable {
  readonly folder: TableFolder;
  readonly #clock: Clock;
  readonly #snapshots = new Map<Version, Snapshot>();
  readonly #entries = new EntriesAtHand();
  #newest: Snapshot | undefined;
  /** The one written last: the next commit usually follows it. */
  #checksum: { readonly version: Version; readonly checksum: VersionChecksum } | undefined;

  constructor(folder: TableFolder, clock: Clock = systemClock) {
    this.folder = folder;
    this.#clock = clock;
  }

  /** The table's folder, for messages. */
  get where(): string {
    return this.folder.store.uri;
  }

  /**
   * One version of the table.
   *
   * @throws LakeError `not-found` (no table, or no such version), `unsupported` (a feature we do not
   *   read), `corrupt`.
   */
  async snapshot(asOf?: AsOf, signal?: AbortSignal): Promise<Snapshot> {
    if (asOf === undefined) return this.#newestSnapshot(signal);
    const version = "version" in asOf ? asOf.version : await this.#versionAt(asOf.timestamp, signal);
    return this.#snapshots.get(version) ?? this.#open(version, signal);
  }

  /** The newest snapshot, or `undefined` when there is no table here yet. */
  async snapshotIfExists(signal?: AbortSignal): Promise<Snapshot | undefined> {
    try {
      return await this.snapshot(undefined, signal);
    } catch (error) {
      if (isLakeError(error, "not-found") && error.code === "table-not-found") return undefined;
      throw error;
    }
  }

  history(options?: {
    readonly limit?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<HistoryEntry[]> {
    return readHistory(this.folder.store, {
      ...options,
      inCommitTimestamps: () => this.#inCommitTimestamps(options?.signal),
    });
  }

  /** Writes a checkpoint of the newest version. @throws LakeError as {@link writeCheckpoint}. */
  async checkpoint(signal?: AbortSignal, options?: CheckpointOptions): Promise<CheckpointReport> {
    return writeCheckpoint(await this.snapshot(undefined, signal), this.#clock.now(), signal, options);
  }

  /** Deletes what the log no longer needs by the table's retention, as is done after a checkpoint. */
  async cleanUpLog(signal?: AbortSignal): Promise<CleanupReport> {
    return cleanUpLog(await this.snapshot(undefined, signal), this.#clock.now(), signal);
  }

  /**
   * Writes a log compaction file; nothing does so by itself.
   *
   * @param range default: the commits that opening the newest version has to read one by one
   * @returns `undefined` when there are fewer than two of those
   * @throws LakeError as {@link compactLog}
   */
  async compactLog(range?: CompactionRange, signal?: AbortSignal): Promise<CompactionReport | undefined> {
    const chosen = range ?? worthCompacting((await this.snapshot(undefined, signal)).segment, 2);
    return chosen === undefined ? undefined : compactLog(this.folder, chosen, signal);
  }

  /**
   * Commits what was staged against `read` (`undefined`: the table is to be created).
   *
   * @param txnId as {@link commit} takes it: with it the same may be committed again, and lands once
   * @throws LakeError as {@link commit}; `unsupported` when the table has a feature we do not write.
   */
  async commit(
    read: Snapshot | undefined,
    staged: StagedCommit,
    signal?: AbortSignal,
    txnId?: string,
  ): Promise<CommitOutcome> {
    if (read !== undefined) this.checkWritable(read);
    return commit(
      {
        store: this.folder.store,
        read: read === undefined ? undefined : readVersion(read),
        liveFiles: async (at, liveSignal) =>
          liveFiles(await this.snapshot({ version: at }, liveSignal), liveSignal),
        filesHolding: read === undefined ? async (files) => files : filesHolding(read),
        now: () => this.#clock.now(),
        // The clock of the machine, which also stamps the files.
        onEntry: (version, bytes, etag) => this.#entries.remember(version, bytes, Date.now(), etag),
      },
      staged,
      signal,
      txnId,
    );
  }

  /** @throws LakeError `unsupported` when the table has a feature we do not write. */
  checkWritable(snapshot: Snapshot): void {
    checkWritable(snapshot.protocol, snapshot.metadata, this.where);
  }

  /** Whether the table wants a checkpoint of this version (`delta.checkpointInterval`). */
  wantsCheckpoint(of: Version, configuration: Readonly<Record<string, string>>): boolean {
    return of > 0n && of % checkpointInterval(configuration) === 0n;
  }

  /**
   * Does what a commit leaves to be done: its checksum, and where it is due a checkpoint, after which the log
   * loses what is no longer needed. The commit stands whatever becomes of it, so failures are given back.
   */
  async maintain(
    entry: CommittedEntry,
    configuration: Metadata["configuration"],
    signal?: AbortSignal,
  ): Promise<readonly MaintenanceFailure[]> {
    const failures: MaintenanceFailure[] = [];
    const attempt = async (what: string, work: () => Promise<unknown>): Promise<void> => {
      try {
        await work();
      } catch (cause) {
        failures.push({ what, cause });
      }
    };
    const isDue = this.wantsCheckpoint(entry.version, configuration);
    await attempt("checksum", () => this.#writeChecksum(entry, isDue, signal));
    if (isDue) {
      await attempt("checkpoint", async () =>
        writeCheckpoint(await this.#committed(entry, signal), this.#clock.now(), signal),
      );
      await attempt("log cleanup", () => this.cleanUpLog(signal));
    }
    return failures;
  }

  /** @param mayReplay whether the version is worth replaying, where the one before it has no checksum */
  async #writeChecksum(
    entry: CommittedEntry,
    mayReplay: boolean,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { store } = this.folder;
    let checksum = await checksumAfter(store, entry, this.#checksum, signal);
    if (checksum === undefined && mayReplay) {
      checksum = await checksumOfSnapshot(await this.#committed(entry, signal), entry, signal);
    }
    if (checksum === undefined) return;
    this.#checksum = { version: entry.version, checksum };
    const written = await writeChecksum(store, entry.version, checksum, { signal });
    if (written.status === "failed") throw written.cause;
  }

  /**
   * The version of a commit that was just made. Where others have committed since, it is read from the newest
   * checkpoint on: a snapshot at hand is as many commits behind as there are writers.
   */
  async #committed({ version }: CommittedEntry, signal: AbortSignal | undefined): Promise<Snapshot> {
    const known = this.#snapshots.get(version);
    if (known !== undefined) return known;
    const newest = await this.#newestSnapshot(signal);
    return newest.version === version ? newest : this.snapshot({ version }, signal);
  }

  /** Frees what the snapshots at hand hold in the engine. */
  async release(): Promise<void> {
    const snapshots = [...this.#snapshots.values()];
    this.#snapshots.clear();
    this.#newest = undefined;
    for (const snapshot of snapshots) await snapshot.retire();
  }

  async #versionAt(instant: number, signal: AbortSignal | undefined): Promise<Version> {
    const { store } = this.folder;
    const own = await this.#inCommitTimestamps(signal);
    const listing = await listLog(store, undefined, signal);
    const read = (commit: CommitFile): Promise<number> => readOwnTimestamp(store, commit, signal);
    return versionAt(listing, this.where, instant, this.#clock.now(), own && { ...own, read });
  }

  /** Told from the newest version, whatever features it has: history needs none of them. */
  async #inCommitTimestamps(signal: AbortSignal | undefined): Promise<InCommitTimestamps | undefined> {
    const segment = await this.#segment(undefined, signal);
    const known = this.#newest?.version === segment.version ? this.#newest.state : undefined;
    return inCommitTimestamps(known ?? (await readState(this.folder, segment, signal)));
  }

  async #newestSnapshot(signal: AbortSignal | undefined): Promise<Snapshot> {
    const known = this.#newest;
    if (known === undefined) return this.#remember(await this.#openNewest(signal));
    const named = await this.#commitsByName(known, signal);
    if (named?.length === 0) return known;
    const caughtUp = named && (await this.#advance(known, named, named, signal));
    if (caughtUp !== undefined) return this.#remember(caughtUp);
    const recent = await listLog(this.folder.store, known.version, signal);
    const newer = recent
      .filter((file) => file.kind === "commit")
      .filter((file) => file.version > known.version);
    if (newer.length === 0 && recent.length > 0) return known;
    const next = newer.length > MAX_CATCH_UP ? undefined : await this.#advance(known, recent, newer, signal);
    return this.#remember(next ?? (await this.#openNewest(signal)));
  }

  /**
   * The commits after a snapshot, asked for by their names: on a local disk a listing reads the whole folder, which
   * history makes long. `undefined` where a listing is the better way, or has to tell what is the matter.
   */
  async #commitsByName(known: Snapshot, signal: AbortSignal | undefined): Promise<CommitFile[] | undefined> {
    const { store } = this.folder;
    if (store.localPath(LAST_CHECKPOINT_PATH) === undefined) return undefined;
    // From time to time a listing shows a checkpoint that makes the segment short again.
    const most = MAX_CATCH_UP - known.segment.commits.length;
    const commits: CommitFile[] = [];
    for (let next = nextVersion(known.version); commits.length < most; next = nextVersion(next)) {
      const found = await store.head(commitPath(next), { signal });
      if (found !== undefined) commits.push({ ...found, kind: "commit", version: next });
      // Of a table that is gone, or was cleaned up past this version, that version is gone too.
      else if (commits.length > 0) return commits;
      else return (await store.head(commitPath(known.version), { signal })) && [];
    }
    return undefined;
  }

  /** Applies new commits to a snapshot at hand; `undefined` when they do not follow on from it. */
  async #advance(
    from: Snapshot,
    recent: readonly LogFile[],
    newer: readonly CommitFile[],
    signal: AbortSignal | undefined,
  ): Promise<Snapshot | undefined> {
    const last = newer.at(-1);
    if (last === undefined || last.version - from.version !== BigInt(newer.length)) return undefined;
    const segment =
      newestCheckpoint(recent) === undefined
        ? {
            ...from.segment,
            version: last.version,
            commits: [...from.segment.commits, ...newer],
            commit: last,
          }
        : planSegment(recent, this.where);
    const next = await advanceSnapshot(from, newer, segment, signal, this.#entries);
    this.#entries.clear();
    return next;
  }

  async #openNewest(signal: AbortSignal | undefined): Promise<Snapshot> {
    return openSnapshot(this.folder, await this.#segment(undefined, signal), signal);
  }

  async #open(version: Version, signal: AbortSignal | undefined): Promise<Snapshot> {
    return this.#keep(await openSnapshot(this.folder, await this.#segment(version, signal), signal));
  }

  #segment(version: Version | undefined, signal: AbortSignal | undefined): Promise<LogSegment> {
    return findSegment(this.folder.store, this.where, version, signal);
  }

  #remember(snapshot: Snapshot): Promise<Snapshot> {
    this.#newest = snapshot;
    return this.#keep(snapshot);
  }

  /** Keeps a snapshot at hand and lets go of the one that was used longest ago. */
  async #keep(snapshot: Snapshot): Promise<Snapshot> {
    const replaced = this.#snapshots.get(snapshot.version);
    this.#snapshots.delete(snapshot.version);
    this.#snapshots.set(snapshot.version, snapshot);
    if (replaced !== undefined && replaced !== snapshot) await replaced.retire();
    for (const [version, old] of this.#snapshots) {
      if (this.#snapshots.size <= CACHED_SNAPSHOTS) break;
      if (old === this.#newest) continue;
      this.#snapshots.delete(version);
      await old.retire();
    }
    return snapshot;
  }
}
