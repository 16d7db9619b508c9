import { access } from "node:fs/promises";
import { LakeError } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import {
  engineType,
  partitionValueSql,
  type StructField,
  type StructType,
} from "../../table-format/index.js";
import {
  type KeptFiles,
  keepFiles,
  type PartitionColumn,
  plainName,
  type ScanReport,
  type ScanRequest,
} from "./kept-files.js";

/** A table's files as a relation. */
export interface ScanRelation {
  /** A SELECT of all columns of the table, in the order of its schema. */
  readonly sql: string;
  readonly report: ScanReport;
  /** SQL of the names of the files as a list. */
  readonly files: string;
}

/**
 * The rows of the snapshot, read from exactly the files that can hold a row of the request, with all
 * columns of the table. A column that the request does not use may read as NULL. The SQL is for this
 * session, where `name` sets what it needs apart from other relations.
 */
export async function scanRelation(
  session: Session,
  name: string,
  request: ScanRequest,
  signal?: AbortSignal,
): Promise<ScanRelation> {
  const { schema } = request.snapshot;
  const kept = await request.snapshot.withFiles(
    (table) => keepFiles(session, name, table, request, signal),
    signal,
  );
  try {
    const sql = relationSql(kept, schema, await fileColumns(session, kept, schema, signal));
    return { sql, report: kept.report, files: kept.list };
  } catch (error) {
    throw await explainReadFailure(session, [kept.list], error);
  }
}

/**
 * How the columns of the kept files become those of the table: there is no file, every file has just
 * the table's columns, or names and types are mapped file by file.
 */
export type FileColumns = "no-files" | "as-in-table" | "mapped";

async function fileColumns(
  session: Session,
  kept: KeptFiles,
  schema: StructType,
  signal: AbortSignal | undefined,
): Promise<FileColumns> {
  if (kept.report.filesKept === 0) return "no-files";
  if (schema.fields.some((field) => ENGINE_COLUMNS.has(field.name.toLowerCase()))) return "mapped";
  if (kept.asInTable) return "as-in-table";
  // The engine maps the columns of a file on one thread. One file alone is worth a look into its footer.
  if (kept.report.filesKept > 1) return "mapped";
  const columns = await session.rows(`DESCRIBE FROM read_parquet(${kept.list}, hive_partitioning = false)`, {
    signal,
  });
  const types = new Map(columns.map((row) => [row["column_name"], row["column_type"]]));
  const own = schema.fields.filter((field) => !kept.partitions.has(field.name));
  return own.every((field) => types.get(field.name) === engineType(field.type)) ? "as-in-table" : "mapped";
}

/** Columns that the engine's reader adds; a table's own of that name needs another one while it is read. */
const ENGINE_COLUMNS = new Set(["file_index", "file_row_number", "filename"]);

/** Pure: a SELECT over the kept files. */
export function relationSql(
  { list, table, partitions }: Pick<KeptFiles, "list" | "table" | "partitions">,
  schema: StructType,
  columns: FileColumns,
): string {
  const named = (value: string, field: StructField): string => `${value} AS ${quoteIdentifier(field.name)}`;
  if (columns === "no-files") {
    const empty = schema.fields.map((field) => named(`NULL::${engineType(field.type)}`, field));
    return `SELECT ${empty.join(", ")} WHERE false`;
  }
  // Mapped columns are called c0, c1, ...: out of the way of the engine's own and of every quote.
  const selected = schema.fields.map((field, index) => {
    const partition = partitions.get(field.name);
    if (partition !== undefined) return named(partitionSql(field, partition), field);
    return named(columns === "mapped" ? `r.c${index}` : `r.${quoteIdentifier(field.name)}`, field);
  });
  const join = [...partitions.values()].some((partition) => partition.kind === "per-file")
    ? ` JOIN ${table} AS f ON r.file_index = f.file_index`
    : "";
  const mapping = schema.fields.flatMap((field, index) =>
    partitions.has(field.name)
      ? []
      : [
          `${quoteString(field.name)}: {name: 'c${index}', type: ${quoteString(engineType(field.type))}, default_value: NULL}`,
        ],
  );
  // A mapping costs the engine its statistics of the columns, about a tenth of an aggregate's time.
  const how =
    columns === "mapped" && mapping.length > 0
      ? `schema = MAP {${mapping.join(", ")}}`
      : "hive_partitioning = false";
  return `SELECT ${selected.join(", ")} FROM read_parquet(${list}, ${how}) AS r${join}`;
}

function partitionSql(field: StructField, partition: PartitionColumn): string {
  switch (partition.kind) {
    case "unused":
      return `NULL::${engineType(field.type)}`;
    case "constant":
      return partition.text === null
        ? `NULL::${engineType(field.type)}`
        : partitionValueSql(field.type)(quoteString(partition.text));
    case "per-file":
      return partitionValueSql(field.type)(`f.partition_values[${quoteString(field.name)}]`);
  }
}

/**
 * Explains a failed read: a file that the log lists and that is not there, or is no Parquet, damages the
 * table. `lists` are those of the relations.
 */
export async function explainReadFailure(
  session: Session,
  lists: readonly string[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof LakeError) || error.kind === "cancelled" || error.kind === "unsupported")
    return error;
  for (const list of lists) {
    const rows = await session.rows(`SELECT unnest(${list}) AS name`);
    for (const { name } of rows) {
      const file = plainName(String(name));
      if (error.kind === "unavailable" && !(await exists(file))) {
        return damagedFile(
          "data-file-missing",
          `the data file ${file} is listed in the log and is not there`,
          file,
          error,
        );
      }
      if (error.message.includes(file)) {
        return damagedFile(
          "data-file-unreadable",
          `a data file cannot be read: ${error.message}`,
          file,
          error,
        );
      }
    }
  }
  return error;
}

function damagedFile(code: string, message: string, file: string, cause: LakeError): LakeError {
  const hint = "Restore the file, or query a version that does not need it.";
  return new LakeError("corrupt", code, message, { context: { file }, hint, cause });
}

async function exists(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}
