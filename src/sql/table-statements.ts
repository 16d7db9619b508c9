import type { Alteration } from "../../table-format/index.js";
import type { HistoryEntry, TableDetail } from "../table.js";
import type { RowChangeReport, TableChangeReport } from "../table-change-report.js";
import type { AsOfValue } from "./as-of.js";
import type { CommentOn, CreateTable, CreateTableAs } from "./ddl/table-statement.js";
import type { Delete, Insert, Merge, Update } from "./dml/row-statements.js";
import type { QueryOptions } from "./query-expander.js";
import type { TableName } from "./statement-reader.js";

export interface StatementOptions extends QueryOptions {
  /** For whom rows are changed: what it did before, by its version, is not done again. */
  readonly application?: { readonly appId: string; readonly version: bigint } | undefined;
}

/** Runs the statements that change tables, or tell about them. What they do is not the concern of SQL. */
export interface TableStatements {
  createTable(statement: CreateTable, options: StatementOptions): Promise<TableChangeReport>;
  createTableAs(statement: CreateTableAs, options: StatementOptions): Promise<RowChangeReport>;
  alterTable(table: TableName, alteration: Alteration, options: StatementOptions): Promise<TableChangeReport>;
  comment(statement: CommentOn, options: StatementOptions): Promise<TableChangeReport>;
  insert(statement: Insert, options: StatementOptions): Promise<RowChangeReport>;
  update(statement: Update, options: StatementOptions): Promise<RowChangeReport>;
  delete(statement: Delete, options: StatementOptions): Promise<RowChangeReport>;
  merge(statement: Merge, options: StatementOptions): Promise<RowChangeReport>;
  truncate(table: TableName, options: StatementOptions): Promise<RowChangeReport>;
  restore(table: TableName, to: AsOfValue, options: StatementOptions): Promise<TableChangeReport>;
  optimize(table: TableName, options: StatementOptions): Promise<TableChangeReport>;
  history(
    table: TableName,
    limit: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<HistoryEntry[]>;
  detail(table: TableName): Promise<TableDetail>;
}
