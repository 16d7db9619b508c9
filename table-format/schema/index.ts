export type { Fit } from "./convert.js";
export { type DeltaTypeOfEngine, deltaTypeOfEngine, engineType } from "./engine-type.js";
export { type EngineField, type EngineType, engineText, parseEngineType } from "./engine-type-text.js";
export {
  type ColumnMappingMode,
  charLength,
  checkNewSchema,
  columnMappingMode,
  fieldId,
  findField,
  foldCase,
  maximumLength,
  namesSparkRefuses,
  physicalName,
} from "./fields.js";
export { type ColumnId, columnIds, physicalValueSql, storedFields } from "./physical-columns.js";
export { physicalSchema } from "./physical-type.js";
export {
  type ColumnPlan,
  extendSchema,
  type NewField,
  type PlannedColumn,
  planColumns,
  type SchemaMode,
  type SourceColumn,
  type WidenedType,
  type Widens,
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
