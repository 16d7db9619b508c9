import type { JsonObject } from "../core/index.js";
import type { Parameters, Session } from "../engine/index.js";
import {
  type ChangeBound,
  type ChangeRange,
  type CheckpointKind,
  type CheckpointReport,
  type CompactionReport,
  type HistoryEntry as LogHistoryEntry,
  readerFeatures,
  type Snapshot,
  typeText,
  version,
  writerFeatures,
} from "../table-format/index.js";
import { type FsckOptions, fsck } from "./operations/fsck/fsck.js";
import type { FsckReport } from "./operations/fsck/report.js";
import { snapshotTotals } from "./snapshot-totals.js";
import { parseInstant } from "./sql/instant.js";
import type { PlannedQuery } from "./sql/query-planner.js";
import type { SqlResult } from "./sql/result.js";
import type { ResolvedTable } from "./table-resolver.js";
import { asOf, type VersionSelector } from "./version-selector.js";
import { WritableTable } from "./writable-table.js";

export { asOf, type VersionSelector } from "./version-selector.js";

export interface TableDetail {
  readonly name: string;
  /** What the table is for. */
  readonly description?: string | undefined;
  readonly location: string;
  readonly version: bigint;
  readonly id: string;
  /** ISO 8601, UTC. */
  readonly createdTime: string | undefined;
  readonly lastModified: string;
  readonly partitionColumns: readonly string[];
  readonly numFiles: number;
  /** `undefined` when a file's statistics do not tell its rows. */
  readonly numRows: bigint | undefined;
  readonly sizeInBytes: bigint;
  readonly schema: readonly { readonly name: string; readonly type: string; readonly nullable: boolean }[];
  readonly properties: Readonly<Record<string, string>>;
  readonly minReaderVersion: number;
  readonly minWriterVersion: number;
  readonly features: readonly string[];
}

export interface HistoryEntry {
  readonly version: bigint;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly operation: string;
  readonly operationParameters: JsonObject;
  readonly operationMetrics: JsonObject;
  readonly readVersion?: bigint;
  /** Whether the writer says that the commit added rows without a look at those that were there. */
  readonly isBlindAppend?: boolean;
  readonly engineInfo?: string;
}

export interface ScanOptions extends VersionSelector {
  /** Columns to read, in this order; default all. */
  readonly columns?: readonly string[] | undefined;
  /** A SQL condition over the table's columns; `?`, `$1` and `$name` are bound from `parameters`. */
  readonly filter?: string | undefined;
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ChangesOptions extends Omit<ScanOptions, "version" | "timestamp"> {
  /** The first version to read the changes of; a text or Date: the first one at or after that instant. */
  readonly from: bigint | number | string | Date;
  /** The last one, itself included; a text or Date: the last one at or before that instant. Default the newest. */
  readonly to?: bigint | number | string | Date | undefined;
}

/** What a {@link Table} needs of its lake. */
export interface ScanRunner {
  scan(table: ResolvedTable, options: ScanOptions): Promise<SqlResult>;
}

/** What `planOver` calls the version of a table that it is given; no table of a lake is likely to be called so. */
export const SCANNED = "gl_scanned";

/** A temporary table of a session that a query names too. */
export interface SessionTable {
  readonly name: string;
  /** Types as DuckDB writes them. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

export interface PlanOverOptions {
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Where the query is to run; it stays open on `release`. Default a session of its own. */
  readonly session?: Session | undefined;
  /** Tables of that session. Their names hide those of the lake. */
  readonly sessionTables?: readonly SessionTable[] | undefined;
  /** Of the table {@link SCANNED}: a condition over its file table, of the files to read at all. */
  readonly files?: string | undefined;
  /** What the query reads is told in full, which is otherwise left out where no file can be skipped. */
  readonly toTell?: boolean | undefined;
}

/** What operations that change rows need of their lake. */
export interface QueryRunner extends ScanRunner {
  changes(table: ResolvedTable, options: ChangesOptions): Promise<SqlResult>;
  /**
   * Plans a query in which {@link SCANNED} is one version of a table, where one is given; other names are those of the
   * lake. Give the plan back to `release`.
   */
  planOver(
    table: { readonly label: string; readonly snapshot: Snapshot } | undefined,
    query: string,
    options?: PlanOverOptions,
  ): Promise<PlannedQuery>;
  release(query: PlannedQuery): Promise<void>;
}

/** One table of a lake, by name or by path. */
export class Table extends WritableTable {
  /** What the table is, at the newest or another version. @throws LakeError `not-found`. */
  async describe(at: VersionSelector = {}): Promise<TableDetail> {
    const snapshot = await this.#snapshot(at);
    const { metadata, protocol } = snapshot;
    const totals = await snapshotTotals(snapshot);
    return {
      name: this.name,
      description: metadata.description,
      location: this.location,
      version: snapshot.version,
      id: metadata.id,
      createdTime: metadata.createdTime === undefined ? undefined : isoText(Number(metadata.createdTime)),
      lastModified: isoText(snapshot.timestamp),
      partitionColumns: metadata.partitionColumns,
      ...totals,
      schema: snapshot.schema.fields.map(({ name, type, nullable }) => ({
        name,
        type: typeText(type),
        nullable,
      })),
      properties: metadata.configuration,
      minReaderVersion: protocol.minReaderVersion,
      minWriterVersion: protocol.minWriterVersion,
      features: [...new Set([...readerFeatures(protocol), ...writerFeatures(protocol)])].sort(),
    };
  }

