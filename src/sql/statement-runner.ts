import { LakeError } from "../../core/index.js";
import { type AsOfValue, asOfQuery, asOfValue } from "./as-of.js";
import type { CatalogStatements } from "./catalog-statements.js";
import type { VersionClause } from "./ddl/table-statement.js";
import { explainedScans } from "./explain.js";
import type { QueryPlanner } from "./query-planner.js";
import type { SqlResult } from "./result.js";
import {
  checkInside,
  checkTransactions,
  type SqlTransaction,
  type StatementScope,
  transactionProblem,
} from "./sql-transaction.js";
import {
  committed,
  detailRows,
  historyRows,
  NO_RESULT,
  type ResultRows,
  rowsChanged,
  tableChanged,
} from "./statement-results.js";
import { parseScript, type Statement } from "./statements.js";
import type { StatementOptions } from "./table-statements.js";

/** Runs statements: each kind in its own way, a query through the planner. */
export class StatementRunner {
  readonly #catalog: CatalogStatements;
  readonly #lake: StatementScope;
  readonly #begin: (options: StatementOptions) => SqlTransaction;

  /** @param begin opens a transaction */
  constructor(
    catalog: CatalogStatements,
    lake: StatementScope,
    begin: (options: StatementOptions) => SqlTransaction,
  ) {
    this.#catalog = catalog;
    this.#lake = lake;
    this.#begin = begin;
  }

  /** Runs the one statement of a text. */
  async run(text: string, options: StatementOptions): Promise<SqlResult> {
    const statement = oneStatement(text);
    if (isTransactionWord(statement)) {
      throw transactionProblem(`${statement.kind.toUpperCase()} does nothing by itself`);
    }
    return this.#statement(statement, this.#lake, options);
  }

  /** Runs the one statement of a text as part of a transaction. */
  async runWithin(transaction: StatementScope, text: string, options: StatementOptions): Promise<SqlResult> {
    const statement = oneStatement(text);
    if (isTransactionWord(statement)) {
      throw transactionProblem(`${statement.kind.toUpperCase()} stands inside a transaction`);
    }
    checkInside(statement, transactionProblem);
    return this.#statement(statement, transaction, options);
  }

  /**
   * Runs statements in turn. Those between BEGIN and COMMIT are committed together; when one of them fails, or
   * nobody asks for the next, nothing of them is.
   */
  async *script(text: string, options: StatementOptions): AsyncGenerator<SqlResult, void, undefined> {
    const statements = parseScript(text);
    checkTransactions(text, statements);
    checkApplication(statements, options);
    let open: SqlTransaction | undefined;
    try {
      for (const statement of statements) {
        let result: SqlResult;
        if (statement.kind === "begin") {
          open = this.#begin(options);
          result = await this.#rows(NO_RESULT);
        } else if (open !== undefined && isTransactionWord(statement)) {
          const ending = open;
          open = undefined;
          result = await this.#rows(await endOf(ending, statement.kind, options.signal));
        } else {
          result = await this.#statement(statement, open ?? this.#lake, options);
        }
        try {
          yield result;
        } finally {
          await result.close();
        }
      }
    } finally {
      await open?.rollback();
    }
  }

