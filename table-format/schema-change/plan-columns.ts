import { isLakeError, type JsonObject, LakeError, stringifyJson } from "../../core/index.js";
import { columnMappingMode, type StructField, type StructType } from "../schema/index.js";
import type { Alteration, AlteredParts, TableState } from "./alteration.js";
import { CLUSTERING_DOMAIN, isClusteredBy } from "./clustering.js";
import { addColumns, type ColumnPosition, dropColumn, renameColumn, requireField } from "./column-changes.js";
import { mapNewColumns } from "./column-mapping.js";
import { checkUnused } from "./dependents.js";
import { type FieldPath, findPath, pathText } from "./field-path.js";
import { followColumn } from "./statistics-property.js";

/** ADD COLUMNS: the rows that are there hold NULL in them. @throws LakeError as `addColumns`. */
export function planAddedColumns(
  { schema, metadata }: TableState,
  { columns }: Alteration & { kind: "add-columns" },
  newUuid: () => string,
): AlteredParts {
  const added = addColumns(schema, columns);
  const log = columns.map(({ path, type, comment, position }) => ({
    column: columnLog(path, {
      name: "",
      type,
      nullable: true,
      metadata: comment === undefined ? {} : { comment },
    }),
    ...(position === undefined ? {} : { position: positionText(position) }),
  }));
  return {
    ...mapNewColumns(added, metadata.configuration, () => `col-${newUuid()}`),
    operation: "ADD COLUMNS",
    parameters: { columns: stringifyJson(log) },
  };
}

/**
 * RENAME COLUMN. Data files keep the physical name, so this needs column mapping.
 *
 * @throws LakeError `invalid-input` without column mapping, or while a rule of the table names the column.
 */
export function planRenamedColumn(
  { schema, metadata }: TableState,
  { column, to }: Alteration & { kind: "rename-column" },
): AlteredParts {
  const { configuration, partitionColumns } = metadata;
  checkMapped(configuration, "rename");
  requireField(schema, column, "rename");
  const { path } = findPath(schema, column);
  checkUnused(schema, configuration, path, `rename ${pathText(path)}`);
  const newPath = [...path.slice(0, -1), to];
  return {
    schema: renameColumn(schema, path, to),
    configuration: followColumn(configuration, path, to),
    partitionColumns: partitionColumns.map((name) => (path.length === 1 && name === path[0] ? to : name)),
    operation: "RENAME COLUMN",
    parameters: { oldColumnPath: pathText(path), newColumnPath: pathText(newPath) },
  };
}

/**
 * DROP COLUMNS; `undefined` when none of them is there and that is allowed. Data files keep what they hold
 * of them, so this needs column mapping.
 *
 * @throws LakeError `invalid-input` without column mapping, for a column that the table is partitioned or
 *   clustered by, or while a rule of the table names it.
 */
export function planDroppedColumns(
  state: TableState,
  { columns, ifExists }: Alteration & { kind: "drop-columns" },
): AlteredParts | undefined {
  let { schema, configuration } = { schema: state.schema, configuration: state.metadata.configuration };
  checkMapped(configuration, "drop");
  const present = columns.filter((column) => !ifExists || exists(schema, column));
  if (present.length === 0) return undefined;
  const dropped: FieldPath[] = [];
  for (const column of present) {
    requireField(schema, column, "drop");
    const { path } = findPath(schema, column);
    checkDroppable(state, schema, path);
    schema = dropColumn(schema, path);
    configuration = followColumn(configuration, path, undefined);
    dropped.push(path);
  }
  for (const path of dropped) checkUnused(schema, configuration, path, `drop ${pathText(path)}`);
  return {
    schema,
    configuration,
    operation: "DROP COLUMNS",
    parameters: { columns: stringifyJson(dropped.map(pathText)) },
  };
}

function checkDroppable({ metadata, domains }: TableState, schema: StructType, path: FieldPath): void {
  const problem =
    path.length === 1 && metadata.partitionColumns.includes(path[0] ?? "")
      ? "partitioned"
      : isClusteredBy(schema, metadata.configuration, domains.get(CLUSTERING_DOMAIN), path)
        ? "clustered"
        : undefined;
  if (problem === undefined) return;
  throw new LakeError(
    "invalid-input",
    "column-in-use",
    `cannot drop ${pathText(path)}: the table is ${problem} by it`,
    {
      context: { column: pathText(path) },
      ...(problem === "clustered"
        ? { hint: "Change the clustering first: ALTER TABLE ... CLUSTER BY." }
        : {}),
    },
  );
}

function exists(schema: StructType, path: FieldPath): boolean {
  try {
    findPath(schema, path);
    return true;
  } catch (error) {
    if (isLakeError(error, "invalid-input") && error.code === "column-not-found") return false;
    throw error;
  }
}

function checkMapped(configuration: Readonly<Record<string, string>>, doing: "rename" | "drop"): void {
  if (columnMappingMode(configuration) !== "none") return;
  throw new LakeError(
    "invalid-input",
    "column-mapping-needed",
    `cannot ${doing} a column without column mapping: the data files hold the columns by these names`,
    {
      hint: "Turn it on first: ALTER TABLE ... SET TBLPROPERTIES ('delta.columnMapping.mode' = 'name'). Programs that do not know column mapping then no longer open the table.",
    },
  );
}

/** A column as the history tells of it. */
export function columnLog(path: FieldPath, field: StructField): JsonObject {
  const { type, nullable, metadata } = field;
  const typeName = type.type === "decimal" ? `decimal(${type.precision},${type.scale})` : type.type;
  return { name: pathText(path), type: typeName, nullable, metadata };
}

export function positionText(position: ColumnPosition): string {
  return position.kind === "first" ? "FIRST" : `AFTER ${pathText([position.name])}`;
}