  /** The commits that the log still holds, newest first. @throws LakeError `not-found`. */
  async history(
    options: { readonly limit?: number | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<HistoryEntry[]> {
    await this.#snapshot({});
    return (await this.resolved.table.history(options)).map(historyEntry);
  }

  /**
   * Reads the rows that a range of versions inserted, updated and deleted, from the table's change data feed:
   * the table's columns at the end of the range, and `_change_type`, `_commit_version`, `_commit_timestamp`.
   *
   * @throws LakeError `invalid-input` for a version without a change feed, `not-found` for one that does not
   *   exist or whose log or files are gone, `unsupported` when columns were dropped or renamed within the range.
   */
  changes(options: ChangesOptions): Promise<SqlResult> {
    return this.lakeChanges.context.rows.changes(this.resolved, options);
  }

  /**
   * Writes a checkpoint of the newest version, so that opening the table reads less of its log.
   *
   * @param options `kind` default: what the table asks for
   * @throws LakeError `invalid-input` for a kind that the table may not have.
   */
  async checkpoint(
    options: { readonly kind?: CheckpointKind | undefined; readonly signal?: AbortSignal | undefined } = {},
  ): Promise<CheckpointReport> {
    return this.resolved.table.checkpoint(options.signal, { kind: options.kind });
  }

  /**
   * Puts several commits into one log compaction file, so that opening the table reads fewer files. The
   * commits stay.
   *
   * @param range both ends included; default the commits since the newest checkpoint or compaction
   * @returns `undefined` when there is nothing to put together
   * @throws LakeError `invalid-input` for a range of fewer than two versions, `not-found` when the log does not
   *   hold them all.
   */
  compactLog(
    range?: { readonly from: bigint | number; readonly to: bigint | number },
    options: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<CompactionReport | undefined> {
    const versions = range && { from: version(range.from), to: version(range.to) };
    return this.resolved.table.compactLog(versions, options.signal);
  }

  /**
   * Checks the table from its log to its data, and changes nothing. Damage is what it reports, not what it
   * throws.
   *
   * @throws LakeError `not-found` when there is no table, or no such version.
   */
  fsck(options: FsckOptions = {}): Promise<FsckReport> {
    return fsck(this.resolved, this.lakeChanges.context.clock, options);
  }

  #snapshot(at: VersionSelector): Promise<Snapshot> {
    return this.resolved.table.snapshot(asOf(at));
  }
}

/** @throws LakeError `invalid-input` for an end that is no version and no point in time. */
export function changeRange({ from, to }: ChangesOptions): ChangeRange {
  return { from: changeBound(from), to: to === undefined ? undefined : changeBound(to) };
}

function changeBound(bound: ChangesOptions["from"]): ChangeBound {
  if (typeof bound === "string") return { timestamp: parseInstant(bound) };
  return bound instanceof Date ? { timestamp: bound.getTime() } : { version: version(bound) };
}

function historyEntry(entry: LogHistoryEntry): HistoryEntry {
  const isBlindAppend = entry.commitInfo["isBlindAppend"];
  return {
    version: entry.version,
    timestamp: isoText(entry.timestamp),
    operation: entry.operation,
    operationParameters: entry.operationParameters,
    operationMetrics: entry.operationMetrics,
    ...(entry.readVersion === undefined ? {} : { readVersion: entry.readVersion }),
    ...(typeof isBlindAppend === "boolean" ? { isBlindAppend } : {}),
    ...(entry.engineInfo === undefined ? {} : { engineInfo: entry.engineInfo }),
  };
}

function isoText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
