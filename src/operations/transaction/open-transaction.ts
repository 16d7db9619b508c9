import type { Catalog } from "../../../catalog/index.js";
import { type Clock, LakeError, type Logger } from "../../../core/index.js";
import type { DeltaTable } from "../../../table-format/index.js";
import { CommittedReadPoint, type LakeReads, type ReadPoint } from "../../lake-reads.js";
import type { QueryPlanner } from "../../sql/query-planner.js";
import { type ResolvedTable, type TableResolver, tableNotFound } from "../../table-resolver.js";
import { skippedBefore, stagedWith } from "../auto-commit.js";
import type { OperationOutcome, OperationRunner, RunOptions, TableOperation } from "../table-operation.js";
import { type CommittedTable, commitOne, commitSeveral } from "./commit-tables.js";
import { TableInTransaction } from "./table-in-transaction.js";

/** What a transaction needs of its lake. */
export interface TransactionLake {
  readonly catalog: Catalog;
  readonly resolver: TableResolver;
  readonly planner: QueryPlanner;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TransactionReport {
  /** The tables that it changed, with the versions that it made. */
  readonly tables: readonly CommittedTable[];
}

/**
 * Statements over any tables of a lake that are committed together or not at all. Each sees what those before it
 * did, and otherwise the lake of one moment, the first time that the transaction looked at it. What it wrote is
 * seen by nobody else before {@link commit}. A statement that fails leaves the transaction as it was.
 *
 * Nothing in it runs at the same time: what is started before the last one is done waits for it.
 */
export class OpenTransaction implements OperationRunner {
  /** Plans queries in which names mean what the transaction sees. */
  readonly rows: QueryPlanner;
  readonly #lake: TransactionLake;
  readonly #moment: CommittedReadPoint;
  readonly #tables = new Map<DeltaTable, Promise<TableInTransaction>>();
  #isOver = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(lake: TransactionLake) {
    this.#lake = lake;
    this.#moment = new CommittedReadPoint(lake.catalog, lake.resolver, lake.resolver.transactions);
    this.rows = lake.planner.within(new TransactionReads(this, this.#moment));
  }

  /**
   * Runs a statement within the transaction.
   *
   * @throws LakeError `invalid-input` when the transaction is over; `unsupported` where the statement cannot be in
   *   one commit with earlier ones.
   */
  run<R>(
    target: ResolvedTable,
    operation: TableOperation<R>,
    options: RunOptions = {},
  ): Promise<OperationOutcome<R>> {
    return this.#inTurn(() => this.#run(target, operation, options));
  }

  /**
   * Commits what the statements did: of one table by a commit, of several by one each, of which our readers see
   * all or none. The transaction is over, whatever this throws.
   *
   * @throws LakeError `conflict` when other writers changed what it stands on: then nothing is committed;
   *   `unavailable` when the store failed so that it may yet be committed.
   */
  commit(signal?: AbortSignal): Promise<TransactionReport> {
    return this.#inTurn(async () => {
      this.#isOver = true;
      const tables = await this.#touched();
      const changed = tables.filter(({ isChanged }) => isChanged);
      const [only, second] = changed;
      if (only === undefined) return { tables: [] };
      if (second === undefined) return { tables: [await commitOne(this.#lake, only, signal)] };
      return { tables: await commitSeveral(this.#lake, changed, signal) };
    });
  }

  /** Ends the transaction without a trace; one that is over stays as it is. */
  rollback(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return this.#inTurn(async () => {
      this.#isOver = true;
      for (const table of await this.#touched()) await table.discard();
    });
  }

  /** A table as the transaction sees it. */
  async see(resolved: ResolvedTable, signal?: AbortSignal): Promise<TableInTransaction> {
    const known = this.#tables.get(resolved.table);
    if (known !== undefined) return known;
    const seen = this.#moment
      .versionOf(resolved, signal)
      .then((base) => new TableInTransaction(resolved, base, this.rows));
    this.#tables.set(resolved.table, seen);
    try {
      return await seen;
    } catch (error) {
      this.#tables.delete(resolved.table);
      throw error;
    }
  }

  async #run<R>(
    target: ResolvedTable,
    operation: TableOperation<R>,
    { application, signal }: RunOptions,
  ): Promise<OperationOutcome<R>> {
    const table = await this.see(target, signal);
    const read = table.current;
    if (read !== undefined) target.table.checkWritable(read);
    const skipped = skippedBefore(read, application);
    if (skipped !== undefined) return skipped;
    const prepared = await operation.prepare(read);
    const staged = stagedWith(prepared, operation, application, this.#lake.clock);
    const files = prepared.status === "staged" ? prepared.files : undefined;
    const landed = staged && (await table.add(staged, files, this.#lake.clock.now(), signal));
    if (prepared.status === "nothing") return { status: "done", result: prepared.result };
    if (landed === undefined)
      throw new LakeError("internal", "nothing-staged", `${operation.name} staged nothing`);
    return { status: "done", result: prepared.result(landed) };
  }

  #touched(): Promise<TableInTransaction[]> {
    return Promise.all(this.#tables.values());
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#running.then(async () => {
      if (this.#isOver) throw transactionIsOver();
      return work();
    });
    this.#running = turn.catch(() => undefined);
    return turn;
  }
}

/** Names mean what the transaction sees. */
class TransactionReads implements LakeReads {
  readonly #transaction: OpenTransaction;
  readonly #moment: CommittedReadPoint;

  constructor(transaction: OpenTransaction, moment: CommittedReadPoint) {
    this.#transaction = transaction;
    this.#moment = moment;
  }

  begin(): ReadPoint {
    return {
      loadCatalog: (signal) => this.#moment.loadCatalog(signal),
      newest: async (resolved, signal) => {
        const { current } = await this.#transaction.see(resolved, signal);
        if (current === undefined) throw tableNotFound(resolved.label, []);
        return current;
      },
      // All versions are of one moment already.
      consistent: async () => new Map(),
    };
  }
}

function transactionIsOver(): LakeError {
  return new LakeError("invalid-input", "transaction-over", "the transaction is over", {
    hint: "Begin another one.",
  });
}
