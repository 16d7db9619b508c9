import {
  type Catalog,
  type TableName as CatalogName,
  DEFAULT_NAMESPACE,
  tableName,
} from "../../catalog/index.js";
import { isLakeError, LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";
import { shortName, type TableResolver } from "../table-resolver.js";
import type { CreateView } from "./ddl/parse-view.js";
import type { QueryOptions } from "./query-expander.js";
import type { QueryPlanner } from "./query-planner.js";
import type { QualifiedName } from "./statement-reader.js";
import { NO_RESULT, type ResultRows, tableChanged } from "./statement-results.js";

/** Runs the statements about names: of views, and of tables whatever is in them. */
export class CatalogStatements {
  readonly #planner: QueryPlanner;
  readonly #resolver: TableResolver;
  readonly #catalog: Catalog;

  constructor(planner: QueryPlanner, resolver: TableResolver, catalog: Catalog) {
    this.#planner = planner;
    this.#resolver = resolver;
    this.#catalog = catalog;
  }

  async createView(statement: CreateView, options: QueryOptions): Promise<ResultRows> {
    const { name, columns, query, temporary, orReplace, ifNotExists } = statement;
    const named = columns.length === 0 ? "" : `(${columns.map(quoteIdentifier).join(", ")})`;
    const sql = columns.length === 0 ? query.text : `SELECT * FROM (${query.text}\n) AS view${named}`;
    // A view that cannot be planned today is refused today.
    const result = await this.#planner.query(
      { text: sql, offset: columns.length === 0 ? query.offset : 0 },
      { signal: options.signal },
    );
    await result.close();
    if (temporary) {
      const key = name.name.toLowerCase();
      if (!this.#planner.temporaryViews.has(key) || orReplace) this.#planner.temporaryViews.set(key, sql);
      else if (!ifNotExists)
        throw new LakeError("already-exists", "view-exists", `there is a view ${name.name} already`);
      return NO_RESULT;
    }
    try {
      await this.#catalog.createView(catalogName(name), sql, { replace: orReplace });
    } catch (error) {
      if (!(ifNotExists && isLakeError(error, "already-exists"))) throw error;
    }
    return NO_RESULT;
  }

  async dropView(name: QualifiedName, ifExists: boolean): Promise<ResultRows> {
    if (name.namespace === undefined && this.#planner.temporaryViews.delete(name.name.toLowerCase()))
      return NO_RESULT;
    try {
      await this.#catalog.dropView(catalogName(name));
    } catch (error) {
      if (!(ifExists && isLakeError(error, "not-found"))) throw error;
    }
    return NO_RESULT;
  }

  /** The files of the table stay where they are. */
  async dropTable(name: QualifiedName, ifExists: boolean, { signal }: QueryOptions): Promise<ResultRows> {
    const table = catalogName(name);
    const operation = "DROP TABLE";
    const report = { table: shortName(table), version: undefined, operation };
    try {
      const { location } = await this.#resolver.byName(table);
      await this.#catalog.dropTable(table, { signal });
      return tableChanged({ ...report, changed: true, notes: [`its files stay at ${location}`] });
    } catch (error) {
      if (!(ifExists && isLakeError(error, "not-found"))) throw error;
      return tableChanged({ ...report, changed: false, notes: ["there was no such table"] });
    }
  }

  async renameTable(from: QualifiedName, to: QualifiedName, { signal }: QueryOptions): Promise<ResultRows> {
    const [before, after] = [catalogName(from), catalogName(to)];
    await this.#catalog.renameTable(before, after, { signal });
    return tableChanged({
      table: shortName(after),
      version: undefined,
      operation: "RENAME TABLE",
      changed: true,
      notes: [`it was called ${shortName(before)}`],
    });
  }

  async showTables(namespace: string | undefined): Promise<ResultRows> {
    const tables = (await this.#resolver.list()).map(({ name }) => [name.namespace, name.name, "table"]);
    const views = this.#catalog.views().map((view) => [view.namespace, view.name, "view"]);
    const rows = [...tables, ...views].filter(
      ([in_]) => namespace === undefined || in_?.toLowerCase() === namespace.toLowerCase(),
    );
    return {
      columns: ["namespace", "name", "kind"].map((name) => ({ name, type: "VARCHAR" })),
      rows: rows.sort(([a = "", b = ""], [c = "", d = ""]) => (a === c ? (b < d ? -1 : 1) : a < c ? -1 : 1)),
    };
  }

  async showNamespaces(): Promise<ResultRows> {
    await this.#catalog.refresh();
    return {
      columns: [{ name: "namespace", type: "VARCHAR" }],
      rows: this.#catalog.namespaces().map((namespace) => [namespace]),
    };
  }
}

function catalogName({ namespace, name }: QualifiedName): CatalogName {
  return tableName(name, namespace ?? DEFAULT_NAMESPACE);
}
