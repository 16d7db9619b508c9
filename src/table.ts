import { type JsonObject, LakeError } from "../core/index.js";
import type { Parameters } from "../engine/index.js";
import {
  type AsOf,
  type CheckpointReport,
  type HistoryEntry as LogHistoryEntry,
  readerFeatures,
  type Snapshot,
  typeText,
  version,
  writerFeatures,
} from "../table-format/index.js";
import { parseInstant } from "./sql/instant.js";
import type { SqlResult } from "./sql/result.js";
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

/** What a {@link Table} needs of its lake. */
export interface ScanRunner {
  scan(table: ResolvedTable, options: ScanOptions): Promise<SqlResult>;
}

/** One table of a lake, by name or by path. */
export class Table {
  readonly #resolved: ResolvedTable;
  readonly #runner: ScanRunner;

  constructor(resolved: ResolvedTable, runner: ScanRunner) {
    this.#resolved = resolved;
    this.#runner = runner;
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

  /** Writes a checkpoint of the newest version, so that opening the table reads less of its log. */
  async checkpoint(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<CheckpointReport> {
    return this.#resolved.table.checkpoint(options.signal);
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

async function totalsOf(
  snapshot: Snapshot,
): Promise<Pick<TableDetail, "numFiles" | "numRows" | "sizeInBytes">> {
  const { engine } = snapshot.folder;
  return snapshot.withFiles((files) =>
    engine.withSession(async (session) => {
      const [row] = await session.rows(
        `SELECT sum(rows)::BIGINT AS rows, count(*) FILTER (rows IS NULL) AS untold
         FROM (SELECT TRY_CAST(json_extract_string(stats, '$.numRecords') AS BIGINT) AS rows FROM ${files.relation})`,
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
