import { type Clock, isLakeError, systemClock } from "../core/index.js";
import { quoteString, type Value } from "../engine/index.js";
import type { PartitionValues } from "./log/actions.js";
import { type HistoryEntry, readHistory } from "./log/history.js";
import { findSegment, listLog } from "./log/log-listing.js";
import type { LogFile } from "./log/log-path.js";
import { type LogSegment, newestCheckpoint, planSegment } from "./log/segment.js";
import { versionAt } from "./log/timestamps.js";
import type { Version } from "./log/version.js";
import { checkReadable, checkWritable } from "./protocol/features.js";
import { checkpointInterval } from "./protocol/table-properties.js";
import { findField, type StructType } from "./schema/index.js";
import { partitionTextSql, partitionValueSql } from "./skipping/partition-value.js";
import { type CheckpointReport, writeCheckpoint } from "./snapshot/checkpoint.js";
import { applyActions, completeState, type PartialState, replayState } from "./snapshot/replay.js";
import { Snapshot, type TableFolder } from "./snapshot/snapshot.js";
import {
  type CommitOutcome,
  commit,
  type LiveFile,
  readCommit,
  type StagedCommit,
} from "./transaction/transaction.js";

/** Which version: by number, by instant (milliseconds since the epoch), or the newest. */
export type AsOf = { readonly version: Version } | { readonly timestamp: number } | undefined;

/** Snapshots kept at hand, newest use last. */
const CACHED_SNAPSHOTS = 8;
/** New commits that are worth applying one by one to a snapshot at hand. */
const MAX_CATCH_UP = 100;

/** The partition values in a row of a file table. */
function partitionValuesOf(value: Value): PartitionValues {
  if (!(value instanceof Map)) return {};
  return Object.fromEntries([...value].map(([name, text]) => [String(name), textOf(text)]));
}

function textOf(value: Value): string | null {
  return value === null ? null : String(value);
}

/** SQL for a partition value of a file table as we would spell it; one that is not of its type stays as it is. */
function ourPartitionText(schema: StructType, name: string): string {
  const text = `NULLIF(partition_values[${quoteString(name)}], '')`;
  const type = findField(schema, name)?.type;
  if (type === undefined) return text;
  return `coalesce(TRY(${partitionTextSql(type)(partitionValueSql(type)(text))}), ${text})`;
}

