import { stringifyJson } from "../../core/index.js";
import type { HistoryEntry, TableDetail } from "../table.js";
import type { RowChangeReport, TableChangeReport } from "../table-change-report.js";
import type { TableVersion } from "./sql-transaction.js";

/** The rows of a result that no query gives. */
export interface ResultRows {
  /** Types as the engine writes them. */
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | bigint | null)[])[];
}

/** A statement that has nothing to say. */
export const NO_RESULT: ResultRows = { columns: [], rows: [] };

function column(name: string, type = "VARCHAR"): ResultRows["columns"][number] {
  return { name, type };
}

/** Of a statement that changes what a table is. */
export function tableChanged(
  report: Pick<TableChangeReport, "table" | "operation" | "changed" | "notes"> & {
    readonly version: bigint | undefined;
  },
): ResultRows {
  return {
    columns: [column("table"), column("version", "BIGINT"), column("operation"), column("notes")],
    rows: [[report.table, report.version ?? null, operationOf(report), notesOf(report)]],
  };
}

/** Of a statement that changes rows. */
export function rowsChanged(report: RowChangeReport): ResultRows {
  const { rowsInserted, rowsUpdated, rowsDeleted } = report;
  const counts = [rowsInserted, rowsUpdated, rowsDeleted].map((count) => count ?? null);
  return {
    columns: [
      column("table"),
      column("version", "BIGINT"),
      column("operation"),
      ...["rows_inserted", "rows_updated", "rows_deleted"].map((name) => column(name, "BIGINT")),
      column("notes"),
    ],
    rows: [[report.table, report.version, operationOf(report), ...counts, notesOf(report)]],
  };
}

/** Of COMMIT: a row a table that the transaction changed. */
export function committed(tables: readonly TableVersion[]): ResultRows {
  return {
    columns: [column("table"), column("version", "BIGINT")],
    rows: tables.map(({ table, version }) => [table, version]),
  };
}

/** NULL where nothing was done. */
function operationOf({
  changed,
  operation,
}: Pick<TableChangeReport, "changed" | "operation">): string | null {
  return changed ? operation : null;
}

function notesOf({ notes }: Pick<TableChangeReport, "notes">): string | null {
  return notes.length === 0 ? null : notes.join("; ");
}

/** Of DESCRIBE HISTORY: a row a commit, newest first. */
export function historyRows(entries: readonly HistoryEntry[]): ResultRows {
  return {
    columns: [
      column("version", "BIGINT"),
      column("timestamp", "TIMESTAMP WITH TIME ZONE"),
      column("operation"),
      column("operation_parameters"),
      column("operation_metrics"),
      column("read_version", "BIGINT"),
      column("is_blind_append", "BOOLEAN"),
      column("engine_info"),
    ],
    rows: entries.map((entry) => [
      entry.version,
      entry.timestamp,
      entry.operation,
      stringifyJson(entry.operationParameters),
      stringifyJson(entry.operationMetrics),
      entry.readVersion ?? null,
      entry.isBlindAppend === undefined ? null : String(entry.isBlindAppend),
      entry.engineInfo ?? null,
    ]),
  };
}

/** Of DESCRIBE DETAIL: one row. */
export function detailRows(detail: TableDetail): ResultRows {
  const cells: readonly (readonly [name: string, type: string, value: string | bigint | null])[] = [
    ["format", "VARCHAR", "delta"],
    ["id", "VARCHAR", detail.id],
    ["name", "VARCHAR", detail.name],
    ["description", "VARCHAR", detail.description ?? null],
    ["location", "VARCHAR", detail.location],
    ["version", "BIGINT", detail.version],
    ["created_at", "TIMESTAMP WITH TIME ZONE", detail.createdTime ?? null],
    ["last_modified", "TIMESTAMP WITH TIME ZONE", detail.lastModified],
    ["partition_columns", "VARCHAR[]", stringifyJson(detail.partitionColumns)],
    ["num_files", "BIGINT", BigInt(detail.numFiles)],
    ["num_rows", "BIGINT", detail.numRows ?? null],
    ["size_in_bytes", "BIGINT", detail.sizeInBytes],
    ["properties", "VARCHAR", stringifyJson(detail.properties)],
    ["min_reader_version", "INTEGER", BigInt(detail.minReaderVersion)],
    ["min_writer_version", "INTEGER", BigInt(detail.minWriterVersion)],
    ["features", "VARCHAR[]", stringifyJson(detail.features)],
  ];
  return {
    columns: cells.map(([name, type]) => ({ name, type })),
    rows: [cells.map(([, , value]) => value)],
  };
}
