import { existsSync } from "node:fs";
import path from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { deletedRows } from "./deletion-vector.js";
import type { HistoryRow } from "./operations.js";
import type { LiveFile } from "./read-log.js";

/** The rows of the data files of a table, by the path of the file and in the order of the file. */
export type FileRows = ReadonlyMap<string, readonly HistoryRow[]>;

const COLUMNS = ["id", "k", "v", "p", "op"] as const;
/** Columns of a reading that are none of the file's. */
const PLACE = ["filename", "file_row_number"];

/**
 * Reads data files with DuckDB, and with nothing of the library under test. A file that is not there is not in
 * the result.
 *
 * @throws Error when a file cannot be read, or a column that was added later has a value.
 */
export async function readDataFiles(table: string, paths: readonly string[]): Promise<FileRows> {
  const files = [...new Set(paths)].filter((file) => existsSync(path.join(table, file)));
  const rows = new Map<string, HistoryRow[]>(files.map((file) => [file, []]));
  if (files.length === 0) return rows;
  const list = files.map((file) => `'${path.join(table, file).replaceAll("'", "''")}'`).join(", ");
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    const reading = await connection.runAndReadAll(
      `SELECT * FROM read_parquet([${list}], union_by_name = true, filename = true, file_row_number = true, hive_partitioning = false)
       ORDER BY filename, file_row_number`,
    );
    for (const row of reading.getRowObjectsJS()) {
      const file = path.relative(table, String(row["filename"]));
      rows.get(file)?.push(historyRow(row, file));
    }
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The rows of a file that are not deleted. @throws Error when the file is not there. */
export function liveRows(file: LiveFile, files: FileRows, table: string): HistoryRow[] {
  const rows = files.get(file.path);
  if (rows === undefined) throw new Error(`the log names ${file.path}, which is not there`);
  const deleted = file.deletionVector === undefined ? undefined : deletedRows(file.deletionVector, table);
  return rows
    .filter((_, index) => deleted?.has(index) !== true)
    .map((row) => (file.partition === undefined ? row : { ...row, p: file.partition }));
}

function historyRow(row: Readonly<Record<string, unknown>>, file: string): HistoryRow {
  const [id, k, v, p, op] = COLUMNS.map((column) => Number(row[column]));
  if (id === undefined || k === undefined || v === undefined || p === undefined || op === undefined) {
    throw new Error(`${file} lacks a column`);
  }
  for (const [column, value] of Object.entries(row)) {
    const isKnown = COLUMNS.some((name) => name === column) || PLACE.includes(column);
    if (!isKnown && value !== null) throw new Error(`${file} has a value of ${column}: ${String(value)}`);
  }
  return { id, k, v, p, op };
}
