import { quoteIdentifier } from "../../engine/index.js";
import { foldCase, type StructType } from "../../table-format/index.js";
import type { FileShape } from "./file-shape.js";

/**
 * The column that tells of each row where it is stored; the name and the members are those of Spark's hidden
 * column. A table's own column of that name takes its place.
 */
export const METADATA_COLUMN = "_metadata";

/** A member of it that no user sees: `rowid` of the row's file in the table of files. */
export const FILE_NUMBER = "file_number";

/** Whether the table has a column of its own called {@link METADATA_COLUMN}. */
export function hidesMetadata(schema: StructType): boolean {
  return schema.fields.some(({ name }) => foldCase(name) === METADATA_COLUMN);
}

type Configuration = Readonly<Record<string, string>>;

const ROW_ID_COLUMN = "delta.rowTracking.materializedRowIdColumnName";
const COMMIT_VERSION_COLUMN = "delta.rowTracking.materializedRowCommitVersionColumnName";

/** Columns of data files that hold row ids and commit versions of rows that came from elsewhere. */
export function materializedColumns(configuration: Configuration): string[] {
  return [ROW_ID_COLUMN, COMMIT_VERSION_COLUMN]
    .map((property) => configuration[property])
    .filter((name) => name !== undefined);
}

/** Whether rows have ids (PROTOCOL.md, "Row Tracking": enabled). */
function tracksRows(configuration: Configuration): boolean {
  return configuration["delta.enableRowTracking"]?.toLowerCase() === "true";
}

/** The columns of data files that keep the ids and commit versions of rows that are moved, and their members. */
export function materializedRowColumns(
  configuration: Configuration,
): readonly { readonly column: string; readonly member: string }[] {
  if (!tracksRows(configuration)) return [];
  return [
    { column: configuration[ROW_ID_COLUMN], member: "row_id" },
    { column: configuration[COMMIT_VERSION_COLUMN], member: "row_commit_version" },
  ].flatMap(({ column, member }) => (column === undefined ? [] : [{ column, member }]));
}

interface Member {
  readonly name: string;
  readonly type: string;
  /** @param column SQL of a column of the file, or of a NULL where the file does not have it. */
  readonly sql: (column: (name: string | undefined) => string) => string;
}

function members(configuration: Configuration, numbered: boolean): Member[] {
  const rowTracking: Member[] = [
    { name: "base_row_id", type: "BIGINT", sql: () => "f.base_row_id" },
    { name: "default_row_commit_version", type: "BIGINT", sql: () => "f.default_row_commit_version" },
    {
      // PROTOCOL.md, "Row IDs": the materialised one, else the file's base and the row's place.
      name: "row_id",
      type: "BIGINT",
      sql: (column) =>
        `coalesce(${column(configuration[ROW_ID_COLUMN])}, f.base_row_id + r.file_row_number)::BIGINT`,
    },
    {
      name: "row_commit_version",
      type: "BIGINT",
      sql: (column) =>
        `coalesce(${column(configuration[COMMIT_VERSION_COLUMN])}, f.default_row_commit_version)`,
    },
  ];
  return [
    { name: "file_path", type: "VARCHAR", sql: () => "f.file_path" },
    { name: "file_name", type: "VARCHAR", sql: () => "f.file_name" },
    { name: "file_size", type: "BIGINT", sql: () => "f.size" },
    {
      name: "file_modification_time",
      type: "TIMESTAMP WITH TIME ZONE",
      sql: () => "f.modified",
    },
    { name: "row_index", type: "BIGINT", sql: () => "r.file_row_number" },
    ...(tracksRows(configuration) ? rowTracking : []),
    ...(numbered ? [{ name: FILE_NUMBER, type: "BIGINT", sql: () => "f.position" }] : []),
  ];
}

/** The engine's type of the column. @param numbered whether {@link FILE_NUMBER} is a member */
export function metadataType(configuration: Configuration, numbered = false): string {
  return `STRUCT(${members(configuration, numbered)
    .map(({ name, type }) => `${name} ${type}`)
    .join(", ")})`;
}

/** SQL of the column over `r`, the rows of files of a shape, and `f`, the file table. */
export function metadataSql(
  configuration: Configuration,
  shape: FileShape,
  columnSql: (index: number) => string,
  numbered = false,
): string {
  const column = (name: string | undefined): string => {
    const index = shape.fields.findIndex((field) => field.name === name);
    return index === -1 ? "NULL::BIGINT" : columnSql(index);
  };
  const packed = members(configuration, numbered).map(
    ({ name, sql }) => `${quoteIdentifier(name)} := ${sql(column)}`,
  );
  return `struct_pack(${packed.join(", ")})`;
}
