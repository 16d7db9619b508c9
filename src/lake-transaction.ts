import { type Logger, messageOf } from "../core/index.js";
import { LakeChanges } from "./operations/lake-changes.js";
import { OncePerTable } from "./operations/once-per-table.js";
import type { ApplicationTransaction } from "./operations/table-operation.js";
import { LakeTableStatements } from "./operations/table-statements.js";
import { OpenTransaction, type TransactionLake } from "./operations/transaction/open-transaction.js";
import type { QueryOptions } from "./sql/query-expander.js";
import type { QueryPlanner } from "./sql/query-planner.js";
import type { SqlResult } from "./sql/result.js";
import type { SqlTransaction, TableVersion } from "./sql/sql-transaction.js";
import type { StatementRunner } from "./sql/statement-runner.js";
import type { TableStatements } from "./sql/table-statements.js";
import type { TableResolver } from "./table-resolver.js";
import { WritableTable } from "./writable-table.js";

/** An open transaction with everything that is done in it. */
export class TransactionScope implements SqlTransaction {
  readonly planner: QueryPlanner;
  readonly tables: TableStatements;
  readonly changes: LakeChanges;
  readonly #transaction: OpenTransaction;
  readonly #logger: Logger;

  /** @param application for which the transaction is; each table is skipped that it changed before */
  constructor(lake: TransactionLake, application: ApplicationTransaction | undefined) {
    const transaction = new OpenTransaction(lake);
    const context = { clock: lake.clock, logger: lake.logger, rows: transaction.rows };
    const runner = application === undefined ? transaction : new OncePerTable(transaction, application);
    this.#transaction = transaction;
    this.#logger = lake.logger;
    this.planner = transaction.rows;
    this.changes = new LakeChanges(context, runner, { inTransaction: true });
    this.tables = new LakeTableStatements(lake.resolver, this.changes);
  }

  async commit(signal: AbortSignal | undefined): Promise<readonly TableVersion[]> {
    const { tables } = await this.#transaction.commit(signal);
    return tables;
  }

  async rollback(): Promise<void> {
    try {
      await this.#transaction.rollback();
    } catch (error) {
      // It is rolled back all the same: what nobody commits is not in a log.
      this.#logger.warn(`files of a transaction that was rolled back are left behind: ${messageOf(error)}`);
    }
  }
}

export interface TransactionOptions {
  /** A job that runs twice writes once: tables that this application has changed, by its version, are left alone. */
  readonly application?: ApplicationTransaction | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is done between the beginning of a transaction and its end. Use {@link Lake.transaction}. */
export class LakeTransaction {
  readonly #scope: TransactionScope;
  readonly #statements: StatementRunner;
  readonly #resolver: TableResolver;

  constructor(scope: TransactionScope, statements: StatementRunner, resolver: TableResolver) {
    this.#scope = scope;
    this.#statements = statements;
    this.#resolver = resolver;
  }

  /**
   * Runs one statement, which sees what those before it did. Read or close its result before the transaction ends.
   *
   * @throws LakeError `invalid-input` for a statement that cannot be part of a transaction.
   */
  sql(text: string, options: QueryOptions = {}): Promise<SqlResult> {
    return this.#statements.runWithin(this.#scope, text, options);
  }

  /** @throws LakeError `not-found` when the catalog has no such table. */
  async table(name: string): Promise<WritableTable> {
    return new WritableTable(await this.#resolver.resolve(name), this.#scope.changes);
  }
}
