import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import type { FileTable, LoadedDeletionVector, Snapshot } from "../../table-format/index.js";
import { DeletionVectors, loadDeletedRows, type MaskedVector, setMasks } from "./deletion-vectors.js";
import type { RowRange } from "./far/plan-chunks.js";
import { filePathOfSql, globTextSql } from "./file-names.js";
import type { FileShape } from "./file-shape.js";
import { type Assignment, assignGroups, type VectorRange } from "./group-assignment.js";
import { shapeKeys } from "./shape-key.js";
import { type SpecialFile, specialFiles } from "./special-files.js";

/** Files that one reader reads: they have the columns that are used in the same names and types. */
export interface FileGroup {
  /** Its number in the file table. */
  readonly index: number;
  /** SQL of the names of its files as a list, for the engine's reader. */
  readonly list: string;
  /** The shape of one of them, true of all in the columns that are used. */
  readonly shape: FileShape;
  /** Where their deletion vectors are; absent for files without. */
  readonly deleted?: DeletedRows | undefined;
  /** The rows of each that are read, where the others may not be: their bytes need not be there. */
  readonly rows?: RowRange | undefined;
}

/**
 * Deleted rows of the files of a group: in the temporary table `table`, with `file_index` counted from
 * `first`, and `row_index`.
 */
export interface DeletedRows extends VectorRange {
  readonly table: string;
  /** SQL of a BIT for the rows of the one file, 1 for a deleted one. */
  readonly mask?: string | undefined;
}

/** The files to group, as `keepFiles` knows them. */
export interface UngroupedFiles {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly table: FileTable;
  /** A SELECT of one row a file. */
  readonly keptSql: string;
  /** Names for the engine's reader, in order; `undefined` when there are many. */
  readonly names: readonly string[] | undefined;
  /** Where they are in the table of files, as long as there are names. */
  readonly positions: readonly number[] | undefined;
  /** Files whose shape must be looked up, and files with a deletion vector. */
  readonly untold: number;
  readonly vectors: number;
  /** Names of the columns whose values are used. */
  readonly columns: ReadonlySet<string> | "all";
  /** Columns of files that the schema does not have and the scan needs. */
  readonly hiddenColumns: readonly string[];
  /** The shape of the files whose shape is told. */
  readonly declared: FileShape;
  /** Whether columns need the file table. */
  readonly needsFileTable: boolean;
  /** The rows that are read of files of which not all are, by the place of the file. */
  readonly ranges: ReadonlyMap<number, RowRange>;
}

export interface ListedGroups {
  /** SQL of the names of all files. */
  readonly list: string;
  readonly groups: readonly FileGroup[];
  /** Whether a variable or temporary table of the session is part of it. */
  readonly usesSession: boolean;
}

/** The one shape of all files of a version, where they have one. */
const UNIFORM = new WeakMap<FileTable, FileShape>();
const VECTORS = new WeakMap<FileTable, DeletionVectors>();

/** Puts files that can be read together into groups, and deleted rows into a table of the session. */
export async function groupFiles(
  session: Session,
  files: UngroupedFiles,
  signal: AbortSignal | undefined,
): Promise<ListedGroups> {
  const { table, vectors, untold, hiddenColumns, ranges } = files;
  const uniform = untold === 0 ? files.declared : hiddenColumns.length === 0 ? UNIFORM.get(table) : undefined;
  if (vectors === 0 && ranges.size === 0 && uniform !== undefined)
    return oneGroup(session, files, uniform, signal);
  const special = await specialFiles(session, files, signal);
  const all = withRanges(special, ranges, uniform ?? files.declared);
  const alike = shapeKeys(files.snapshot, "all", hiddenColumns);
  const first = special[0]?.shape;
  if (
    first !== undefined &&
    untold === table.count &&
    special.every(({ shape }) => alike(shape) === alike(first))
  ) {
    UNIFORM.set(table, first);
  }
  const keys = shapeKeys(files.snapshot, files.columns, hiddenColumns);
  return severalGroups(session, files, all, assignGroups(all, files.declared, keys), signal);
}

/** Pure: the special files and those of which not all rows are read, in order. `declared` is the shape of the latter. */
function withRanges(
  special: readonly SpecialFile[],
  ranges: ReadonlyMap<number, RowRange>,
  declared: FileShape,
): readonly SpecialFile[] {
  if (ranges.size === 0) return special;
  const known = new Set(special.map(({ place }) => place));
  const others = [...ranges.keys()].filter((place) => !known.has(place));
  return [...special, ...others.map((place) => ({ place, shape: declared, vector: undefined }))]
    .map((file) => ({ ...file, rows: ranges.get(file.place) }))
    .toSorted((a, b) => a.place - b.place);
}

async function oneGroup(
  session: Session,
  files: UngroupedFiles,
  shape: FileShape,
  signal: AbortSignal | undefined,
): Promise<ListedGroups> {
  const { name, names, keptSql, needsFileTable } = files;
  if (needsFileTable) await createFileTable(session, files, undefined, signal);
  const select = `SELECT list(${globTextSql("read_file")} ORDER BY position) FROM (${keptSql})`;
  const list = names === undefined ? await listVariable(session, name, select, signal) : literalList(names);
  const usesSession = names === undefined || needsFileTable;
  return { list, groups: [{ index: 0, list, shape }], usesSession };
}

