import { LakeError } from "../core/index.js";
import type { Alteration } from "../table-format/index.js";
import type {
  Applied,
  TableDeleteOptions,
  TableInsertOptions,
  TableInsertRowsOptions,
  TableMergeOptions,
  TableUpdateOptions,
} from "./change-options.js";
import { insertOf, mergeOf, modeOf, updateOf } from "./changed-rows.js";
import type { OptimizeReport } from "./operations/compact/compact.js";
import type { DeleteReport } from "./operations/delete-rows.js";
import type { InsertReport } from "./operations/insert/insert-operation.js";
import type { LakeChanges } from "./operations/lake-changes.js";
import type { MergeReport } from "./operations/merge/merge.js";
import type { RestoreReport } from "./operations/restore.js";
import type { OperationOutcome } from "./operations/table-operation.js";
import type { TruncateReport } from "./operations/truncate.js";
import type { UpdateReport } from "./operations/update-rows.js";
import { alterationOf, columnPathOf } from "./sql/ddl/parse-texts.js";
import type { SqlResult } from "./sql/result.js";
import type { ScanOptions } from "./table.js";
import type { TableChangeReport } from "./table-change-report.js";
import type { ResolvedTable } from "./table-resolver.js";
import { asOf, type VersionSelector } from "./version-selector.js";

interface Stoppable {
  readonly signal?: AbortSignal | undefined;
}

/** A table that can be read and changed: by itself, or in a transaction. */
export class WritableTable {
  protected readonly resolved: ResolvedTable;
  protected readonly lakeChanges: LakeChanges;

  constructor(resolved: ResolvedTable, lakeChanges: LakeChanges) {
    this.resolved = resolved;
    this.lakeChanges = lakeChanges;
  }

  get name(): string {
    return this.resolved.label;
  }

  /** The table's folder, as a URI. */
  get location(): string {
    return this.resolved.location;
  }

  /**
   * Reads rows as Arrow record batches: only the files that can hold rows of the filter, only the
   * columns that are asked for.
   */
  scan(options: ScanOptions = {}): Promise<SqlResult> {
    return this.lakeChanges.context.rows.scan(this.resolved, options);
  }

  /**
   * Inserts rows in one commit: those of a query, or objects or Arrow of the program.
   *
   * @throws LakeError `invalid-input` for a query that cannot be, columns that do not fit, a value that its column
   *   does not hold, and a row that breaks a rule of the table; `conflict` when other writers kept changing what it
   *   read.
   */
  async insert(options: TableInsertOptions | TableInsertRowsOptions): Promise<Applied<InsertReport>> {
    const { schema = "strict", signal, application } = options;
    const how = { evolution: schema === "strict" ? "none" : schema, signal, application } as const;
    const outcome =
      "query" in options
        ? await this.lakeChanges.insert(this.resolved, {
            ...insertOf(options),
            ...how,
            parameters: options.parameters,
          })
        : await this.lakeChanges.insertRows(this.resolved, options, { ...how, mode: modeOf(options) });
    return applied(outcome, ({ version }) => ({
      ...this.#nothing(version),
      rowsInserted: 0n,
      rowsDeleted: 0n,
      columnsAdded: [],
      featuresAdded: [],
    }));
  }

  /**
   * Gives the rows for which a condition is TRUE other values, in one commit.
   *
   * @throws LakeError `invalid-input` for an expression that cannot be, a value that does not fit its column, a row
   *   that breaks a rule of the table, and for an append-only table; `conflict` when other writers kept changing
   *   rows.
   */
  async update(options: TableUpdateOptions): Promise<Applied<UpdateReport>> {
    const { parameters, signal, application } = options;
    const update = { ...updateOf(options), parameters, signal, application };
    return applied(await this.lakeChanges.update(this.resolved, update), ({ version }) => ({
      ...this.#nothing(version),
      ...NO_FILES,
      rowsUpdated: 0n,
    }));
  }

  /**
   * Deletes the rows for which a condition is TRUE, in one commit.
   *
   * @throws LakeError `invalid-input` for a condition that cannot be and for an append-only table, `conflict`
   *   when other writers kept changing rows.
   */
  async delete(options: TableDeleteOptions = {}): Promise<Applied<DeleteReport>> {
    const outcome = await this.lakeChanges.delete(this.resolved, options);
    return applied(outcome, ({ version }) => ({
      ...this.#nothing(version),
      ...NO_FILES,
      rowsDeleted: 0n,
    }));
  }

