import { LakeError } from "../../core/index.js";
import { quoteIdentifier, quoteString } from "../../engine/index.js";
import {
  columnMappingMode,
  engineType,
  findField,
  type Metadata,
  partitionValueSql,
  type StructField,
  type StructType,
  typeText,
} from "../../table-format/index.js";
import type { DeletedRows, FileGroup } from "./file-groups.js";
import { type FileShape, fileTypeText } from "./file-shape.js";
import type { KeptFiles, PartitionColumn } from "./kept-files.js";
import { METADATA_COLUMN, metadataSql, metadataType } from "./metadata-column.js";
import { charPaddedSql, findFileField, nullOf, readField, type TypeMisfit } from "./read-value.js";
import { usesEngineName } from "./shape-key.js";

/** What a relation must give. */
export interface RelationColumns {
  readonly schema: StructType;
  readonly metadata: Metadata;
  /** Those whose values are used; the others read as NULL. */
  readonly used: ReadonlySet<string> | "all";
  /** Whether {@link METADATA_COLUMN} follows the columns of the schema. */
  readonly withMetadata: boolean;
  /** Whether that has the number of the row's file too; default no. */
  readonly withFileNumbers?: boolean | undefined;
}

/**
 * Pure: a SELECT over the kept files of all columns of the table, in the order of its schema.
 *
 * @throws LakeError `corrupt` for a used column that has a type in a file that is none of the table's.
 */
export function relationSql(
  kept: Pick<KeptFiles, "groups" | "table" | "partitions">,
  columns: RelationColumns,
): string {
  if (kept.groups.length === 0) return emptySql(columns);
  const selects = kept.groups.map((group) => groupSql(group, kept, columns));
  return selects.join("\nUNION ALL ");
}

function emptySql({ schema, metadata, withMetadata, withFileNumbers }: RelationColumns): string {
  const empty = schema.fields.map((field) => named(nullOf(field.type), field.name));
  if (withMetadata)
    empty.push(named(`NULL::${metadataType(metadata.configuration, withFileNumbers)}`, METADATA_COLUMN));
  return `SELECT ${empty.join(", ")} WHERE false`;
}

function groupSql(
  group: FileGroup,
  { table, partitions }: Pick<KeptFiles, "table" | "partitions">,
  { schema, metadata, used, withMetadata, withFileNumbers }: RelationColumns,
): string {
  const { shape, deleted, rows, list, index } = group;
  const mode = columnMappingMode(metadata.configuration);
  const perFile = withMetadata || [...partitions.values()].some(({ kind }) => kind === "per-file");
  const needsEngineColumns = perFile || deleted !== undefined || rows !== undefined;
  const reader = readerOf(shape, list, needsEngineColumns && usesEngineName(shape));
  const dataColumn = (field: StructField): string => {
    // Files of a group agree in the columns that are used, and in no other.
    const isUsed = used === "all" || used.has(field.name);
    const found = isUsed ? findFileField(shape.fields, field, mode) : undefined;
    if (found === undefined) return nullOf(field.type);
    const column = reader.column(shape.fields.indexOf(found));
    const reading = readField(column, found, field, mode, field.name);
    if ("misfit" in reading) throw misfitError(reading.misfit);
    return reading.sql;
  };
  const selected = schema.fields.map((field) => {
    const partition = partitionOf(field, schema, partitions);
    return named(partition === undefined ? dataColumn(field) : partitionSql(field, partition), field.name);
  });
  if (withMetadata) {
    const packed = metadataSql(metadata.configuration, shape, reader.column, withFileNumbers);
    selected.push(named(packed, METADATA_COLUMN));
  }
  const joins = [
    ...(perFile
      ? [`JOIN (FROM ${table} WHERE group_index = ${index}) AS f ON r.file_index = f.file_index`]
      : []),
    ...(deleted === undefined || deleted.mask !== undefined ? [] : [withoutDeleted(deleted)]),
  ];
  const conditions = [
    // The engine skips row groups by it: all that lie outside.
    ...(rows === undefined ? [] : [`r.file_row_number BETWEEN ${rows.from} AND ${rows.to - 1}`]),
    ...(deleted?.mask === undefined ? [] : [isNotMasked(deleted.mask)]),
  ];
  const rest = [...joins, ...(conditions.length === 0 ? [] : [`WHERE ${conditions.join(" AND ")}`])];
  return `SELECT ${selected.join(", ")} FROM ${reader.sql} AS r ${rest.join(" ")}`;
}