/** A Delta table: its versions, its history, and the way to commit to it. */
export class DeltaTable {
  readonly folder: TableFolder;
  readonly #clock: Clock;
  readonly #snapshots = new Map<Version, Snapshot>();
  #newest: Snapshot | undefined;

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
    const version =
      "version" in asOf
        ? asOf.version
        : versionAt(
            await listLog(this.folder.store, undefined, signal),
            this.where,
            asOf.timestamp,
            this.#clock.now(),
          );
    return this.#snapshots.get(version) ?? this.#open(version, signal);
  }

  /** The newest snapshot, or `undefined` when there is no table here yet. */
  async snapshotIfExists(signal?: AbortSignal): Promise<Snapshot | undefined> {
    try {
      return await this.snapshot(undefined, signal);
    } catch (error) {
      if (isLakeError(error, "not-found")) return undefined;
      throw error;
    }
  }

  history(options?: {
    readonly limit?: number | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Promise<HistoryEntry[]> {
    return readHistory(this.folder.store, options);
  }

  /** Writes a checkpoint of the newest version. */
  async checkpoint(signal?: AbortSignal): Promise<CheckpointReport> {
    return writeCheckpoint(await this.snapshot(undefined, signal), this.#clock.now(), signal);
  }

  /**
   * Commits what was staged against `read` (`undefined`: the table is to be created).
   *
   * @throws LakeError as {@link commit}; `unsupported` when the table has a feature we do not write.
   */
  async commit(
    read: Snapshot | undefined,
    staged: StagedCommit,
    signal?: AbortSignal,
  ): Promise<CommitOutcome> {
    if (read !== undefined) this.checkWritable(read);
    return commit(
      {
        store: this.folder.store,
        readVersion: read?.version,
        liveFiles: (at, liveSignal) => this.#liveFiles(at, liveSignal),
        now: () => this.#clock.now(),
      },
      staged,
      signal,
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

  /** Frees what the snapshots at hand hold in the engine. */
  async release(): Promise<void> {
    const snapshots = [...this.#snapshots.values()];
    this.#snapshots.clear();
    this.#newest = undefined;
    for (const snapshot of snapshots) await snapshot.retire();
  }

  async #liveFiles(at: Version, signal: AbortSignal | undefined): Promise<LiveFile[]> {
    const snapshot = await this.snapshot({ version: at }, signal);
    const { partitionColumns } = snapshot.metadata;
    const ours = partitionColumns.map(
      (name, index) => `${ourPartitionText(snapshot.schema, name)} AS p${index}`,
    );
    const select = ["path", "size", "partition_values", ...ours].join(", ");
    return snapshot.withFiles(
      (files) =>
        this.folder.engine.withSession(async (session) => {
          const rows = await session.rows(`SELECT ${select} FROM ${files.relation}`, { signal });
          return rows.map((row) => ({
            path: String(row["path"]),
            size: BigInt(String(row["size"])),
            partitionValues: partitionValuesOf(row["partition_values"] ?? null),
            partition: Object.fromEntries(
              partitionColumns.map((name, index) => [name, textOf(row[`p${index}`] ?? null)]),
            ),
          }));
        }),
      signal,
    );
  }

  async #newestSnapshot(signal: AbortSignal | undefined): Promise<Snapshot> {
    const known = this.#newest;
    if (known === undefined)
      return this.#remember(await this.#openSegment(await this.#segment(undefined, signal), signal));
    const recent = await listLog(this.folder.store, known.version, signal);
    const newer = recent.filter((file) => file.kind === "commit" && file.version > known.version);
    if (newer.length === 0 && recent.length > 0) return known;
    const next = newer.length > MAX_CATCH_UP ? undefined : await this.#advance(known, recent, newer, signal);
    return this.#remember(next ?? (await this.#openSegment(await this.#segment(undefined, signal), signal)));
  }

  /** Applies new commits to a snapshot at hand; `undefined` when they do not follow on from it. */
  async #advance(
    from: Snapshot,
    recent: readonly LogFile[],
    newer: readonly LogFile[],
    signal: AbortSignal | undefined,
  ): Promise<Snapshot | undefined> {
    const last = newer.at(-1);
    if (last === undefined || last.version - from.version !== BigInt(newer.length)) return undefined;
    let state: PartialState = from.state;
    for (const commitFile of newer) {
      const actions = await readCommit(this.folder.store, commitFile.version, signal);
      if (actions === undefined) return undefined;
      state = applyActions(state, actions);
    }
    const segment =
      newestCheckpoint(recent) === undefined
        ? { ...from.segment, version: last.version, commits: [...from.segment.commits, ...newer] }
        : planSegment(recent, this.where);
    return this.#checked(segment, completeState(state, this.where));
  }

  async #open(version: Version, signal: AbortSignal | undefined): Promise<Snapshot> {
    const snapshot = await this.#openSegment(await this.#segment(version, signal), signal);
    return this.#keep(snapshot);
  }

  #segment(version: Version | undefined, signal: AbortSignal | undefined): Promise<LogSegment> {
    return findSegment(this.folder.store, this.where, version, signal);
  }

  async #openSegment(segment: LogSegment, signal: AbortSignal | undefined): Promise<Snapshot> {
    const { engine, store } = this.folder;
    const state = await engine.withSession((session) =>
      replayState(session, store, segment, this.where, signal),
    );
    return this.#checked(segment, state);
  }

  #checked(segment: LogSegment, state: Snapshot["state"]): Snapshot {
    checkReadable(state.protocol, state.metadata, this.where);
    return new Snapshot(this.folder, segment, state);
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
