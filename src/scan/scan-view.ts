import { access } from "node:fs/promises";
import { LakeError } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import { objectPath } from "../../object-store/index.js";
import {
  engineType,
  FILE_SCHEMA_TAG,
  type FileTable,
  fileSchemaDigest,
  type Predicate,
  partitionValueSql,
  type Snapshot,
  type StructField,
  type StructType,
  skippingSql,
} from "../../table-format/index.js";

/** What a query needs of one table: the columns whose values it uses, and which rows. */
export interface ScanRequest {
  readonly snapshot: Snapshot;
  /** Names as the schema spells them; `all` when not known. */
  readonly columns: ReadonlySet<string> | "all";
  /** Files in which no row can pass are skipped. */
  readonly predicate: Predicate;
}

/** What skipping achieved. */
export interface ScanReport {
  readonly filesTotal: number;
  readonly filesKept: number;
  readonly bytesTotal: bigint;
  readonly bytesKept: bigint;
}

/**
 * Makes the temporary view `name` in the session: the rows of the snapshot, read from exactly the files
 * that can hold a row of the request, with all columns of the table in the order of its schema. A
 * column that the request does not use may read as NULL.
 */
export async function createScanView(
  session: Session,
  name: string,
  request: ScanRequest,
  signal?: AbortSignal,
): Promise<ScanReport> {
  const { snapshot } = request;
  const files = `${name}_files`;
  const { report, columns } = await snapshot.withFiles(
    (table) => keepFiles(session, files, table, request, signal),
    signal,
  );
  const partitions = await partitionColumns(session, files, request, signal);
  try {
    await session.execute(viewSql(name, files, snapshot.schema, partitions, columns), { signal });
  } catch (error) {
    throw await explainReadFailure(session, [name], error);
  }
  return report;
}

/**
 * How the columns of the kept files become those of the table: there is no file, every file has just
 * the table's columns, or names and types are mapped file by file.
 */
export type FileColumns = "no-files" | "as-in-table" | "mapped";

/** How a partition column gets its value: none is needed, one for all files, or one a file. */
export type PartitionColumn =
  | { readonly kind: "unused" }
  | { readonly kind: "constant"; readonly text: string | null }
  | { readonly kind: "per-file" };