  async #statement(
    statement: Statement,
    scope: StatementScope,
    options: StatementOptions,
  ): Promise<SqlResult> {
    switch (statement.kind) {
      case "query":
        return scope.planner.query(statement.query, options);
      case "explain":
        if (statement.prefix.toLowerCase() !== "explain") {
          return scope.planner.explainByEngine(statement.query, statement.prefix, options);
        }
        return this.#rows(explainedScans(await scope.planner.scans(statement.query, options)));
      case "create-view":
        return this.#rows(await this.#catalog.createView(statement, options));
      default:
        return this.#rows(await this.#change(statement, scope, options).catch(withoutPlace));
    }
  }

  async #change(
    statement: Exclude<Statement, { readonly kind: "query" | "explain" | "create-view" }>,
    { planner, tables }: StatementScope,
    options: StatementOptions,
  ): Promise<ResultRows> {
    switch (statement.kind) {
      case "drop-view":
        return this.#catalog.dropView(statement.name, statement.ifExists);
      case "show-tables":
        return this.#catalog.showTables(statement.namespace);
      case "show-namespaces":
        return this.#catalog.showNamespaces();
      case "drop-table":
        return this.#catalog.dropTable(statement.table, statement.ifExists, options);
      case "rename-table":
        return this.#catalog.renameTable(statement.table, statement.to, options);
      case "create-table":
        return tableChanged(await tables.createTable(statement, options));
      case "create-table-as":
        return rowsChanged(await tables.createTableAs(statement, options));
      case "alter-table":
        return tableChanged(await tables.alterTable(statement.table, statement.alteration, options));
      case "comment":
        return tableChanged(await tables.comment(statement, options));
      case "insert":
        return rowsChanged(await tables.insert(statement, options));
      case "update":
        return rowsChanged(await tables.update(statement, options));
      case "delete":
        return rowsChanged(await tables.delete(statement, options));
      case "merge":
        return rowsChanged(await tables.merge(statement, options));
      case "truncate":
        return rowsChanged(await tables.truncate(statement.table, options));
      case "restore": {
        const to = await versionOf(planner, statement.to, options);
        return tableChanged(await tables.restore(statement.table, to, options));
      }
      case "optimize":
        return tableChanged(await tables.optimize(statement.table, options));
      case "describe-history":
        return historyRows(await tables.history(statement.table, statement.limit, options.signal));
      case "describe-detail":
        return detailRows(await tables.detail(statement.table));
      case "begin":
      case "commit":
      case "rollback":
        return NO_RESULT;
    }
  }

  #rows({ columns, rows }: ResultRows): Promise<SqlResult> {
    return this.#lake.planner.constant(columns, rows);
  }
}

function oneStatement(text: string): Statement {
  const [statement, ...more] = parseScript(text);
  if (statement !== undefined && more.length === 0) return statement;
  throw new LakeError(
    "invalid-input",
    "sql-statement",
    `expected one statement, found ${more.length + (statement === undefined ? 0 : 1)}`,
    {
      hint: "Use script() for several.",
    },
  );
}

function isTransactionWord(
  statement: Statement,
): statement is Extract<Statement, { readonly kind: "begin" | "commit" | "rollback" }> {
  return ["begin", "commit", "rollback"].includes(statement.kind);
}

async function endOf(
  transaction: SqlTransaction,
  kind: "begin" | "commit" | "rollback",
  signal: AbortSignal | undefined,
): Promise<ResultRows> {
  if (kind === "commit") return committed(await transaction.commit(signal));
  await transaction.rollback();
  return NO_RESULT;
}

async function versionOf(
  planner: QueryPlanner,
  clause: VersionClause,
  options: StatementOptions,
): Promise<AsOfValue> {
  const query = { text: asOfQuery(clause), offset: 0 };
  const [row] = await (await planner.query(query, options)).toArray();
  return asOfValue(clause, row?.["value"] ?? null);
}

const CHANGES_ROWS: ReadonlySet<Statement["kind"]> = new Set([
  "create-table-as",
  "insert",
  "update",
  "delete",
  "merge",
  "truncate",
  "restore",
  "optimize",
]);

/**
 * An application commits a version of its own once: a second statement of the same version would be taken for one
 * that has been there before.
 *
 * @throws LakeError `invalid-input` for a script that changes rows more than once outside of a transaction.
 */
function checkApplication(statements: readonly Statement[], { application }: StatementOptions): void {
  if (application === undefined) return;
  let inside = false;
  let commits = 0;
  for (const { kind } of statements) {
    if (kind === "begin" || kind === "commit" || kind === "rollback") {
      inside = kind === "begin";
      if (inside) commits++;
    } else if (!inside && CHANGES_ROWS.has(kind)) commits++;
  }
  if (commits <= 1) return;
  throw new LakeError(
    "invalid-input",
    "sql-application",
    `a version of the application ${application.appId} is for one commit, and the script makes ${commits}`,
    { hint: "Put the statements between BEGIN and COMMIT, or run them with a version each." },
  );
}

/** A place in a part of a statement is none in the text that the user wrote. */
function withoutPlace(error: unknown): never {
  if (!(error instanceof LakeError) || error.context["position"] === undefined) throw error;
  const { position: _, ...context } = error.context;
  throw new LakeError(error.kind, error.code, error.message, {
    context,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
