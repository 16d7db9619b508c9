export { type DeltaTypeOfEngine, deltaTypeOfEngine, engineType } from "./engine-type.js";
export {
  type ColumnMappingMode,
  checkNewSchema,
  columnMappingMode,
  findField,
  foldCase,
  namesSparkRefuses,
  physicalName,
} from "./fields.js";
export {
  type ColumnPlan,
  type NewField,
  type PlannedColumn,
  planColumns,
  type SchemaMode,
  type SourceColumn,
} from "./plan-columns.js";
export { parseSchema, serializeSchema } from "./schema-string.js";
export {
  type ArrayType,
  type DataType,
  type DecimalType,
  type MapType,
  newField,
  type PrimitiveName,
  type PrimitiveType,
  type StructField,
  type StructType,
  typeText,
} from "./types.js";