/** Fills the temporary table `files` with the files to read: `file_index`, `file`, `size`, `partition_values`. */
async function keepFiles(
  session: Session,
  files: string,
  table: FileTable,
  request: ScanRequest,
  signal: AbortSignal | undefined,
): Promise<{ readonly report: ScanReport; readonly columns: FileColumns }> {
  const { schema, metadata } = request.snapshot;
  const { partitionColumns, configuration } = metadata;
  const keep = skippingSql(request.predicate, { schema, partitionColumns, configuration });
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${files} AS
     SELECT row_number() OVER () - 1 AS file_index, ${localFileSql(request.snapshot)} AS file, size, partition_values,
            coalesce(tags[${quoteString(FILE_SCHEMA_TAG)}] = ${quoteString(fileSchemaDigest(schema, partitionColumns))}, false) AS as_in_table
     FROM ${table.relation} AS f WHERE ${keep}`,
    { signal },
  );
  await session.execute(
    `SET VARIABLE ${files} = (SELECT list(${withoutGlob("file")} ORDER BY file_index) FROM ${files})`,
    { signal },
  );
  const [kept] = await session.rows(
    `SELECT count(*) AS files, coalesce(sum(size), 0)::BIGINT AS bytes, min(file) FILTER (contains(file, '://')) AS foreign_file,
            bool_and(as_in_table) AS as_in_table FROM ${files}`,
    { signal },
  );
  if (typeof kept?.["foreign_file"] === "string") {
    throw new LakeError(
      "unsupported",
      "foreign-file",
      `${request.snapshot.folder.store.uri} refers to ${kept["foreign_file"]}, which is on another store`,
    );
  }
  const report = {
    filesTotal: table.count,
    filesKept: Number(kept?.["files"]),
    bytesTotal: table.sizeInBytes,
    bytesKept: BigInt(String(kept?.["bytes"])),
  };
  const plain =
    kept?.["as_in_table"] === true &&
    !schema.fields.some((field) => ENGINE_COLUMNS.has(field.name.toLowerCase()));
  return { report, columns: report.filesKept === 0 ? "no-files" : plain ? "as-in-table" : "mapped" };
}

/** Columns that the engine's reader adds; a table's own of that name needs another one while it is read. */
const ENGINE_COLUMNS = new Set(["file_index", "file_row_number", "filename"]);

/**
 * The local file of a path of the log (PROTOCOL.md, "Add File": a URI, relative to the table or absolute).
 */
function localFileSql(snapshot: Snapshot): string {
  const { store } = snapshot.folder;
  const probe = store.localPath(objectPath("x"));
  if (probe === undefined) {
    throw new LakeError(
      "unsupported",
      "remote-scan",
      `${store.uri}: this release scans tables on a local disk only`,
    );
  }
  const root = probe.slice(0, -1);
  return `CASE
    WHEN starts_with(path, '/') THEN url_decode(path)
    WHEN regexp_matches(path, '^file:/') THEN url_decode(regexp_replace(path, '^file:/+', '/'))
    WHEN regexp_matches(path, '^[A-Za-z][A-Za-z0-9+.-]*://') THEN path
    ELSE ${quoteString(root)} || CASE WHEN contains(path, '%') THEN url_decode(path) ELSE path END END`;
}

/** The engine takes a file name for a glob; brackets make its special characters plain. */
function withoutGlob(file: string): string {
  return `CASE WHEN regexp_matches(${file}, '[*?\\[]') THEN regexp_replace(${file}, '([*?\\[])', '[\\1]', 'g') ELSE ${file} END`;
}

async function partitionColumns(
  session: Session,
  files: string,
  request: ScanRequest,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, PartitionColumn>> {
  const { metadata } = request.snapshot;
  const plan = new Map<string, PartitionColumn>();
  const used = metadata.partitionColumns.filter(
    (name) => request.columns === "all" || request.columns.has(name),
  );
  for (const name of metadata.partitionColumns) plan.set(name, { kind: "unused" });
  if (used.length === 0) return plan;
  const [row] = await session.rows(
    `SELECT ${used
      .map((name, index) => {
        const value = `partition_values[${quoteString(name)}]`;
        return `min(${value}) AS v${index}, count(DISTINCT ${value}) + CASE WHEN bool_or(${value} IS NULL) THEN 1 ELSE 0 END AS n${index}`;
      })
      .join(", ")} FROM ${files}`,
    { signal },
  );
  for (const [index, name] of used.entries()) {
    const text = row?.[`v${index}`];
    const constant = row?.[`n${index}`] === 1n;
    plan.set(
      name,
      constant ? { kind: "constant", text: typeof text === "string" ? text : null } : { kind: "per-file" },
    );
  }
  return plan;
}

/** Pure: the view over the kept files. */
export function viewSql(
  name: string,
  files: string,
  schema: StructType,
  partitions: ReadonlyMap<string, PartitionColumn>,
  columns: FileColumns,
): string {
  const view = `CREATE OR REPLACE TEMP VIEW ${name} AS SELECT`;
  const named = (value: string, field: StructField): string => `${value} AS ${quoteIdentifier(field.name)}`;
  if (columns === "no-files") {
    const empty = schema.fields.map((field) => named(`NULL::${engineType(field.type)}`, field));
    return `${view} ${empty.join(", ")} WHERE false`;
  }
  // Mapped columns are called c0, c1, ...: out of the way of the engine's own and of every quote.
  const selected = schema.fields.map((field, index) => {
    const partition = partitions.get(field.name);
    if (partition !== undefined) return named(partitionSql(field, partition), field);
    return named(columns === "mapped" ? `r.c${index}` : `r.${quoteIdentifier(field.name)}`, field);
  });
  const join = [...partitions.values()].some((partition) => partition.kind === "per-file")
    ? ` JOIN ${files} AS f ON r.file_index = f.file_index`
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
  return `${view} ${selected.join(", ")} FROM read_parquet(getvariable('${files}'), ${how}) AS r${join}`;
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

/** Explains a failed read: a file that the log lists and that is not there, or is no Parquet, damages the table. */
export async function explainReadFailure(
  session: Session,
  views: readonly string[],
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof LakeError) || error.kind === "cancelled" || error.kind === "unsupported")
    return error;
  for (const view of views) {
    const rows = await session.rows(`SELECT file FROM ${view}_files`);
    for (const { file } of rows) {
      if (typeof file !== "string") continue;
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
