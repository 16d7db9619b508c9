import { LakeError } from "../../../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../../../engine/index.js";
import {
  columnMappingMode,
  findField,
  type Metadata,
  type PartitionValues,
  partitionTextSql,
  physicalName,
  type RawDecoding,
  type StructType,
} from "../../../../table-format/index.js";
import { globText } from "../../../scan/file-names.js";
import type { RescuedCounts } from "../ingest-report.js";

/**
 * The partition that all rows of a copy are of, as the log holds it (PROTOCOL.md, "Partition Value Serialization").
 *
 * @param uri as messages call the file
 * @throws LakeError `invalid-input` `kept-partitions` where they are of several.
 */
export async function copiedPartition(
  session: Session,
  { schema, metadata }: { readonly schema: StructType; readonly metadata: Metadata },
  uri: string,
  copy: string,
  signal: AbortSignal | undefined,
): Promise<PartitionValues> {
  const mode = columnMappingMode(metadata.configuration);
  const fields = metadata.partitionColumns.flatMap((name) => findField(schema, name) ?? []);
  if (fields.length === 0) return {};
  const held = new Set(
    (await session.rows(`DESCRIBE FROM ${copyRelation(copy)}`, { signal })).map((row) =>
      String(row["column_name"]),
    ),
  );
  const names = fields.map((field) => physicalName(field, mode));
  const texts = fields.map(({ type }, index) => {
    const name = names[index] ?? "";
    // An empty text is NULL.
    const value = held.has(name)
      ? `NULLIF(${partitionTextSql(type)(quoteIdentifier(name))}, '')`
      : "NULL::VARCHAR";
    return `${value} AS v${index}`;
  });
  const [first = {}, second] = await session.rows(
    `SELECT DISTINCT ${texts.join(", ")} FROM ${copyRelation(copy)} LIMIT 2`,
    { signal },
  );
  if (second !== undefined) throw severalPartitions(uri, metadata.partitionColumns);
  const values = names.map((_, index) => first[`v${index}`]);
  const broken = fields.find((field, index) => !field.nullable && typeof values[index] !== "string");
  if (broken !== undefined) throw emptyPartition(uri, broken.name);
  return Object.fromEntries(
    names.map((name, index) => {
      const text = values[index];
      return [name, typeof text === "string" ? text : null];
    }),
  );
}

/** What of the records of a copy did not find its place in a column. */
export async function rescuedIn(
  session: Session,
  { columns, mapping }: RawDecoding,
  copy: string,
  signal: AbortSignal | undefined,
): Promise<RescuedCounts> {
  const column = columns.find(({ kind }) => kind === "rescued-data");
  if (column === undefined) return { rows: 0n, records: 0n };
  const rescued = quoteIdentifier(physicalName(column.field, mapping));
  const isRecord = ["$.record", "$.recordBase64"].map((path) => `json_exists(${rescued}, '${path}')`);
  const [counts] = await session.rows(
    `SELECT count(${rescued}) AS rows, count(*) FILTER (${isRecord.join(" OR ")}) AS records FROM ${copyRelation(copy)}`,
    { signal },
  );
  return { rows: BigInt(String(counts?.["rows"] ?? 0)), records: BigInt(String(counts?.["records"] ?? 0)) };
}

function copyRelation(localPath: string): string {
  return `read_parquet(${quoteString(globText(localPath))}, hive_partitioning = false)`;
}

function severalPartitions(uri: string, columns: readonly string[]): LakeError {
  return new LakeError(
    "invalid-input",
    "kept-partitions",
    `${uri} cannot land as it is: its rows are of several partitions (${columns.join(", ")}), and a data file is of one`,
    { context: { file: uri }, hint: "Land it with --as parquet, which splits its rows." },
  );
}

function emptyPartition(uri: string, column: string): LakeError {
  return new LakeError(
    "invalid-input",
    "not-null",
    `${uri}: partition column "${column}" is NOT NULL and the source holds an empty text in it`,
    { context: { file: uri, column }, hint: "Fill the column in the source. Nothing was committed." },
  );
}