/** A partition column's source by its field; the metadata may spell its name in another case. */
function partitionOf(
  field: StructField,
  schema: StructType,
  partitions: ReadonlyMap<string, PartitionColumn>,
): PartitionColumn | undefined {
  const own = partitions.get(field.name);
  if (own !== undefined) return own;
  return [...partitions].find(([name]) => findField(schema, name) === field)?.[1];
}

function named(sql: string, name: string): string {
  return `${sql} AS ${quoteIdentifier(name)}`;
}

interface Reader {
  readonly sql: string;
  /** The SQL of a column of the shape, by its place. */
  readonly column: (index: number) => string;
}

/**
 * @param renamed all columns get other names, since one hides a column of the engine's that is needed. That
 * costs the engine its statistics of the columns, about a tenth of an aggregate's time.
 */
function readerOf({ fields }: FileShape, list: string, renamed: boolean): Reader {
  if (!renamed) {
    const column = (index: number): string => `r.${quoteIdentifier(fields[index]?.name ?? "")}`;
    // Writers pass over NaN in their statistics, and to the engine it is the greatest number: it skips row
    // groups that have one unless it is told that they may.
    const options = mayHoldNan(fields) ? ", can_have_nan = true" : "";
    return { sql: `read_parquet(${list}, hive_partitioning = false${options})`, column };
  }
  const mapping = fields.map(({ name, type }, index) => {
    const text = quoteString(fileTypeText(type));
    return `${quoteString(name)}: {name: 'c${index}', type: ${text}, default_value: NULL}`;
  });
  return {
    sql: `read_parquet(${list}, schema = MAP {${mapping.join(", ")}})`,
    column: (index) => `r.c${index}`,
  };
}

function mayHoldNan(fields: FileShape["fields"]): boolean {
  return fields.some(({ type }) => /\b(FLOAT|DOUBLE)\b/.test(fileTypeText(type)));
}

/** Bits of a row's index in the key of a deleted row; the file's number is above them. */
const ROW_INDEX_BITS = 40;

/** A look at the row's bit. */
function isNotMasked(mask: string): string {
  return `get_bit(${mask}, r.file_row_number::INTEGER) = 0`;
}

/** An anti join: the engine probes one key of 64 bits. */
function withoutDeleted({ table, first, files }: DeletedRows): string {
  if (files === 1) {
    return `ANTI JOIN (SELECT row_index FROM ${table} WHERE file_index = ${first}) AS d ON r.file_row_number = d.row_index`;
  }
  const rows = `SELECT ((file_index - ${first})::BIGINT << ${ROW_INDEX_BITS}) | row_index AS place FROM ${table} WHERE file_index BETWEEN ${first} AND ${first + files - 1}`;
  return `ANTI JOIN (${rows}) AS d ON ((r.file_index::BIGINT << ${ROW_INDEX_BITS}) | r.file_row_number) = d.place`;
}

function partitionSql(field: StructField, partition: PartitionColumn): string {
  switch (partition.kind) {
    case "unused":
      return nullOf(field.type);
    case "constant":
      return partition.text === null
        ? nullOf(field.type)
        : charPaddedSql(partitionValueSql(field.type)(quoteString(partition.text)), field);
    case "per-file":
      return charPaddedSql(
        partitionValueSql(field.type)(`f.partition_values[${quoteString(partition.key)}]`),
        field,
      );
  }
}

function misfitError({ path, fileType, tableType }: TypeMisfit): LakeError {
  const table = typeText(tableType);
  return new LakeError(
    "corrupt",
    "data-file-type",
    `column "${path}" is ${fileType} in a data file, which is not read as the table's ${engineTypeText(tableType)}`,
    {
      context: { column: path, fileType, tableType: table },
      hint: "The file was written with another schema. Leave the column out of the query, or rewrite the table.",
    },
  );
}

function engineTypeText(type: StructField["type"]): string {
  return `${typeText(type)} (${engineType(type)})`;
}
