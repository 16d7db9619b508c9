import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { Catalog } from "../../catalog/index.js";
import { type Logger, systemClock } from "../../core/index.js";
import { Engine, type Row } from "../../engine/index.js";
import { openStore, type StoreOpener } from "../../object-store/index.js";
import { AutoCommit } from "../../src/operations/auto-commit.js";
import { fsck } from "../../src/operations/fsck/fsck.js";
import { LakeChanges } from "../../src/operations/lake-changes.js";
import { type NewTable, tableDefinition } from "../../src/operations/table-definition.js";
import type { RunOptions } from "../../src/operations/table-operation.js";
import { OpenTransaction } from "../../src/operations/transaction/open-transaction.js";
import { alterationOf } from "../../src/sql/ddl/parse-texts.js";
import { QueryPlanner } from "../../src/sql/query-planner.js";
import { parseTarget, type ResolvedTable, TableResolver } from "../../src/table-resolver.js";
import type { Finding } from "../../table-format/index.js";

/** Changes of tables by name, in a commit of their own each or in a transaction. */
export class Changes {
  readonly planner: QueryPlanner;
  readonly #resolver: Pick<TableResolver, "resolve" | "forNewTable">;
  readonly #changes: LakeChanges;

  constructor(
    planner: QueryPlanner,
    resolver: Pick<TableResolver, "resolve" | "forNewTable">,
    changes: LakeChanges,
  ) {
    this.planner = planner;
    this.#resolver = resolver;
    this.#changes = changes;
  }

  async create(name: string, table: NewTable): Promise<void> {
    const find = (): Promise<ResolvedTable> => this.#resolver.forNewTable(parseTarget(name));
    await this.#changes.create(find, true, tableDefinition(table), {});
  }

  /** @returns whether it was done, and not skipped */
  async insert(
    name: string,
    query: string,
    { mode = "append", ...options }: RunOptions & { readonly mode?: "append" | "overwrite" } = {},
  ): Promise<boolean> {
    const insert = { columns: undefined, byName: false, mode: { kind: mode }, query, evolve: false };
    const target = await this.#resolver.resolve(name);
    const { status } = await this.#changes.insert(target, { ...insert, ...options });
    return status === "done";
  }

  async delete(name: string, where?: string): Promise<bigint> {
    const outcome = await this.#changes.delete(await this.#resolver.resolve(name), {
      where,
      alias: undefined,
    });
    return outcome.status === "done" ? outcome.result.rowsDeleted : 0n;
  }

  async update(name: string, column: string, value: string, where?: string): Promise<void> {
    await this.#changes.update(await this.#resolver.resolve(name), {
      alias: undefined,
      set: [{ column: [column], value }],
      where,
    });
  }

  /** @param change what follows the table in ALTER TABLE */
  async alter(name: string, change: string): Promise<void> {
    await this.#changes.alter(await this.#resolver.resolve(name), alterationOf(change), undefined);
  }

  async rows(text: string): Promise<Row[]> {
    const result = await this.planner.query({ text, offset: 0 }, {});
    return result.toArray();
  }
}

/** A lake with its parts at hand. */
export class LakeOfTransactions extends Changes {
  readonly folder: string;
  readonly catalog: Catalog;
  readonly resolver: TableResolver;
  readonly warnings: string[];
  readonly #engine: Engine;
  readonly #logger: Logger;

  private constructor(
    folder: string,
    catalog: Catalog,
    resolver: TableResolver,
    planner: QueryPlanner,
    engine: Engine,
    logger: Logger,
    warnings: string[],
  ) {
    const context = { clock: systemClock, logger, rows: planner };
    super(planner, resolver, new LakeChanges(context, new AutoCommit(context), { inTransaction: false }));
    this.folder = folder;
    this.catalog = catalog;
    this.resolver = resolver;
    this.warnings = warnings;
    this.#engine = engine;
    this.#logger = logger;
  }

  /** Opens the lake in a folder, as a process of its own would; it is closed when the running test is over. */
  static async open(folder: string, open: StoreOpener = openStore): Promise<LakeOfTransactions> {
    const warnings: string[] = [];
    const logger: Logger = { info: () => {}, warn: (message) => warnings.push(message) };
    const store = open(folder);
    const catalog = await Catalog.open(store, { logger });
    const engine = await Engine.open({ threads: 1 });
    const resolver = new TableResolver(store, open, catalog, engine, systemClock, logger);
    const planner = new QueryPlanner(engine, resolver, catalog);
    const lake = new LakeOfTransactions(folder, catalog, resolver, planner, engine, logger, warnings);
    onTestFinished(() => lake.close());
    return lake;
  }

  begin(): OpenTransaction & { readonly changes: Changes } {
    const { catalog, resolver, planner } = this;
    const transaction = new OpenTransaction({
      catalog,
      resolver,
      planner,
      clock: systemClock,
      logger: this.#logger,
    });
    const context = { clock: systemClock, logger: this.#logger, rows: transaction.rows };
    const changes = new LakeChanges(context, transaction, { inTransaction: true });
    return Object.assign(transaction, { changes: new Changes(transaction.rows, resolver, changes) });
  }

  /**
   * Changes by a writer that knows the tables and not the lake: it sees the newest versions, whatever is pending.
   */
  foreign(): Changes {
    const context = { clock: systemClock, logger: this.#logger, rows: this.planner };
    const bare = async (found: Promise<ResolvedTable>): Promise<ResolvedTable> => {
      const { label, location, table } = await found;
      return { label, location, table };
    };
    return new Changes(
      this.planner,
      {
        resolve: (text) => bare(this.resolver.resolve(text)),
        forNewTable: (target) => bare(this.resolver.forNewTable(target)),
      },
      new LakeChanges(context, new AutoCommit(context), { inTransaction: false }),
    );
  }

  /** What fsck finds in a table, deeply, but for files that a process left which was killed. */
  async findings(name: string): Promise<readonly Finding[]> {
    const report = await fsck(await this.resolver.resolve(name), systemClock, { deep: true });
    return report.findings.filter(({ code }) => code !== "orphan-files");
  }

  async folderOf(name: string): Promise<string> {
    return fileURLToPath((await this.resolver.resolve(name)).location);
  }

  async close(): Promise<void> {
    await this.resolver.close();
    await this.planner.close();
    await this.#engine.close();
  }
}
