import { quoteIdentifier, quoteString } from "../../engine/index.js";
import {
  columnMappingMode,
  findField,
  newField,
  partitionValueSql,
  physicalName,
  ROW_INDEX_BITS,
  type Snapshot,
  type StructField,
} from "../../table-format/index.js";
import type { FileGroup } from "./file-groups.js";
import type { FileField } from "./file-shape.js";
import type { KeptFiles } from "./kept-files.js";
import { charPaddedSql, nullOf } from "./read-value.js";
import { relationSql } from "./relation-sql.js";
import { usesEngineName } from "./shape-key.js";

// What is one for a whole file, a partition value or the version of a commit, is made of its text once a file,
// kept in a table of the session, and joined to the rows: made for every row it costs more than reading them.

type KeptGroups = Pick<KeptFiles, "table" | "partitions">;

/** What a SELECT over a group's files needs. */
export interface GroupScan {
  readonly snapshot: Snapshot;
  readonly kept: KeptGroups;
  /** Columns whose values are used. */
  readonly used: ReadonlySet<string> | "all";
  /** The table of the session with the {@link perFileColumns} of the files, as SQL. */
  readonly values: string;
}

/**
 * SQL of the columns whose value is one for a whole file, `p0`, `p1`, ... by their place among the partition
 * columns, over `c`, which has `partition_values`.
 */
export function perFileColumns({ schema, metadata }: Snapshot, { partitions }: KeptGroups): string[] {
  const mode = columnMappingMode(metadata.configuration);
  return metadata.partitionColumns.map((column, index) => {
    const field = findField(schema, column);
    if (field === undefined) return `NULL AS p${index}`;
    if (partitions.get(column)?.kind === "unused") return `${nullOf(field.type)} AS p${index}`;
    const text = `c.partition_values[${quoteString(physicalName(field, mode))}]`;
    return `${charPaddedSql(partitionValueSql(field.type)(text), field)} AS p${index}`;
  });
}

/** Pure: the rows of a group; `values` has `group_index` and `file_index` of each file. */
export function wholeFilesSql(group: FileGroup, scan: GroupScan): string {
  const { snapshot, kept, used } = scan;
  const { schema, metadata } = snapshot;
  // Next to an anti join the engine's columns have to go by their own names.
  if (group.deleted !== undefined || hidesEngineColumns(group, snapshot)) {
    return relationSql({ ...kept, groups: [group] }, { schema, metadata, used, withMetadata: false });
  }
  return joinedSql(group, scan, withEngineColumns(group, scan), "r.file_index = d.file_index");
}

/**
 * Pure: the rows of a group that changed. `values` has one row for each of them: `group_index`, `place` (the
 * number of its file in the group's list, shifted left by `ROW_INDEX_BITS`, and its index) and `row_id` as
 * `_metadata` has it.
 */
export function changedRowsSql(group: FileGroup, scan: GroupScan): string {
  if (hidesEngineColumns(group, scan.snapshot)) {
    return joinedSql(group, scan, withMetadata(group, scan), "r.metadata.row_id = d.row_id");
  }
  const place = `((r.file_index::BIGINT << ${ROW_INDEX_BITS}) | r.row_index)`;
  return joinedSql(group, scan, withEngineColumns(group, scan), `${place} = d.place`);
}

/** The columns of the feed, and behind them some that the join needs. */
interface Inner {
  readonly sql: string;
  readonly more: readonly string[];
}

function joinedSql(
  { index: group }: FileGroup,
  { snapshot: { schema, metadata }, values }: GroupScan,
  { sql, more }: Inner,
  condition: string,
): string {
  const names = [...schema.fields.map((_, index) => `c${index}`), ...more];
  const selected = schema.fields.map((field, index) => {
    const perFile = metadata.partitionColumns.findIndex((column) => findField(schema, column) === field);
    return `${perFile < 0 ? `r.c${index}` : `d.p${perFile}`} AS ${quoteIdentifier(field.name)}`;
  });
  return `SELECT ${selected.join(", ")} FROM (${sql}) AS r(${names.join(", ")}) JOIN (FROM ${values} WHERE group_index = ${group}) AS d ON ${condition}`;
}

function withMetadata(group: FileGroup, { snapshot: { schema, metadata }, kept, used }: GroupScan): Inner {
  const groups = { groups: [group], table: kept.table, partitions: unused(kept) };
  return { sql: relationSql(groups, { schema, metadata, used, withMetadata: true }), more: ["metadata"] };
}

/** Columns that the engine's reader adds: the file's place in its list, and the row's in the file. */
const ENGINE_COLUMNS = ["file_index", "file_row_number"];
/** Ids that no column has, for tables that map columns by id. */
const ENGINE_IDS = -100;

const ENGINE_FIELDS: readonly StructField[] = ENGINE_COLUMNS.map((name, index) => ({
  ...newField(name, { type: "long" }),
  metadata: { "delta.columnMapping.physicalName": name, "delta.columnMapping.id": ENGINE_IDS - index },
}));

/** The group as if its files held the engine's columns, which then read as any other. */
function withEngineColumns(
  group: FileGroup,
  { snapshot: { schema, metadata }, kept, used }: GroupScan,
): Inner {
  const added = ENGINE_COLUMNS.map((name, index): FileField => {
    return { name, id: ENGINE_IDS - index, type: { kind: "scalar", text: "BIGINT" } };
  });
  const shape = { fields: [...group.shape.fields, ...added] };
  const sql = relationSql(
    { groups: [{ ...group, shape }], table: kept.table, partitions: unused(kept) },
    {
      schema: { ...schema, fields: [...schema.fields, ...ENGINE_FIELDS] },
      metadata,
      used: used === "all" ? used : new Set([...used, ...ENGINE_COLUMNS]),
      withMetadata: false,
    },
  );
  return { sql, more: ["file_index", "row_index"] };
}

function unused({ partitions }: KeptGroups): KeptFiles["partitions"] {
  return new Map([...partitions.keys()].map((column) => [column, { kind: "unused" }] as const));
}

/** Whether a column of the files or of the table is called as one that the engine's reader adds. */
function hidesEngineColumns({ shape }: FileGroup, { schema, metadata }: Snapshot): boolean {
  const mode = columnMappingMode(metadata.configuration);
  const fields = schema.fields.map(
    (field): FileField => ({
      name: physicalName(field, mode),
      id: undefined,
      type: { kind: "scalar", text: "" },
    }),
  );
  return usesEngineName(shape) || usesEngineName({ fields });
}
