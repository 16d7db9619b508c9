import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { newUuid } from "../../core/index.js";
import { type Parameters, quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
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
  /** Values for its parameters. */
  readonly parameters?: Parameters | undefined;
  /** Absolute; made when absent. Other files in it are left alone. */
  readonly directory: string;
  /**
   * Columns whose values split the rows into files below `column=value/` folders, values URL-encoded
   * (`__HIVE_DEFAULT_PARTITION__` for NULL). They are not written into the files.
   */
  readonly partitionBy?: readonly string[] | undefined;
  /**
   * A column of whole numbers that splits the rows into files too: one for each of its values. It is written
   * nowhere, neither in the files nor in their names. For at most a hundred values, whose rows come together.
   */
  readonly splitBy?: string | undefined;
  /** What file names begin with; default `part`. */
  readonly fileNamePrefix?: string | undefined;
  /** About how many bytes a file may grow to; default 1 GiB. A partition's file has no limit. */
  readonly maxFileBytes?: number | undefined;
  /** One file, its rows in the order of the SELECT. */
  readonly ordered?: boolean | undefined;
  /** The name of that one file; default a new one. */
  readonly fileName?: string | undefined;
  readonly fieldIds?: FieldIds | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_MAX_FILE_BYTES = 1024 ** 3;

/**
 * Writes the rows of a SELECT to new Parquet files, zstd, and gives what the writer counted. Files
 * with no rows are not kept; when this throws none are.
 *
 * Rows that are split are written to a folder of this write alone and moved from there: other writers make and
 * fill folders of the same partitions at the same time, and none of those may be removed or found gone.
 */
export async function writeParquet(session: Session, options: WriteParquetOptions): Promise<WrittenFile[]> {
  const { directory, partitionBy = [], splitBy, parameters, signal } = options;
  await mkdir(directory, { recursive: true });
  // Every name holds the mark of this write, which is how files of a failed one are found again.
  const mark = `${options.fileNamePrefix ?? "part"}-${newUuid()}`;
  const isSplit = partitionBy.length > 0 || splitBy !== undefined;
  const folder = isSplit ? join(directory, mark) : directory;
  const placed: WrittenFile[] = [];
  try {
    const rows = await session.rows(copyStatement({ ...options, directory: folder }, mark), {
      parameters,
      signal,
    });
    const files = rows.map(writtenFile);
    const empty = files.filter((file) => file.rowCount === 0n);
    await Promise.all(empty.map((file) => rm(file.localPath)));
    const full = files.filter((file) => file.rowCount > 0n);
    if (!isSplit) return full;
    for (const file of full) placed.push(await moveOut(file, folder, directory, splitBy));
    await rm(folder, { recursive: true, force: true });
    return placed;
  } catch (error) {
    for (const { localPath } of placed) await rm(localPath, { force: true });
    if (isSplit) await rm(folder, { recursive: true, force: true });
    else await removeMarked(directory, options.fileName ?? mark);
    throw error;
  }
}

function copyStatement(options: WriteParquetOptions, mark: string): string {
  const { select, directory, partitionBy = [], splitBy, fieldIds } = options;
  const settings = ["FORMAT parquet", "COMPRESSION zstd", "COMPRESSION_LEVEL 1", "RETURN_STATS"];
  if (fieldIds !== undefined) settings.push(`FIELD_IDS ${fieldIdsSql(fieldIds)}`);
  if (partitionBy.length > 0 || splitBy !== undefined) {
    const split = splitBy === undefined ? [] : [splitBy];
    const columns = [...partitionBy, ...split].map(quoteIdentifier).join(", ");
    settings.push(
      `PARTITION_BY (${columns})`,
      "WRITE_PARTITION_COLUMNS false",
      "APPEND",
      `FILENAME_PATTERN '${mark}-{uuid}'`,
    );
    if (splitBy !== undefined)
      return `COPY (${select}) TO ${quoteString(directory)} (${settings.join(", ")})`;
    // Sorted, a partition is written in one go: without it the engine closes and reopens files as soon
    // as more than a hundred partitions are open, and leaves many small ones.
    return `COPY (SELECT * FROM (${select}) ORDER BY ${columns}) TO ${quoteString(directory)} (${settings.join(", ")})`;
  }
  if (options.ordered === true) {
    const name = options.fileName ?? `${mark}.parquet`;
    return `COPY (${select}) TO ${quoteString(join(directory, name))} (${settings.join(", ")})`;
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

/** A file of a split in the folder of its partition, whatever value it was split by beside. */
async function moveOut(
  file: WrittenFile,
  from: string,
  to: string,
  splitBy: string | undefined,
): Promise<WrittenFile> {
  const written = relative(from, dirname(file.localPath));
  const partition = splitBy === undefined ? written : dirname(written);
  const folder = join(to, partition);
  const localPath = join(folder, basename(file.localPath));
  await mkdir(folder, { recursive: true });
  await rename(file.localPath, localPath);
  const partitionValues = new Map([...file.partitionValues].filter(([name]) => name !== splitBy));
  return { ...file, localPath, partitionValues };
}

/** Removes the files of a write that failed. */
async function removeMarked(folder: string, mark: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile() && entry.name.includes(mark)) await rm(join(folder, entry.name), { force: true });
  }
}
