import { LakeError } from "../../core/index.js";
import { quoteIdentifier, quoteString, type Row, type Session } from "../../engine/index.js";
import { objectPath } from "../../object-store/index.js";
import {
  FILE_SCHEMA_TAG,
  type FileTable,
  fileSchemaDigest,
  type Predicate,
  type Snapshot,
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

/** How a partition column gets its value: none is needed, one for all files, or one a file. */
export type PartitionColumn =
  | { readonly kind: "unused" }
  | { readonly kind: "constant"; readonly text: string | null }
  | { readonly kind: "per-file" };

/** The files that a scan reads, in the order in which they came into the table. */
export interface KeptFiles {
  readonly report: ScanReport;
  /** SQL of their names as a list, for the engine's reader. */
  readonly list: string;
  /** A temporary table with the `file_index` of each in the list and its `partition_values`; made for `per-file`. */
  readonly table: string;
  /** Whether each is known to have just the table's columns, in name and type. */
  readonly asInTable: boolean;
  readonly partitions: ReadonlyMap<string, PartitionColumn>;
}

/** A list of more names than this stays in the engine, in a variable. */
const MAX_LITERAL_FILES = 1_000;

/** What scans of whole tables keep: the same every time, as the files of a version never change. */
const WHOLE_TABLES = new WeakMap<FileTable, KeptFiles>();

/**
 * Finds the files of `table` that can hold a row of the request. What must stay in the engine is kept in
 * the session under `name`.
 *
 * @throws LakeError `unsupported` for a file on another store.
 */
export async function keepFiles(
  session: Session,
  name: string,
  table: FileTable,
  request: ScanRequest,
  signal: AbortSignal | undefined,
): Promise<KeptFiles> {
  const { schema, metadata } = request.snapshot;
  const { partitionColumns, configuration } = metadata;
  const used = partitionColumns.filter((column) => request.columns === "all" || request.columns.has(column));
  const isWhole = request.predicate.kind === "constant" && request.predicate.value && used.length === 0;
  const known = isWhole ? WHOLE_TABLES.get(table) : undefined;
  if (known !== undefined) return known;
  const keep = skippingSql(request.predicate, { schema, partitionColumns, configuration });
  const digest = quoteString(fileSchemaDigest(schema, partitionColumns));
  const keptSql = `SELECT rowid AS position, ${localFileSql(request.snapshot)} AS file, size, partition_values,
      coalesce(tags[${quoteString(FILE_SCHEMA_TAG)}] = ${digest}, false) AS as_in_table
    FROM ${table.relation} WHERE ${keep}`;
  const list = `list(${withoutGlob("file")} ORDER BY position)`;
  const [row] = await session.rows(
    `SELECT count(*) AS files, coalesce(sum(size), 0)::BIGINT AS bytes, coalesce(bool_and(as_in_table), false) AS as_in_table,
            min(file) FILTER (contains(file, '://')) AS foreign_file,
            ${used.map((column, index) => `${partitionAggregates(column, index)}, `).join("")}
            CASE WHEN count(*) <= ${MAX_LITERAL_FILES} THEN ${list} END AS names
     FROM (${keptSql})`,
    { signal },
  );
  const foreign = row?.["foreign_file"];
  if (typeof foreign === "string") {
    const where = request.snapshot.folder.store.uri;
    throw new LakeError(
      "unsupported",
      "foreign-file",
      `${where} refers to ${foreign}, which is on another store`,
    );
  }
  const report = {
    filesTotal: table.count,
    filesKept: Number(row?.["files"]),
    bytesTotal: table.sizeInBytes,
    bytesKept: BigInt(String(row?.["bytes"])),
  };
  const names = row?.["names"];
  const literal = Array.isArray(names)
    ? `[${names.map((file) => quoteString(String(file))).join(", ")}]`
    : undefined;
  if (literal === undefined && report.filesKept > 0) {
    await session.execute(`SET VARIABLE ${quoteIdentifier(name)} = (SELECT ${list} FROM (${keptSql}))`, {
      signal,
    });
  }
  const partitions = new Map(partitionColumns.map((column) => [column, partitionColumn(column, used, row)]));
  const files = quoteIdentifier(`${name}_files`);
  if (report.filesKept > 0 && [...partitions.values()].some(({ kind }) => kind === "per-file")) {
    await session.execute(
      `CREATE OR REPLACE TEMP TABLE ${files} AS
       SELECT row_number() OVER (ORDER BY position) - 1 AS file_index, partition_values FROM (${keptSql})`,
      { signal },
    );
  }
  const kept: KeptFiles = {
    report,
    list: literal ?? `getvariable(${quoteString(name)})`,
    table: files,
    asInTable: row?.["as_in_table"] === true,
    partitions,
  };
  if (isWhole && literal !== undefined) WHOLE_TABLES.set(table, kept);
  return kept;
}

/** A value of the column, `v`, and how many different ones there are, NULL among them, `n`. */
function partitionAggregates(column: string, index: number): string {
  const value = `partition_values[${quoteString(column)}]`;
  return `min(${value}) AS v${index}, count(DISTINCT ${value}) + CASE WHEN bool_or(${value} IS NULL) THEN 1 ELSE 0 END AS n${index}`;
}

function partitionColumn(column: string, used: readonly string[], row: Row | undefined): PartitionColumn {
  const index = used.indexOf(column);
  if (index === -1) return { kind: "unused" };
  if (row?.[`n${index}`] !== 1n) return { kind: "per-file" };
  const text = row[`v${index}`];
  return { kind: "constant", text: typeof text === "string" ? text : null };
}

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
    WHEN starts_with(path, 'file:/') THEN url_decode('/' || ltrim(substr(path, 6), '/'))
    WHEN contains(path, '://') THEN path
    ELSE ${quoteString(root)} || CASE WHEN contains(path, '%') THEN url_decode(path) ELSE path END END`;
}

/** The engine takes a file name for a glob; brackets make its special characters plain. */
function withoutGlob(file: string): string {
  return `replace(replace(replace(${file}, '[', '[[]'), '*', '[*]'), '?', '[?]')`;
}

/** Takes the brackets of {@link withoutGlob} away again. */
export function plainName(name: string): string {
  return name.replace(/\[([*?[])\]/g, "$1");
}
