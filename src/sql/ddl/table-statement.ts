import type { FieldPath, TableDefinition } from "../../../table-format/index.js";
import type { TableName } from "../statement-reader.js";

/** What CREATE TABLE says. */
export interface CreateTable {
  readonly table: TableName;
  readonly definition: TableDefinition;
  readonly ifNotExists: boolean;
}

/** What CREATE TABLE ... AS says of a table whose columns are those of a query. */
export interface CreateTableAs {
  readonly table: TableName;
  readonly definition: Omit<TableDefinition, "columns" | "constraints">;
  /** SQL of the engine; in it every `?` has become `$1`, `$2`, ... by its place in the statement. */
  readonly query: string;
  readonly ifNotExists: boolean;
  readonly orReplace: boolean;
}

/** A version as a statement names it: an expression, in which every `?` has become `$1`, `$2`, .... */
export interface VersionClause {
  readonly unit: "version" | "timestamp";
  readonly expression: string;
}

/** What RESTORE says. */
export interface Restore {
  readonly table: TableName;
  readonly to: VersionClause;
}

/** What COMMENT ON says. */
export interface CommentOn {
  readonly table: TableName;
  /** `undefined`: the comment is the table's. */
  readonly column: FieldPath | undefined;
  /** `undefined`: there is to be none. */
  readonly comment: string | undefined;
}
