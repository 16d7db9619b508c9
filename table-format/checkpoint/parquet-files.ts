import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { quoteString, type Session } from "../../engine/index.js";
import type { ObjectPath } from "../../object-store/index.js";

/** A finished local file, and where it belongs in the log. */
export interface FinishedFile {
  readonly localFile: string;
  readonly path: ObjectPath;
  /** Bytes. */
  readonly sizeInBytes: number;
}

/**
 * Rows in a row group. An action is a kilobyte or so of text, most of it statistics, so the engine's usual
 * 122,880 rows would take 128 MiB a column and thread, to write as to read.
 */
const ROWS_PER_GROUP = 20_480;

/** Row groups in a sidecar: about a million actions. */
const GROUPS_PER_SIDECAR = 50;

const FORMAT = `FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE ${ROWS_PER_GROUP}`;

/** Writes the rows of a query to one local Parquet file; gives their number. */
export async function writeParquet(
  session: Session,
  sql: string,
  localFile: string,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  return BigInt(await session.execute(`COPY (${sql}) TO ${quoteString(localFile)} (${FORMAT})`, { signal }));
}

/** Writes the rows of a query to Parquet files in a folder that is there, as many as their number asks for. */
export async function writeParquetFiles(
  session: Session,
  sql: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly rows: bigint; readonly files: readonly string[] }> {
  const options = `${FORMAT}, ROW_GROUPS_PER_FILE ${GROUPS_PER_SIDECAR}, OVERWRITE_OR_IGNORE`;
  const rows = BigInt(
    await session.execute(`COPY (${sql}) TO ${quoteString(folder)} (${options})`, { signal }),
  );
  const names = rows === 0n ? [] : (await readdir(folder)).sort();
  return { rows, files: names.map((name) => path.join(folder, name)) };
}

export async function finished(localFile: string, target: ObjectPath): Promise<FinishedFile> {
  const { size } = await stat(localFile);
  return { localFile, path: target, sizeInBytes: size };
}
