import { type ColumnMappingMode, physicalName } from "./fields.js";
import { storedFields } from "./physical-columns.js";
import type { DataType, StructField, StructType } from "./types.js";

/**
 * A schema as data files have it: every field under its physical name, at every depth
 * (PROTOCOL.md, "Column Mapping"). Columns of type `void`, which files do not hold, are left out.
 *
 * @throws LakeError `corrupt` when columns are mapped and a field has no physical name.
 */
export function physicalSchema(
  schema: StructType,
  partitionColumns: readonly string[],
  mode: ColumnMappingMode,
): StructType {
  const fields = schema.fields.filter((field) => !partitionColumns.includes(field.name));
  return { type: "struct", fields: physicalFields(fields, mode) };
}

function physicalFields(fields: readonly StructField[], mode: ColumnMappingMode): StructField[] {
  return storedFields(fields).map((field) => ({
    ...field,
    name: physicalName(field, mode),
    type: physicalType(field.type, mode),
  }));
}

function physicalType(type: DataType, mode: ColumnMappingMode): DataType {
  switch (type.type) {
    case "struct":
      return { type: "struct", fields: physicalFields(type.fields, mode) };
    case "array":
      return { ...type, elementType: physicalType(type.elementType, mode) };
    case "map":
      return {
        ...type,
        keyType: physicalType(type.keyType, mode),
        valueType: physicalType(type.valueType, mode),
      };
    default:
      return type;
  }
}
