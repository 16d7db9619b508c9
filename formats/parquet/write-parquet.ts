import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { newUuid } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import { type WrittenFile, writtenFile } from "./written-file.js";

/** Parquet field ids: of a column, or of a column and its members (`element`, `key`, `value`, fields). */
export type FieldIds = ReadonlyMap<string, FieldId>;
export interface FieldId {
  readonly id?: number;
  readonly members?: FieldIds;
}

export interface WriteParquetOptions {
  /** A SELECT. */
  readonly select: string;
  /** Absolute; made when absent. Other files in it are left alone. */
  readonly directory: string;
  /**
   * Columns whose values split the rows into files below `column=value/` folders, values URL-encoded
   * (`__HIVE_DEFAULT_PARTITION__` for NULL). They are not written into the files.
   */
  readonly partitionBy?: readonly string[] | undefined;
  /** What file names begin with; default `part`. */
  readonly fileNamePrefix?: string | undefined;
  /** About how many bytes a file may grow to; default 1 GiB. A partition's file has no limit. */
  readonly maxFileBytes?: number | undefined;
  /** One file, its rows in the order of the SELECT. */
  readonly ordered?: boolean | undefined;
  readonly fieldIds?: FieldIds | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_MAX_FILE_BYTES = 1024 ** 3;

/**
 * Writes the rows of a SELECT to new Parquet files, zstd, and gives what the writer counted. Files
 * with no rows are not kept; when this throws none are.
 */
export async function writeParquet(session: Session, options: WriteParquetOptions): Promise<WrittenFile[]> {
  const { directory, partitionBy = [], signal } = options;
  await mkdir(directory, { recursive: true });
  // Every name holds the mark of this write, which is how files of a failed one are found again.
  const mark = `${options.fileNamePrefix ?? "part"}-${newUuid()}`;
  try {
    const rows = await session.rows(copyStatement(options, mark), { signal });
    const files = rows.map(writtenFile);
    const empty = files.filter((file) => file.rowCount === 0n);
    await Promise.all(empty.map((file) => rm(file.localPath)));
    return files.filter((file) => file.rowCount > 0n);
  } catch (error) {
    await removeMarked(directory, mark, partitionBy.length);
    throw error;
  }
}

function copyStatement(options: WriteParquetOptions, mark: string): string {
  const { select, directory, partitionBy = [], fieldIds } = options;
  const settings = ["FORMAT parquet", "COMPRESSION zstd", "RETURN_STATS"];
  if (fieldIds !== undefined) settings.push(`FIELD_IDS ${fieldIdsSql(fieldIds)}`);
  if (partitionBy.length > 0) {
    const columns = partitionBy.map(quoteIdentifier).join(", ");
    settings.push(
      `PARTITION_BY (${columns})`,
      "WRITE_PARTITION_COLUMNS false",
      "APPEND",
      `FILENAME_PATTERN '${mark}-{uuid}'`,
    );
    // Sorted, a partition is written in one go: without it the engine closes and reopens files as soon
    // as more than a hundred partitions are open, and leaves many small ones.
    return `COPY (SELECT * FROM (${select}) ORDER BY ${columns}) TO ${quoteString(directory)} (${settings.join(", ")})`;
  }
  if (options.ordered === true) {
    return `COPY (${select}) TO ${quoteString(join(directory, `${mark}.parquet`))} (${settings.join(", ")})`;
  }
  const limit = options.maxFileBytes ?? DEFAULT_MAX_FILE_BYTES;
  settings.push(`FILE_SIZE_BYTES ${limit}`, "APPEND", `FILENAME_PATTERN '${mark}-{uuid}'`);
  return `COPY (${select}) TO ${quoteString(directory)} (${settings.join(", ")})`;
}

function fieldIdsSql(ids: FieldIds): string {
  const entries = [...ids].map(([name, { id, members }]) => {
    if (members === undefined || members.size === 0) return `${quoteIdentifier(name)}: ${id ?? 0}`;
    const inner = fieldIdsSql(members).slice(1, -1);
    return `${quoteIdentifier(name)}: {${id === undefined ? "" : `__duckdb_field_id: ${id}, `}${inner}}`;
  });
  return `{${entries.join(", ")}}`;
}

/** Removes the files of a write that failed, and the partition folders it leaves empty. */
async function removeMarked(folder: string, mark: string, levels: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name.includes(mark)) await rm(path, { force: true });
    else if (levels > 0 && entry.isDirectory() && entry.name.includes("=")) {
      await removeMarked(path, mark, levels - 1);
      if ((await readdir(path)).length === 0) await rm(path, { recursive: true, force: true });
    }
  }
}
