import { mapParallel } from "../../core/index.js";
import { quoteString, type Row, type Session } from "../../engine/index.js";
import type { FetchCounts } from "../../object-store/index.js";
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
import { FetchTally } from "./far/fetch-tally.js";
import { type FileGroup, fileTableName, groupFiles } from "./file-groups.js";
import { globTextSql, isFarSql, loggedFileSql, MAX_LITERAL_FILES } from "./file-names.js";
import { tableShape } from "./file-shape.js";
import { materializedColumns } from "./metadata-column.js";
import { type ReadableFiles, readableFiles } from "./readable-files.js";

/** What a query needs of one table: the columns whose values it uses, and which rows. */
export interface ScanRequest {
  readonly snapshot: Snapshot;
  /** Names as the schema spells them; `all` when not known. */
  readonly columns: ReadonlySet<string> | "all";
  /** Files in which no row can pass are skipped. */
  readonly predicate: Predicate;
  /** Columns of which the engine may look for one value, by Bloom filters; default all. */
  readonly probed?: ReadonlySet<string> | "all" | undefined;
  /** A condition over the file table, of those to read at all; default every file. */
  readonly files?: string | undefined;
  /** Whether the files may be of other versions than the snapshot, as those of a change feed are; default no. */
  readonly ofAnyVersion?: boolean | undefined;
  /** Whether the relation has the column `_metadata` too. */
  readonly withMetadata?: boolean | undefined;
  /** Whether `_metadata` has the number of the row's file too; default no. */
  readonly withFileNumbers?: boolean | undefined;
  /**
   * Takes over to bring what the scan needs of files that are far away, which is otherwise there when it is made. It has
   * to be called before anything is read.
   */
  readonly fetchLater?: ((fetchChunks: () => Promise<void>) => void) | undefined;
}

/** What skipping achieved, and what was fetched. */
export interface ScanReport {
  readonly filesTotal: number;
  readonly filesKept: number;
  readonly bytesTotal: bigint;
  readonly bytesKept: bigint;
  /** Of files that are far away; absent where all are local. It grows as they are fetched. */
  readonly fetched?: FetchCounts | undefined;
  /** Bytes of the column chunks that are needed of those files beside their ends, at hand or not. */
  readonly chunkBytes?: bigint | undefined;
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
 * @throws LakeError `unsupported` for a file on a store that cannot be opened, `corrupt` for a deletion vector or a file
 * far away that is missing or broken; as the store of such a file does.
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
  const filesSql = (
    condition: string,
  ): string => `SELECT rowid AS position, path, ${loggedFileSql(snapshot)} AS file, file AS read_file, size,
      modification_time, tags, partition_values, stats, deletion_vector, base_row_id, default_row_commit_version, ${isTold} AS is_told, ${isRaw} AS is_raw
    FROM ${table.relation} WHERE ${condition}`;
  const loggedSql = filesSql(`${keep} AND (${files})`);
  const known = isWhole ? WHOLE_SUMMARIES.get(table) : undefined;
  const logged = known ?? (await summary(session, loggedSql, used, signal));
  if (isWhole && known === undefined) WHOLE_SUMMARIES.set(table, logged);
  const { row, positions } = logged;
  const skipped: ScanReport = {
    filesTotal: table.count,
    filesKept: Number(row["files"]),
    bytesTotal: table.sizeInBytes,
    bytesKept: BigInt(String(row["bytes"])),
  };
  const partitions = new Map(partitionColumns.map((column) => [column, partitionColumn(column, used, row)]));
  const fileTable = fileTableName(name);
  const nothing = { report: skipped, list: "[]::VARCHAR[]", groups: [], table: fileTable, partitions };
  if (skipped.filesKept === 0) return nothing;
  const needsFileTable = withMetadata || [...partitions.values()].some(({ kind }) => kind === "per-file");
  const declared = tableShape(schema, partitionColumns, mode);
  const hiddenColumns = withMetadata ? materializedColumns(configuration) : [];
  const hasFar = row["far"] !== 0n;
  const hasCopies = row["raw"] !== 0n || hasFar;
  const tally = new FetchTally();
  const readable: ReadableFiles = hasCopies
    ? await readableFiles(
        session,
        snapshot,
        {
          name,
          // What is known to be kept need not be told by statistics again.
          keptSql: positions === undefined ? loggedSql : filesSql(`rowid IN (${positions.join(", ")})`),
          names: logged.names,
          positions,
          needsSql: needsFileTable || row["untold"] !== 0n || row["vectors"] !== 0n,
          whole: isWhole ? table : undefined,
          ofAnyVersion: request.ofAnyVersion ?? false,
          columns,
          probed: request.probed ?? "all",
          hiddenColumns,
          // The rows of a change feed are read by readers of their own.
          predicate: request.ofAnyVersion === true ? undefined : predicate,
          declared,
          tally,
        },
        signal,
      )
    : { keptSql: loggedSql, names: logged.names, ...NO_COPIES };
  const { keptSql, names, ranges, fetchChunks, chunkBytes } = readable;
  const report = hasFar ? { ...skipped, fetched: tally, chunkBytes: BigInt(chunkBytes) } : skipped;
  const grouping = groupFiles(
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
      hiddenColumns,
      declared,
      needsFileTable,
      ranges,
    },
    signal,
  );
  if (request.fetchLater === undefined)
    await mapParallel([() => grouping, fetchChunks], 2, async (work) => void (await work()));
  else request.fetchLater(fetchChunks);
  const { list, groups, usesSession } = await grouping;
  const kept: KeptFiles = { report, list, groups, table: fileTable, partitions };
  // Copies are leased for one session.
  if (isWhole && !usesSession && !hasCopies && wholeScans.size < MAX_REMEMBERED_SCANS) {
    WHOLE_TABLES.set(table, wholeScans.set(columnsKey, kept));
  }
  return kept;
}

/** Of files that the engine reads as they are. */
const NO_COPIES = { ranges: new Map(), fetchChunks: async () => {}, chunkBytes: 0 } as const;

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
            count(*) FILTER (${isFarSql("file")}) AS far,
            ${used.map(({ key }, index) => `${partitionAggregates(key, index)}, `).join("")}
            ${few(globTextSql("file"))} AS names, ${few("position::INTEGER")} AS positions
     FROM (${keptSql})`,
    { signal },
  );
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
