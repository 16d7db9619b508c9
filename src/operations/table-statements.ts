import { DEFAULT_NAMESPACE, tableName } from "../../catalog/index.js";
import type { Alteration } from "../../table-format/index.js";
import type { CreateTable } from "../sql/ddl/table-statement.js";
import type { QueryOptions } from "../sql/query-expander.js";
import type { TableName } from "../sql/statement-reader.js";
import type { TableStatements } from "../sql/table-statements.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { ResolvedTable, TableResolver, Target } from "../table-resolver.js";
import { alterTable } from "./alter-table.js";
import { AutoCommit } from "./auto-commit.js";
import { createTable } from "./create-table.js";
import { deleteOperation } from "./delete-rows.js";
import type { RowChangeContext } from "./table-change.js";
import { doneOnly } from "./table-operation.js";

/** Finds the tables that statements name, and changes them. */
export class LakeTableStatements implements TableStatements {
  readonly #resolver: TableResolver;
  readonly #context: RowChangeContext;

  constructor(resolver: TableResolver, context: RowChangeContext) {
    this.#resolver = resolver;
    this.#context = context;
  }

  createTable(statement: CreateTable, signal: AbortSignal | undefined): Promise<TableChangeReport> {
    const { ifNotExists, definition } = statement;
    const target = targetOf(statement.table);
    const findTarget = (): ReturnType<TableResolver["forNewTable"]> => this.#resolver.forNewTable(target);
    return createTable(this.#context, findTarget, target.kind === "name", definition, {
      ifNotExists,
      signal,
    });
  }

  async alterTable(
    name: TableName,
    alteration: Alteration,
    signal: AbortSignal | undefined,
  ): Promise<TableChangeReport> {
    return alterTable(this.#context, await this.#resolve(name), alteration, signal);
  }

  async deleteRows(
    name: TableName,
    where: string | undefined,
    { parameters, signal }: QueryOptions,
  ): Promise<TableChangeReport> {
    const target = await this.#resolve(name);
    const operation = deleteOperation(this.#context, target, { where, parameters, signal });
    const report = doneOnly(await new AutoCommit(this.#context).run(target, operation, { signal }));
    return {
      table: report.table,
      version: report.version,
      operation: "DELETE",
      changed: report.rowsDeleted > 0n,
      featuresAdded: [],
      notes: [`${report.rowsDeleted} ${report.rowsDeleted === 1n ? "row" : "rows"} deleted`],
    };
  }

  async #resolve(name: TableName): Promise<ResolvedTable> {
    const target = targetOf(name);
    return target.kind === "path" ? this.#resolver.byPath(target.path) : this.#resolver.byName(target.name);
  }
}

function targetOf(table: TableName): Target {
  return table.kind === "path"
    ? table
    : { kind: "name", name: tableName(table.name, table.namespace ?? DEFAULT_NAMESPACE) };
}
