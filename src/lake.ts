import { homedir } from "node:os";
import { Catalog, type CatalogTable, type CatalogView, parseTableName } from "../catalog/index.js";
import { type Clock, type Logger, silentLogger, systemClock } from "../core/index.js";
import { Engine, type EngineOptions, type Parameters } from "../engine/index.js";
import type { RemoteSource } from "../formats/index.js";
import {
  LocalTier,
  type ObjectStore,
  openStore,
  type S3Options,
  type StoreOpener,
} from "../object-store/index.js";
import { type CacheOptions, tierOptions } from "./cache-options.js";
import type { Applied, NewTableAs, NewTableAsOptions } from "./change-options.js";
import { newTableAsOf } from "./changed-rows.js";
import { LakeTransaction, type TransactionOptions, TransactionScope } from "./lake-transaction.js";
import { AutoCommit } from "./operations/auto-commit.js";
import type { CreateTableOptions } from "./operations/create-table.js";
import type { CreateTableAsReport } from "./operations/create-table-as.js";
import { LakeChanges } from "./operations/lake-changes.js";
import { type IngestOptions, type IngestReport, ingest } from "./operations/landing/ingest.js";
import { type StreamIngestOptions, streamIngest } from "./operations/landing/watch/stream-ingest.js";
import { type WatchIngestOptions, watchIngest } from "./operations/landing/watch/watch-ingest.js";
import type { WatchEvent } from "./operations/landing/watch/watch-sources.js";
import { type NewTable, tableDefinition } from "./operations/table-definition.js";
import type { ApplicationTransaction } from "./operations/table-operation.js";
import { LakeTableStatements } from "./operations/table-statements.js";
import { CatalogStatements } from "./sql/catalog-statements.js";
import { QueryPlanner } from "./sql/query-planner.js";
import type { SqlResult } from "./sql/result.js";
import { StatementRunner } from "./sql/statement-runner.js";
import { Table } from "./table.js";
import type { TableChangeReport } from "./table-change-report.js";
import { parseTarget, shortName, TableResolver } from "./table-resolver.js";
import { applied } from "./writable-table.js";

export interface LakeOptions {
  /** The engine's limit on its own memory, such as `"4GB"`; default 80% of the machine's. */
  readonly memoryLimit?: string | undefined;
  /** Where work that outgrows the limit spills; default a folder of the operating system's. */
  readonly tempDirectory?: string | undefined;
  /** Default one a core. */
  readonly threads?: number | undefined;
  /** Told what is worth a person's notice; default nobody. */
  readonly logger?: Logger | undefined;
  readonly clock?: Clock | undefined;
  /** How S3 is reached, for every location there; default what the environment and the AWS profile say. */
  readonly s3?: S3Options | undefined;
  /** Opens the stores of the lake and of its tables by their locations; default by scheme. */
  readonly openStore?: StoreOpener | undefined;
  /** Where copies of files are kept that are slow to read, and how many bytes of them; default one for all lakes. */
  readonly cache?: CacheOptions | undefined;
}

export interface SqlOptions {
  /** Values for `?`, `$1` (array) or `$name` (record): bound, never spliced into the text. */
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
  /**
   * A job that runs twice writes once: a statement that changes rows is skipped where this application has
   * committed this version, or a later one, before. A script has one such statement, or one transaction of them.
   */
  readonly application?: ApplicationTransaction | undefined;
}

export interface TableEntry {
  readonly namespace: string;
  readonly name: string;
  /** The table's folder, as a URI. */
  readonly location: string;
}

/**
 * Opens the lake at a local folder or at `s3://bucket/prefix`, which need not exist yet (the bucket must): nothing is
 * written before the first ingest. Close it when done.
 *
 * @throws LakeError `unsupported` for another scheme, `corrupt` for a damaged catalog.
 */
export async function openLake(uri: string, options: LakeOptions = {}): Promise<Lake> {
  const { s3 } = options;
  const open = options.openStore ?? ((location) => openStore(location, { s3 }));
  const store = open(uri);
  const clock = options.clock ?? systemClock;
  const logger = options.logger ?? silentLogger;
  const catalog = await Catalog.open(store, { clock, logger });
  const engineOptions: EngineOptions = {
    memoryLimit: options.memoryLimit,
    tempDirectory: options.tempDirectory,
    threads: options.threads,
  };
  const tier = new LocalTier(tierOptions(options.cache ?? {}, process.env, homedir(), process.cwd()));
  const engine = await Engine.open(engineOptions);
  return new Lake(store, open, catalog, engine, clock, logger, tier);
}

