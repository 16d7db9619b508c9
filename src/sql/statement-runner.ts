import { type Catalog, DEFAULT_NAMESPACE, tableName } from "../../catalog/index.js";
import { isLakeError, LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { TableResolver } from "../table-resolver.js";
import { EXPLAIN_COLUMNS, explainRows } from "./explain.js";
import type { QueryOptions } from "./query-expander.js";
import type { QueryPlanner } from "./query-planner.js";
import type { SqlResult } from "./result.js";
import { parseScript, type Statement } from "./statements.js";
import type { TableStatements } from "./table-statements.js";

/** What a statement that changes a table gives: one row. */
const CHANGE_COLUMNS = [
  { name: "table", type: "VARCHAR" },
  { name: "version", type: "BIGINT" },
  { name: "operation", type: "VARCHAR" },
  { name: "notes", type: "VARCHAR" },
];

/** Runs statements: each kind in its own way, a query through the planner. */
export class StatementRunner {
  readonly #planner: QueryPlanner;
  readonly #resolver: TableResolver;
  readonly #catalog: Catalog;
  readonly #tables: TableStatements;

  constructor(planner: QueryPlanner, resolver: TableResolver, catalog: Catalog, tables: TableStatements) {
    this.#planner = planner;
    this.#resolver = resolver;
    this.#catalog = catalog;
    this.#tables = tables;
  }

  async run(text: string, options: QueryOptions): Promise<SqlResult> {
    const [statement, ...more] = parseScript(text);
    if (statement === undefined || more.length > 0) {
      throw new LakeError(
        "invalid-input",
        "sql-statement",
        `expected one statement, found ${more.length + (statement === undefined ? 0 : 1)}`,
        {
          hint: "Use script() for several.",
        },
      );
    }
    return this.#statement(statement, options);
  }

  async *script(text: string, options: QueryOptions): AsyncGenerator<SqlResult, void, undefined> {
    for (const statement of parseScript(text)) {
      const result = await this.#statement(statement, options);
      try {
        yield result;
      } finally {
        await result.close();
      }
    }
  }

  async #statement(statement: Statement, options: QueryOptions): Promise<SqlResult> {
    switch (statement.kind) {
      case "query":
        return this.#planner.query(statement.query, options);
      case "explain":
        return this.#explain(statement, options);
      case "create-view":
        return this.#createView(statement, options);
      case "drop-view":
        return this.#dropView(statement);
      case "show-tables":
        return this.#showTables(statement.namespace);
      case "show-namespaces":
        return this.#showNamespaces();
      case "create-table":
        return this.#changed(await this.#tables.createTable(statement, options.signal));
      case "alter-table":
        return this.#changed(
          await this.#tables.alterTable(statement.table, statement.alteration, options.signal),
        );
      case "delete":
        return this.#changed(await this.#tables.deleteRows(statement.table, statement.where?.text, options));
    }
  }

  #changed({ table, version, operation, changed, notes }: TableChangeReport): Promise<SqlResult> {
    const note = notes.length === 0 ? null : notes.join("; ");
    return this.#planner.constant(CHANGE_COLUMNS, [[table, version, changed ? operation : null, note]]);
  }

  async #explain(statement: Statement & { kind: "explain" }, options: QueryOptions): Promise<SqlResult> {
    if (statement.prefix.toLowerCase() !== "explain") {
      return this.#planner.explainByEngine(statement.query, statement.prefix, options);
    }
    const scans = await this.#planner.scans(statement.query, options);
    return this.#planner.constant(EXPLAIN_COLUMNS, explainRows(scans));
  }

  async #createView(
    statement: Statement & { kind: "create-view" },
    options: QueryOptions,
  ): Promise<SqlResult> {
    const { name, columns, query, temporary, orReplace, ifNotExists } = statement;
    const named = columns.length === 0 ? "" : `(${columns.map(quoteIdentifier).join(", ")})`;
    const sql = columns.length === 0 ? query.text : `SELECT * FROM (${query.text}\n) AS view${named}`;
    // A view that cannot be planned today is refused today.
    const result = await this.#planner.query(
      { text: sql, offset: columns.length === 0 ? query.offset : 0 },
      { signal: options.signal },
    );
    await result.close();
    const viewName = tableName(name.name, name.namespace ?? DEFAULT_NAMESPACE);
    if (temporary) {
      const key = name.name.toLowerCase();
      if (!this.#planner.temporaryViews.has(key) || orReplace) this.#planner.temporaryViews.set(key, sql);
      else if (!ifNotExists)
        throw new LakeError("already-exists", "view-exists", `there is a view ${name.name} already`);
      return this.#nothing();
    }
    try {
      await this.#catalog.createView(viewName, sql, { replace: orReplace });
    } catch (error) {
      if (!(ifNotExists && isLakeError(error, "already-exists"))) throw error;
    }
    return this.#nothing();
  }

  async #dropView(statement: Statement & { kind: "drop-view" }): Promise<SqlResult> {
    const { name, ifExists } = statement;
    if (name.namespace === undefined && this.#planner.temporaryViews.delete(name.name.toLowerCase()))
      return this.#nothing();
    try {
      await this.#catalog.dropView(tableName(name.name, name.namespace ?? DEFAULT_NAMESPACE));
    } catch (error) {
      if (!(ifExists && isLakeError(error, "not-found"))) throw error;
    }
    return this.#nothing();
  }

  async #showTables(namespace: string | undefined): Promise<SqlResult> {
    const tables = (await this.#resolver.list()).map(({ name }) => [name.namespace, name.name, "table"]);
    const views = this.#catalog.views().map((view) => [view.namespace, view.name, "view"]);
    const rows = [...tables, ...views].filter(
      ([in_]) => namespace === undefined || in_?.toLowerCase() === namespace.toLowerCase(),
    );
    return this.#planner.constant(
      ["namespace", "name", "kind"].map((name) => ({ name, type: "VARCHAR" })),
      rows.sort(([a = "", b = ""], [c = "", d = ""]) => (a === c ? (b < d ? -1 : 1) : a < c ? -1 : 1)),
    );
  }

  async #showNamespaces(): Promise<SqlResult> {
    await this.#catalog.refresh();
    return this.#planner.constant(
      [{ name: "namespace", type: "VARCHAR" }],
      this.#catalog.namespaces().map((namespace) => [namespace]),
    );
  }

  #nothing(): Promise<SqlResult> {
    return this.#planner.constant([], []);
  }
}
