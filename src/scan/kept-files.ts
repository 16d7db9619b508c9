import { LakeError } from "../../core/index.js";
import { quoteString, type Row, type Session } from "../../engine/index.js";
import {
  COPY_SCHEMA,
  columnMappingMode,
  FILE_SCHEMA_TAG,
  type FileTable,
  fileSchemaDigest,
  findField,
  isRawFileSql,
  type Predicate,
  physicalName,
  type Snapshot,
  skippingSql,
} from "../../table-format/index.js";
import { type FileGroup, fileTableName, groupFiles } from "./file-groups.js";
import { globTextSql, localFileSql, MAX_LITERAL_FILES } from "./file-names.js";
import { tableShape } from "./file-shape.js";
import { materializedColumns } from "./metadata-column.js";
import { readableFiles } from "./raw-copies.js";

/** What a query needs of one table: the columns whose values it uses, and which rows. */
export interface ScanRequest {
  readonly snapshot: Snapshot;
  /** Names as the schema spells them; `all` when not known. */
  readonly columns: ReadonlySet<string> | "all";
  /** Files in which no row can pass are skipped. */
  readonly predicate: Predicate;
  /** A condition over the file table, of those to read at all; default every file. */
  readonly files?: string | undefined;
  /** Whether the files may be of other versions than the snapshot, as those of a change feed are; default no. */
  readonly ofAnyVersion?: boolean | undefined;
  /** Whether the relation has the column `_metadata` too. */
  readonly withMetadata?: boolean | undefined;
  /** Whether `_metadata` has the number of the row's file too; default no. */
  readonly withFileNumbers?: boolean | undefined;
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
  | { readonly kind: "per-file"; readonly key: string };

/** The files that a scan reads, in the order in which they came into the table. */
export interface KeptFiles {
  readonly report: ScanReport;
  /** SQL of the names of all of them as a list. */
  readonly list: string;
  /** None when there is no file. */
  readonly groups: readonly FileGroup[];
  /**
   * A temporary table of the session with what the log says of each file, by `group_index` and, within the
   * group's list, `file_index`; made when a column needs it.
   */
  readonly table: string;
  readonly partitions: ReadonlyMap<string, PartitionColumn>;
}

/**
 * What scans of whole tables keep, by the columns that they use: the same every time, as the files of a
 * version never change.
 */
const WHOLE_TABLES = new WeakMap<FileTable, Map<string, KeptFiles>>();
const MAX_REMEMBERED_SCANS = 100;
/** What all files of a version have in common, for scans that keep something in their session. */
const WHOLE_SUMMARIES = new WeakMap<FileTable, Summary>();

/**
 * Finds the files of `table` that can hold a row of the request. What must stay in the engine is kept in
 * the session under `name`.
 *
 * @throws LakeError `unsupported` for a file on another store, `corrupt` for a deletion vector that is
 * missing or broken.
 */
export async function keepFiles(
  session: Session,
  name: string,
  table: FileTable,
  request: ScanRequest,
  signal: AbortSignal | undefined,
): Promise<KeptFiles> {
  const { snapshot, predicate, columns, files = "true", withMetadata = false } = request;
  const { schema, metadata } = snapshot;
  const { partitionColumns, configuration } = metadata;
  const mode = columnMappingMode(configuration);
  const used = partitionColumns
    .filter((column) => columns === "all" || columns.has(column))
    .map((column): UsedPartition => {
      const field = findField(schema, column);
      return { column, key: field === undefined ? column : physicalName(field, mode) };
    });
  const isWhole =
    predicate.kind === "constant" &&
    predicate.value &&
    used.length === 0 &&
    request.files === undefined &&
    !withMetadata;
  const wholeScans = WHOLE_TABLES.get(table) ?? new Map<string, KeptFiles>();
  const columnsKey = columns === "all" ? columns : JSON.stringify([...columns].toSorted());
  const remembered = isWhole ? wholeScans.get(columnsKey) : undefined;
  if (remembered !== undefined) return remembered;

  const keep = skippingSql(predicate, { schema, partitionColumns, configuration });
  const digest = fileSchemaDigest(schema, partitionColumns, configuration);
  const told = `tags[${quoteString(FILE_SCHEMA_TAG)}]`;
  // A tag does not tell whether the file holds materialised row ids.
  const isTold = withMetadata
    ? "false"
    : `coalesce(${told} IN (${quoteString(digest)}, ${quoteString(COPY_SCHEMA + digest)}), false)`;
  // Of most files the one tag says that they are Parquet: to look for the other costs as much again.
  const isRaw = `CASE WHEN tags IS NULL OR ${told} = ${quoteString(digest)} THEN false ELSE ${isRawFileSql()} END`;
  // `file` is the file that the log names, `read_file` the one that the engine reads.
  const loggedSql = `SELECT rowid AS position, path, ${localFileSql(snapshot)} AS file, file AS read_file, size,
      modification_time, tags, partition_values, stats, deletion_vector, base_row_id, default_row_commit_version, ${isTold} AS is_told, ${isRaw} AS is_raw
    FROM ${table.relation} WHERE ${keep} AND (${files})`;
  const known = isWhole ? WHOLE_SUMMARIES.get(table) : undefined;
  const logged = known ?? (await summary(session, loggedSql, used, signal));
  if (isWhole && known === undefined) WHOLE_SUMMARIES.set(table, logged);
  const { row, positions } = logged;
  const report = {
    filesTotal: table.count,
    filesKept: Number(row["files"]),
    bytesTotal: table.sizeInBytes,
    bytesKept: BigInt(String(row["bytes"])),
  };
  const partitions = new Map(partitionColumns.map((column) => [column, partitionColumn(column, used, row)]));
  const fileTable = fileTableName(name);
  const nothing = { report, list: "[]::VARCHAR[]", groups: [], table: fileTable, partitions };
  if (report.filesKept === 0) return nothing;
  const needsFileTable = withMetadata || [...partitions.values()].some(({ kind }) => kind === "per-file");
  const hasRaw = row["raw"] !== 0n;
  const { keptSql, names } = hasRaw
    ? await readableFiles(
        session,
        snapshot,
        {
          name,
          keptSql: loggedSql,
          names: logged.names,
          positions,
          needsSql: needsFileTable || row["untold"] !== 0n || row["vectors"] !== 0n,
          whole: isWhole ? table : undefined,
          ofAnyVersion: request.ofAnyVersion ?? false,
        },
        signal,
      )
    : { keptSql: loggedSql, names: logged.names };
  const grouped = await groupFiles(
    session,
    {
      name,
      snapshot,
      table,
      keptSql,
      names,
      positions,
      columns,
      untold: Number(row["untold"]),
      vectors: Number(row["vectors"]),
      hiddenColumns: withMetadata ? materializedColumns(configuration) : [],
      declared: tableShape(schema, partitionColumns, mode),
      needsFileTable,
    },
    signal,
  );
  const { list, groups, usesSession } = grouped;
  const kept: KeptFiles = { report, list, groups, table: fileTable, partitions };
  // Copies of raw files are leased for one session.
  if (isWhole && !usesSession && !hasRaw && wholeScans.size < MAX_REMEMBERED_SCANS) {
    WHOLE_TABLES.set(table, wholeScans.set(columnsKey, kept));
  }
  return kept;
}

interface UsedPartition {
  readonly column: string;
  /** The name that the log has for it. */
  readonly key: string;
}

interface Summary {
  readonly row: Row;
  /** Of the files in order, ready for the engine's reader; absent when they are many. */
  readonly names: readonly string[] | undefined;
  readonly positions: readonly number[] | undefined;
}

/** What the kept files have in common. */
async function summary(
  session: Session,
  keptSql: string,
  used: readonly UsedPartition[],
  signal: AbortSignal | undefined,
): Promise<Summary> {
  const [row = {}] = await session.rows(
    `SELECT count(*) AS files, coalesce(sum(size), 0)::BIGINT AS bytes,
            count(*) FILTER (NOT is_told) AS untold, count(deletion_vector) AS vectors,
            count(*) FILTER (is_raw) AS raw,
            min(file) FILTER (contains(file, '://')) AS foreign_file,
            ${used.map(({ key }, index) => `${partitionAggregates(key, index)}, `).join("")}
            ${few(globTextSql("file"))} AS names, ${few("position::INTEGER")} AS positions
     FROM (${keptSql})`,
    { signal },
  );
  const foreign = row["foreign_file"];
  if (typeof foreign === "string") {
    throw new LakeError(
      "unsupported",
      "foreign-file",
      `the table refers to ${foreign}, which is on another store`,
    );
  }
  const { names, positions } = row;
  return {
    row,
    names: Array.isArray(names) ? names.map(String) : undefined,
    positions: Array.isArray(positions) ? positions.map(Number) : undefined,
  };
}

/** A list of values of the files in order, when they are few. */
function few(value: string): string {
  return `CASE WHEN count(*) <= ${MAX_LITERAL_FILES} THEN list(${value} ORDER BY position) END`;
}

/** A value of the column, `v`, and how many different ones there are, NULL among them, `n`. */
function partitionAggregates(key: string, index: number): string {
  const value = `partition_values[${quoteString(key)}]`;
  return `min(${value}) AS v${index}, count(DISTINCT ${value}) + CASE WHEN bool_or(${value} IS NULL) THEN 1 ELSE 0 END AS n${index}`;
}

function partitionColumn(column: string, used: readonly UsedPartition[], row: Row): PartitionColumn {
  const index = used.findIndex((one) => one.column === column);
  const key = used[index]?.key;
  if (key === undefined) return { kind: "unused" };
  if (row[`n${index}`] !== 1n) return { kind: "per-file", key };
  const text = row[`v${index}`];
  return { kind: "constant", text: typeof text === "string" ? text : null };
}