  /**
   * Updates, deletes and inserts rows by how those of a source match them, in one commit.
   *
   * @throws LakeError `invalid-input` for clauses and expressions that cannot be, a row that matches several of the
   *   source, and a row that breaks a rule of the table; `conflict` when other writers kept changing rows.
   */
  async merge(options: TableMergeOptions): Promise<Applied<MergeReport>> {
    const { parameters, signal, application } = options;
    const merge = { ...mergeOf(options), parameters, signal, application };
    return applied(await this.lakeChanges.merge(this.resolved, merge), ({ version }) => ({
      ...this.#nothing(version),
      ...NO_FILES,
      sourceRows: 0n,
      filesRead: 0,
      rowsInserted: 0n,
      rowsUpdated: 0n,
      rowsDeleted: 0n,
    }));
  }

  /** Deletes every row, in one commit, and reads none. @throws LakeError `invalid-input` for an append-only table. */
  async truncate({ signal }: Stoppable = {}): Promise<Applied<TruncateReport>> {
    return applied(await this.lakeChanges.truncate(this.resolved, { signal }), ({ version }) => ({
      ...this.#nothing(version),
      rowsDeleted: 0n,
    }));
  }

  /**
   * Gives the table the files and the metadata of an earlier version, in one commit that can itself be gone back
   * from.
   *
   * @throws LakeError `not-found` for a version that the log does not hold, and when files of then are gone.
   */
  async restore(
    at: VersionSelector & Stoppable & { readonly ignoreMissingFiles?: boolean | undefined },
  ): Promise<Applied<RestoreReport>> {
    const then = asOf(at);
    if (then === undefined) {
      throw new LakeError("invalid-input", "as-of", "give the version or the timestamp to go back to");
    }
    const { signal, ignoreMissingFiles } = at;
    const restore = { asOf: then, ignoreMissingFiles, signal };
    return applied(await this.lakeChanges.restore(this.resolved, restore), ({ version }) => ({
      ...this.#nothing(version),
      ...NOTHING_RESTORED,
      restoredVersion: version,
      changed: false,
      featuresAdded: [],
      notes: [],
    }));
  }

  /**
   * Rewrites the data files that are not Parquet as Parquet, in one commit that changes no row.
   *
   * @throws LakeError `corrupt` for a file that cannot be read.
   */
  async optimize({ signal }: Stoppable = {}): Promise<Applied<OptimizeReport>> {
    return applied(await this.lakeChanges.optimize(this.resolved, { signal }), ({ version }) => ({
      ...this.#nothing(version),
      changed: false,
      bytesAdded: 0n,
      bytesRemoved: 0n,
      rows: 0n,
    }));
  }

  /**
   * Changes what the table is: its columns, properties, constraints or features.
   *
   * @param change what follows the table in ALTER TABLE: `ADD COLUMN discount DOUBLE AFTER amount`
   * @throws LakeError `invalid-input` for a change that cannot be, `conflict` when other writers kept
   *   changing the table.
   */
  alter(change: string, { signal }: Stoppable = {}): Promise<TableChangeReport> {
    return this.#alter(alterationOf(change), signal);
  }

  /** Sets table properties. @throws LakeError `invalid-input` naming the property. */
  setProperties(
    properties: Readonly<Record<string, string>>,
    { signal }: Stoppable = {},
  ): Promise<TableChangeReport> {
    return this.#alter({ kind: "set-properties", properties }, signal);
  }

  /** Says what the table is for, or one of its columns; `undefined` takes the comment away. */
  comment(
    comment: string | undefined,
    { column, signal }: Stoppable & { readonly column?: string | undefined } = {},
  ): Promise<TableChangeReport> {
    if (column === undefined) return this.#alter({ kind: "set-table-comment", comment }, signal);
    const change = { kind: "comment", comment } as const;
    return this.#alter({ kind: "change-column", column: columnPathOf(column), change }, signal);
  }

  #alter(alteration: Alteration, signal: AbortSignal | undefined): Promise<TableChangeReport> {
    return this.lakeChanges.alter(this.resolved, alteration, signal);
  }

  #nothing(version: bigint): typeof NOTHING_ADDED & { readonly table: string; readonly version: bigint } {
    return { table: this.name, version, ...NOTHING_ADDED };
  }
}

const NOTHING_ADDED = { filesAdded: 0, filesRemoved: 0 };
const NO_FILES = { filesMarked: 0, filesRewritten: 0 };

const NOTHING_RESTORED = {
  filesRestored: 0,
  bytesRestored: 0n,
  bytesRemoved: 0n,
  files: 0,
  sizeInBytes: 0n,
  filesMissing: 0,
};

/** The report of a change; of one that was skipped, that nothing was done. */
export function applied<R>(
  outcome: OperationOutcome<R>,
  nothing: (skipped: { readonly version: bigint }) => R,
): Applied<R> {
  if (outcome.status === "done") return { ...outcome.result, skipped: undefined };
  const { committedVersion } = outcome;
  return { ...nothing(outcome), skipped: { committedVersion } };
}
