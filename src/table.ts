import { type JsonObject, LakeError } from "../core/index.js";
import type { Parameters, Session } from "../engine/index.js";
import {
  type Alteration,
  type AsOf,
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
import { alterTable } from "./operations/alter-table.js";
import { AutoCommit } from "./operations/auto-commit.js";
import { type DeleteOptions, type DeleteReport, deleteOperation } from "./operations/delete-rows.js";
import { type FsckOptions, fsck } from "./operations/fsck/fsck.js";
import type { FsckReport } from "./operations/fsck/report.js";
import type { TableChangeContext } from "./operations/table-change.js";
import { doneOnly } from "./operations/table-operation.js";
import { alterationOf } from "./sql/ddl/parse-texts.js";
import { parseInstant } from "./sql/instant.js";
import type { PlannedQuery } from "./sql/query-planner.js";
import type { SqlResult } from "./sql/result.js";
import type { TableChangeReport } from "./table-change-report.js";
import type { ResolvedTable } from "./table-resolver.js";

/** A version of a table: its number, or an instant as ISO 8601 text (UTC where no offset is given). */
export interface VersionSelector {
  readonly version?: bigint | number | undefined;
  readonly timestamp?: string | Date | undefined;
}

export interface TableDetail {
  readonly name: string;
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
  /** Of the table `scanned`: a condition over its file table, of the files to read at all. */
  readonly files?: string | undefined;
  /** What the query reads is told in full, which is otherwise left out where no file can be skipped. */
  readonly toTell?: boolean | undefined;
}

/** What operations that change rows need of their lake. */
export interface QueryRunner extends ScanRunner {
  changes(table: ResolvedTable, options: ChangesOptions): Promise<SqlResult>;
  /**
   * Plans a query in which `scanned` is one version of a table; other names are those of the lake. Give the plan
   * back to `release`.
   */
  planOver(
    table: { readonly label: string; readonly snapshot: Snapshot },
    query: string,
    options?: PlanOverOptions,
  ): Promise<PlannedQuery>;
  release(query: PlannedQuery): Promise<void>;
}

/** One table of a lake, by name or by path. */
export class Table {
  readonly #resolved: ResolvedTable;
  readonly #runner: QueryRunner;
  readonly #changes: Omit<TableChangeContext, "rows">;

  constructor(resolved: ResolvedTable, runner: QueryRunner, changes: Omit<TableChangeContext, "rows">) {
    this.#resolved = resolved;
    this.#runner = runner;
    this.#changes = changes;
  }

  get name(): string {
    return this.#resolved.label;
  }

  /** The table's folder, as a URI. */
  get location(): string {
    return this.#resolved.location;
  }

  /** What the table is, at the newest or another version. @throws LakeError `not-found`. */
  async describe(at: VersionSelector = {}): Promise<TableDetail> {
    const snapshot = await this.#snapshot(at);
    const { metadata, protocol } = snapshot;
    const totals = await totalsOf(snapshot);
    return {
      name: this.name,
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
    return (await this.#resolved.table.history(options)).map(historyEntry);
  }

  /**
   * Reads rows as Arrow record batches: only the files that can hold rows of the filter, only the
   * columns that are asked for.
   */
  scan(options: ScanOptions = {}): Promise<SqlResult> {
    return this.#runner.scan(this.#resolved, options);
  }

  /**
   * Reads the rows that a range of versions inserted, updated and deleted, from the table's change data feed:
   * the table's columns at the end of the range, and `_change_type`, `_commit_version`, `_commit_timestamp`.
   *
   * @throws LakeError `invalid-input` for a version without a change feed, `not-found` for one that does not
   *   exist or whose log or files are gone, `unsupported` when columns were dropped or renamed within the range.
   */
  changes(options: ChangesOptions): Promise<SqlResult> {
    return this.#runner.changes(this.#resolved, options);
  }

  /**
   * Changes what the table is: its columns, properties, constraints or features.
   *
   * @param change what follows the table in ALTER TABLE: `ADD COLUMN discount DOUBLE AFTER amount`
   * @throws LakeError `invalid-input` for a change that cannot be, `conflict` when other writers kept
   *   changing the table.
   */
  alter(
    change: string,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<TableChangeReport> {
    return this.#alter(alterationOf(change), signal);
  }

  /** Sets table properties. @throws LakeError `invalid-input` naming the property. */
  setProperties(
    properties: Readonly<Record<string, string>>,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<TableChangeReport> {
    return this.#alter({ kind: "set-properties", properties }, signal);
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
    return this.#resolved.table.checkpoint(options.signal, { kind: options.kind });
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
    return this.#resolved.table.compactLog(versions, options.signal);
  }

  /**
   * Checks the table from its log to its data, and changes nothing. Damage is what it reports, not what it
   * throws.
   *
   * @throws LakeError `not-found` when there is no table, or no such version.
   */
  fsck(options: FsckOptions = {}): Promise<FsckReport> {
    return fsck(this.#resolved, this.#changes.clock, options);
  }

  /**
   * Deletes the rows for which a condition is TRUE, in one commit.
   *
   * @throws LakeError `invalid-input` for a condition that cannot be and for an append-only table, `conflict`
   *   when other writers kept changing rows.
   */
  delete(options: DeleteOptions = {}): Promise<DeleteReport> {
    const context = { ...this.#changes, rows: this.#runner };
    const operation = deleteOperation(context, this.#resolved, options);
    return new AutoCommit(context).run(this.#resolved, operation, { signal: options.signal }).then(doneOnly);
  }

  #alter(alteration: Alteration, signal: AbortSignal | undefined): Promise<TableChangeReport> {
    return alterTable({ ...this.#changes, rows: this.#runner }, this.#resolved, alteration, signal);
  }

  #snapshot(at: VersionSelector): Promise<Snapshot> {
    return this.#resolved.table.snapshot(asOf(at));
  }
}

/** @throws LakeError `invalid-input` when both are given, or the timestamp is none. */
export function asOf(at: VersionSelector): AsOf {
  if (at.version !== undefined && at.timestamp !== undefined) {
    throw new LakeError("invalid-input", "as-of", "give a version or a timestamp, not both");
  }
  if (at.version !== undefined) return { version: version(at.version) };
  if (at.timestamp === undefined) return undefined;
  return { timestamp: at.timestamp instanceof Date ? at.timestamp.getTime() : parseInstant(at.timestamp) };
}

/** @throws LakeError `invalid-input` for an end that is no version and no point in time. */
export function changeRange({ from, to }: ChangesOptions): ChangeRange {
  return { from: changeBound(from), to: to === undefined ? undefined : changeBound(to) };
}

function changeBound(bound: ChangesOptions["from"]): ChangeBound {
  if (typeof bound === "string") return { timestamp: parseInstant(bound) };
  return bound instanceof Date ? { timestamp: bound.getTime() } : { version: version(bound) };
}

async function totalsOf(
  snapshot: Snapshot,
): Promise<Pick<TableDetail, "numFiles" | "numRows" | "sizeInBytes">> {
  const { engine } = snapshot.folder;
  return snapshot.withFiles((files) =>
    engine.withSession(async (session) => {
      const [row] = await session.rows(
        `SELECT sum(rows)::BIGINT AS rows, count(*) FILTER (rows IS NULL) AS untold
         FROM (SELECT TRY_CAST(json_extract_string(stats, '$.numRecords') AS BIGINT) - coalesce(deletion_vector.cardinality, 0) AS rows
               FROM ${files.relation})`,
      );
      const numRows = row?.["untold"] === 0n ? BigInt(String(row["rows"] ?? 0)) : undefined;
      return { numFiles: files.count, numRows, sizeInBytes: files.sizeInBytes };
    }),
  );
}

function historyEntry(entry: LogHistoryEntry): HistoryEntry {
  return {
    version: entry.version,
    timestamp: isoText(entry.timestamp),
    operation: entry.operation,
    operationParameters: entry.operationParameters,
    operationMetrics: entry.operationMetrics,
    ...(entry.readVersion === undefined ? {} : { readVersion: entry.readVersion }),
    ...(entry.engineInfo === undefined ? {} : { engineInfo: entry.engineInfo }),
  };
}

function isoText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
