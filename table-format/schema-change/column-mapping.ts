import { LakeError } from "../../core/index.js";
import {
  type ColumnMappingMode,
  columnMappingMode,
  type DataType,
  type StructField,
  type StructType,
} from "../schema/index.js";

export const COLUMN_ID = "delta.columnMapping.id";
export const PHYSICAL_NAME = "delta.columnMapping.physicalName";
const MAX_COLUMN_ID = "delta.columnMapping.maxColumnId";

/** A schema with its columns mapped, and the table properties that go with it. */
export interface MappedSchema {
  readonly schema: StructType;
  readonly configuration: Readonly<Record<string, string>>;
}

/** Makes up the physical name of a new column: `col-` and a UUID, as delta-spark names them. */
export type NewPhysicalName = () => string;

/**
 * Gives an id and a physical name to every field that has none, at every depth, parents before their
 * fields, and says the greatest id in `delta.columnMapping.maxColumnId` (PROTOCOL.md, "Writer Requirements
 * for Column Mapping"). Without column mapping nothing is changed.
 */
export function mapNewColumns(
  schema: StructType,
  configuration: Readonly<Record<string, string>>,
  newName: NewPhysicalName,
): MappedSchema {
  if (columnMappingMode(configuration) === "none") return { schema, configuration };
  return mapColumns(schema, configuration, newName);
}

/**
 * Turns column mapping on, by setting `delta.columnMapping.mode`. The columns of a table that exists keep
 * their names as physical ones, because its data files have them.
 *
 * @param configuration the properties as they are to be, the new mode among them
 * @param before the mode that the table has; `undefined` for a table that is to be created
 * @throws LakeError `invalid-input` for a change of mode that the protocol does not have.
 */
export function changeMappingMode(
  schema: StructType,
  configuration: Readonly<Record<string, string>>,
  before: ColumnMappingMode | undefined,
  newName: NewPhysicalName,
): MappedSchema {
  const mode = columnMappingMode(configuration);
  if (before === undefined) return mapNewColumns(schema, configuration, newName);
  if (mode === before) return { schema, configuration };
  if (before !== "none" || mode !== "name") throw impossibleChange(before, mode);
  return mapColumns(schema, configuration, (field) => field.name);
}

function mapColumns(
  schema: StructType,
  configuration: Readonly<Record<string, string>>,
  nameOf: (field: StructField) => string,
): MappedSchema {
  let last = Math.max(Number(configuration[MAX_COLUMN_ID] ?? 0), ...columnIdsOf(schema));
  const mapped = (field: StructField): StructField => {
    const metadata = {
      ...field.metadata,
      [COLUMN_ID]: field.metadata[COLUMN_ID] ?? ++last,
      [PHYSICAL_NAME]: field.metadata[PHYSICAL_NAME] ?? nameOf(field),
    };
    return { ...field, metadata, type: mapFields(field.type, mapped) };
  };
  const fields = schema.fields.map(mapped);
  return {
    schema: { ...schema, fields },
    configuration: { ...configuration, [MAX_COLUMN_ID]: String(last) },
  };
}

/** A type with every field of its structs changed. */
export function mapFields(type: DataType, change: (field: StructField) => StructField): DataType {
  switch (type.type) {
    case "struct":
      return { ...type, fields: type.fields.map(change) };
    case "array":
      return { ...type, elementType: mapFields(type.elementType, change) };
    case "map":
      return {
        ...type,
        keyType: mapFields(type.keyType, change),
        valueType: mapFields(type.valueType, change),
      };
    default:
      return type;
  }
}

function columnIdsOf(schema: StructType): number[] {
  const ids: number[] = [];
  const visit = (field: StructField): StructField => {
    const id = field.metadata[COLUMN_ID];
    if (typeof id === "number" || typeof id === "bigint") ids.push(Number(id));
    return { ...field, type: mapFields(field.type, visit) };
  };
  mapFields(schema, visit);
  return ids;
}

function impossibleChange(before: ColumnMappingMode, after: ColumnMappingMode): LakeError {
  const why =
    after === "none"
      ? "the data files would have to be written again with the table's own names"
      : before === "none"
        ? "the data files of a table that exists carry no column ids; only a new table can have mode id"
        : "the data files were written for the mode that the table has";
  return new LakeError(
    "invalid-input",
    "column-mapping-change",
    `delta.columnMapping.mode cannot go from ${before} to ${after}: ${why}`,
    { context: { from: before, to: after } },
  );
}