/** A lake: named tables and views in one folder, SQL over any version of them, files landing in them. */
export class Lake {
  readonly uri: string;
  readonly #catalog: Catalog;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #openStore: StoreOpener;
  readonly #tier: LocalTier;
  readonly #resolver: TableResolver;
  readonly #planner: QueryPlanner;
  readonly #changes: LakeChanges;
  readonly #begin: (options: TransactionOptions) => TransactionScope;
  readonly #statements: StatementRunner;

  /** Use {@link openLake}. */
  constructor(
    store: ObjectStore,
    open: StoreOpener,
    catalog: Catalog,
    engine: Engine,
    clock: Clock,
    logger: Logger,
    tier: LocalTier,
  ) {
    this.uri = store.uri;
    this.#catalog = catalog;
    this.#engine = engine;
    this.#clock = clock;
    this.#logger = logger;
    this.#openStore = open;
    this.#tier = tier;
    this.#resolver = new TableResolver(store, open, catalog, engine, clock, logger, tier);
    this.#planner = new QueryPlanner(engine, this.#resolver, catalog);
    const context = { clock, logger, rows: this.#planner };
    this.#changes = new LakeChanges(context, new AutoCommit(context), { inTransaction: false });
    const names = new CatalogStatements(this.#planner, this.#resolver, catalog);
    const tables = new LakeTableStatements(this.#resolver, this.#changes);
    const transactionLake = { catalog, resolver: this.#resolver, planner: this.#planner, clock, logger };
    this.#begin = ({ application }) => new TransactionScope(transactionLake, application);
    this.#statements = new StatementRunner(names, { planner: this.#planner, tables }, this.#begin);
  }

  /**
   * Runs one statement: a query, INSERT, UPDATE, DELETE, MERGE, CREATE TABLE and others.
   *
   * @throws LakeError `invalid-input` for text that is not one statement, `not-found` for a table,
   *   version or time that does not exist.
   */
  sql(text: string, options: SqlOptions = {}): Promise<SqlResult> {
    return this.#statements.run(text, options);
  }

  /**
   * Runs the statements of a script in turn. Read or close each result before the next is asked for. Those between
   * BEGIN and COMMIT are committed together, or where one of them fails not at all.
   */
  script(text: string, options: SqlOptions = {}): AsyncIterable<SqlResult> {
    return this.#statements.script(text, options);
  }

  /**
   * Runs statements and changes that are committed together, when `work` returns: all of them, or when it throws
   * none. They see what those before them did, and nobody else sees it before.
   *
   * @returns what `work` returns
   * @throws LakeError `conflict` when other writers changed what it stands on: then nothing is committed.
   */
  async transaction<T>(
    work: (transaction: LakeTransaction) => Promise<T>,
    options: TransactionOptions = {},
  ): Promise<T> {
    const scope = this.#begin(options);
    let result: T;
    try {
      result = await work(new LakeTransaction(scope, this.#statements, this.#resolver));
    } catch (error) {
      await scope.rollback();
      throw error;
    }
    await scope.commit(options.signal);
    return result;
  }

  /**
   * Lands files as rows of a table. Each source is a path, a glob, a folder, an object, prefix or pattern of a store
   * (`s3://bucket/raw/`), or `-` for standard input; formats are detected. A file that has landed in the table is passed
   * over. All rows become visible in one commit, or none; very many files land in several commits.
   */
  ingest(sources: readonly string[], options: IngestOptions): Promise<IngestReport> {
    return this.#ingest(sources, options);
  }

  #ingest(sources: readonly (string | RemoteSource)[], options: IngestOptions): Promise<IngestReport> {
    const context = {
      engine: this.#engine,
      clock: this.#clock,
      logger: this.#logger,
      rows: this.#planner,
      openStore: this.#openStore,
      tier: this.#tier,
    };
    const target = {
      find: () => this.#resolver.findForIngest(options.into),
      enter: () => this.#resolver.forIngest(options.into),
    };
    return ingest(context, target, sources, options);
  }

  /**
   * Lands the files of folders and globs as they come, each exactly once, until `signal` fires. Iterate it to its end:
   * the next files land when the next event is asked for.
   *
   * @throws LakeError what is no single file's fault; a file that cannot land is told by an event and left out.
   */
  watch(
    sources: readonly string[],
    options: WatchIngestOptions,
  ): AsyncGenerator<WatchEvent<IngestReport>, void> {
    const context = {
      ingest: (paths: readonly (string | RemoteSource)[], landing: IngestOptions) =>
        this.#ingest(paths, landing),
      clock: this.#clock,
      openStore: this.#openStore,
    };
    return watchIngest(context, sources, options);
  }

  /**
   * Lands a stream of records as it comes, JSONL and CSV in a commit a batch, anything else in one commit when it
   * ends. Iterate it to its end: the stream is read when the next report is asked for.
   *
   * @throws LakeError as `ingest` does; batches that were committed before stay.
   */
  ingestStream(
    stream: AsyncIterable<Uint8Array>,
    options: StreamIngestOptions,
  ): AsyncGenerator<IngestReport, void> {
    return streamIngest((sources, landing) => this.#ingest(sources, landing), stream, options);
  }

  /** The tables that have at least one version, by name. */
  async tables(): Promise<TableEntry[]> {
    const found = await this.#resolver.list();
    return found.map(({ name, location }) => ({ ...name, location }));
  }

  /** @throws LakeError `not-found` when the catalog has no such table. */
  async table(name: string): Promise<Table> {
    return new Table(await this.#resolver.resolve(name), this.#changes);
  }

  /**
   * Creates a table: `[namespace.]table`, or a path. It has no rows, or those of the query `as`.
   *
   * @throws LakeError `already-exists` unless `ifNotExists` or `orReplace`, `invalid-input` for a table that cannot
   *   be.
   */
  createTable(name: string, table: NewTable, options?: CreateTableOptions): Promise<TableChangeReport>;
  createTable(
    name: string,
    table: NewTableAs,
    options?: NewTableAsOptions,
  ): Promise<Applied<CreateTableAsReport>>;
  async createTable(
    name: string,
    table: NewTable | NewTableAs,
    options: NewTableAsOptions = {},
  ): Promise<TableChangeReport> {
    const target = parseTarget(name);
    const isManaged = target.kind === "name";
    const findTarget = (): ReturnType<TableResolver["forNewTable"]> => this.#resolver.forNewTable(target);
    if (!("as" in table)) return this.#changes.create(findTarget, isManaged, tableDefinition(table), options);
    const query = { ...newTableAsOf(table), ...options, isManaged };
    const found = await findTarget();
    return applied(await this.#changes.createAs(found, query), ({ version }) => ({
      table: found.label,
      version,
      operation: "CREATE TABLE AS SELECT",
      changed: false,
      featuresAdded: [],
      notes: [],
      rowsInserted: 0n,
      filesAdded: 0,
      filesRemoved: 0,
    }));
  }

  /** In the order of their names. */
  async namespaces(): Promise<string[]> {
    await this.#catalog.refresh();
    return this.#catalog.namespaces();
  }

  /** @throws LakeError `already-exists`, `invalid-input` for a bad name. */
  async createNamespace(name: string): Promise<void> {
    await this.#catalog.createNamespace(name);
  }

  /** @throws LakeError `not-found`, `invalid-input` when it is not empty. */
  dropNamespace(name: string): Promise<void> {
    return this.#catalog.dropNamespace(name);
  }

  /** Gives a table another name; its files and its history stay. */
  renameTable(from: string, to: string): Promise<CatalogTable> {
    return this.#catalog.renameTable(parseTableName(from), parseTableName(to));
  }

  /** Takes a table out of the catalog. Its files stay at the location that is returned. */
  dropTable(name: string): Promise<CatalogTable> {
    return this.#catalog.dropTable(parseTableName(name));
  }

  async views(): Promise<CatalogView[]> {
    await this.#catalog.refresh();
    return this.#catalog.views();
  }

  /** Frees the engine's memory and its files for spilling. */
  async close(): Promise<void> {
    await this.#resolver.close();
    await this.#planner.close();
    await this.#engine.close();
    await this.#tier.close();
  }
}

/** `table`, or `namespace.table` outside the default namespace. */
export function displayName(entry: TableEntry): string {
  return shortName(entry);
}
