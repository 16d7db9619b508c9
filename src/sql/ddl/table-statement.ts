import type { TableDefinition } from "../../../table-format/index.js";
import type { TableName } from "../statement-reader.js";

/** What CREATE TABLE says. */
export interface CreateTable {
  readonly table: TableName;
  readonly definition: TableDefinition;
  readonly ifNotExists: boolean;
}
