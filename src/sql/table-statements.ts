import type { Alteration } from "../../table-format/index.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { CreateTable } from "./ddl/table-statement.js";
import type { QueryOptions } from "./query-expander.js";
import type { TableName } from "./statement-reader.js";

/** Runs the statements that change tables. What they do is not the concern of SQL. */
export interface TableStatements {
  createTable(statement: CreateTable, signal: AbortSignal | undefined): Promise<TableChangeReport>;
  alterTable(
    table: TableName,
    alteration: Alteration,
    signal: AbortSignal | undefined,
  ): Promise<TableChangeReport>;
  /** @param where a condition; `undefined` for every row */
  deleteRows(table: TableName, where: string | undefined, options: QueryOptions): Promise<TableChangeReport>;
}
