import { isLakeError } from "../../core/index.js";
import { quoteIdentifier, type Row, type Session } from "../../engine/index.js";
import { engineReason, invalidSource } from "../failure.js";
import { columnNames } from "../inference/column-names.js";
import { type Compression, type RecordSource, ROW_NUMBER } from "../opened-source.js";
import { enginePath } from "../source/engine-path.js";
import type { SourceFile } from "../source/source-file.js";
import { checkParquetFrame } from "./footer.js";

/** Opens a Parquet file. `statedRows` is the footer's count; whoever reads the rows counts them too. */
export async function openParquet(
  session: Session,
  source: { readonly file: SourceFile; readonly sizeBytes: number; readonly compression: Compression },
  signal: AbortSignal | undefined,
): Promise<RecordSource> {
  const { file } = source;
  await checkParquetFrame(file);
  const reader = `read_parquet(${enginePath(file.localPath)}, hive_partitioning = false)`;
  const explained = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (failure) {
      throw explain(file, failure);
    }
  };
  const { described, footer } = await explained(async () => ({
    described: await session.rows(`DESCRIBE SELECT * FROM ${reader}`, { signal }),
    footer: await session.rows(
      `SELECT num_rows, (SELECT sum(n) FROM (SELECT row_group_id, any_value(row_group_num_rows) AS n ` +
        `FROM parquet_metadata(${enginePath(file.localPath)}) GROUP BY row_group_id)) AS group_rows ` +
        `FROM parquet_file_metadata(${enginePath(file.localPath)})`,
      { signal },
    ),
  }));
  const statedRows = BigInt(String(footer[0]?.["num_rows"] ?? 0));
  const groupRows = BigInt(String(footer[0]?.["group_rows"] ?? 0));
  if (statedRows !== groupRows) {
    throw invalidSource(
      file.uri,
      "broken-parquet",
      `the Parquet footer states ${statedRows} rows, its row groups hold ${groupRows}`,
    );
  }
  const { names, notes } = columnNames(described.map((column) => String(column["column_name"])));
  const fields = described.map(
    (column, index) =>
      `${quoteIdentifier(String(column["column_name"]))} AS ${quoteIdentifier(names[index] ?? "")}`,
  );
  return {
    uri: file.uri,
    format: "parquet",
    compression: source.compression,
    columns: described.map((column, index) => ({
      name: names[index] ?? "",
      type: String(column["column_type"]),
    })),
    notes,
    sizeBytes: source.sizeBytes,
    statedRows,
    relation: async ({ numbered } = {}) => {
      const rows = numbered === true ? [...fields, `${rowNumber(described)} AS ${ROW_NUMBER}`] : fields;
      return { sql: `SELECT ${rows.join(", ")} FROM ${reader}`, dispose: async () => {} };
    },
    reopen: async (failure) => {
      throw explain(file, failure);
    },
    dispose: async () => file.dispose?.(),
  };
}

/** The engine counts a file's rows from 0, in a column that gives way to one of the file's own. */
function rowNumber(columns: readonly Row[]): string {
  const isTaken = columns.some((column) => String(column["column_name"]).toLowerCase() === "file_row_number");
  return isTaken ? "row_number() OVER ()" : "file_row_number + 1";
}

/** The engine calls damaged pages by many names; reading one local file, all of them are the file's. */
function explain(file: SourceFile, failure: unknown): unknown {
  if (isLakeError(failure, "cancelled") || !isLakeError(failure)) return failure;
  if (failure.kind === "unavailable" && failure.code === "engine-out-of-memory") return failure;
  if (failure.code === "broken-parquet") return failure;
  return invalidSource(
    file.uri,
    "broken-parquet",
    `the Parquet file cannot be read: ${engineReason(failure)}`,
    {},
    {
      cause: failure,
    },
  );
}
