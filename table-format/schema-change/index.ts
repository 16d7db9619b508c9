export type {
  Alteration,
  ColumnChange,
  PlannedChange,
  RowCheck,
  TableState,
} from "./alteration.js";
export { CLUSTERING_DOMAIN, clusteringColumns, logicalPath } from "./clustering.js";
export type { AddedColumn, ColumnPosition } from "./column-changes.js";
export { mapNewColumns } from "./column-mapping.js";
export type { IdentityDefinition } from "./column-rules.js";
export { checkConstraints } from "./dependents.js";
export { type EvolvedTable, grownTable, replacedColumns, schemaGrowth } from "./evolution.js";
export { type FieldPath, findPath, pathText } from "./field-path.js";
export { type ColumnDefinition, planNewTable, type TableDefinition } from "./new-table.js";
export { planAlteration } from "./plan-alteration.js";
export { replacedTable } from "./replaced-table.js";