async function severalGroups(
  session: Session,
  files: UngroupedFiles,
  special: readonly SpecialFile[],
  assignment: Assignment,
  signal: AbortSignal | undefined,
): Promise<ListedGroups> {
  const { name, names, needsFileTable } = files;
  const deletedTable = `${name}_deleted`;
  const masks = await loadVectors(session, files, deletedTable, assignment, signal);
  if (needsFileTable || names === undefined) {
    const places = special.map(({ place }) => place).join(", ");
    const groups = assignment.groupOf.join(", ");
    const assigned = `SELECT unnest([${places}]::BIGINT[]) AS place, unnest([${groups}]::INTEGER[]) AS group_index`;
    await createFileTable(session, files, assigned, signal);
  }
  const lists =
    names === undefined
      ? await listVariables(session, name, signal)
      : literalLists(names, special, assignment);
  const groups = assignment.groups.flatMap(({ shape, deleted, rows }, index): FileGroup[] => {
    const list = lists.get(index);
    if (list === undefined) return [];
    const table = quoteIdentifier(deletedTable);
    return [
      { index, list, shape, rows, deleted: deleted && { table, ...deleted, mask: masks.get(deleted.first) } },
    ];
  });
  const list =
    names === undefined
      ? `(SELECT list(${globTextSql("read_file")} ORDER BY place) FROM ${fileTableName(name)})`
      : literalList(names);
  const usesSession = names === undefined || needsFileTable || assignment.vectors.length > 0;
  return { list, groups, usesSession };
}

/** Puts what is deleted into the session; gives the SQL of the masks by the first vector of their group. */
async function loadVectors(
  session: Session,
  { table, snapshot, name }: UngroupedFiles,
  deletedTable: string,
  { groups, vectors }: Assignment,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, string>> {
  if (vectors.length === 0) return new Map();
  const cache = VECTORS.get(table) ?? new DeletionVectors(snapshot.folder);
  VECTORS.set(table, cache);
  const sets = await cache.of(vectors, signal);
  const maskRows = new Map(groups.map(({ deleted }) => [deleted?.first, deleted?.maskRows]));
  const masked: MaskedVector[] = [];
  const joined: LoadedDeletionVector[] = [];
  for (const [fileIndex, deleted] of sets.entries()) {
    const rows = maskRows.get(fileIndex);
    if (rows === undefined) joined.push({ fileIndex, deleted });
    else masked.push({ fileIndex, deleted, rows });
  }
  if (joined.length > 0) await loadDeletedRows(session, deletedTable, joined, signal);
  return setMasks(session, name, masked, signal);
}

/**
 * Makes the file table.
 *
 * @param assigned a SELECT of `place` and `group_index`; files that are not in it, or all without it, are
 * of group 0
 */
async function createFileTable(
  session: Session,
  { name, keptSql }: UngroupedFiles,
  assigned: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const kept = `SELECT *, row_number() OVER (ORDER BY position) - 1 AS place FROM (${keptSql})`;
  const groups = assigned === undefined ? "" : `LEFT JOIN (${assigned}) USING (place)`;
  const group = assigned === undefined ? "0" : "coalesce(group_index, 0)";
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${fileTableName(name)} AS
     SELECT *, row_number() OVER (PARTITION BY group_index ORDER BY place) - 1 AS file_index
     FROM (SELECT place, position, read_file, ${filePathOfSql("file")} AS file_path, regexp_extract(file, '[^/]*$') AS file_name,
                  make_timestamptz(modification_time * 1000) AS modified, size, partition_values, base_row_id,
                  default_row_commit_version, ${group} AS group_index FROM (${kept}) ${groups})`,
    { signal },
  );
}

/** The name of the file table that a scan of this name makes, as SQL. */
export function fileTableName(name: string): string {
  return quoteIdentifier(`${name}_files`);
}

function literalLists(
  names: readonly string[],
  special: readonly SpecialFile[],
  { groupOf }: Assignment,
): ReadonlyMap<number, string> {
  const group = new Map(special.map(({ place }, index) => [place, groupOf[index] ?? 0]));
  const members = new Map<number, string[]>();
  for (const [place, name] of names.entries()) {
    const index = group.get(place) ?? 0;
    const list = members.get(index) ?? [];
    members.set(index, list);
    list.push(name);
  }
  return new Map([...members].map(([index, list]) => [index, literalList(list)]));
}

/** A variable for each group that has files. */
async function listVariables(
  session: Session,
  name: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<number, string>> {
  const table = fileTableName(name);
  const rows = await session.rows(`SELECT DISTINCT group_index FROM ${table}`, { signal });
  const indexes = rows.map((row) => Number(row["group_index"]));
  const lists = new Map<number, string>();
  for (const index of indexes) {
    const select = `SELECT list(${globTextSql("read_file")} ORDER BY file_index) FROM ${table} WHERE group_index = ${index}`;
    lists.set(index, await listVariable(session, `${name}_${index}`, select, signal));
  }
  return lists;
}

function literalList(names: readonly string[]): string {
  return `[${names.map(quoteString).join(", ")}]`;
}

async function listVariable(
  session: Session,
  name: string,
  select: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  await session.execute(`SET VARIABLE ${quoteIdentifier(name)} = (${select})`, { signal });
  return `getvariable(${quoteString(name)})`;
}
