import {
  type Clock,
  delay,
  LakeError,
  type Logger,
  messageOf,
  newUuid,
  silentLogger,
  systemClock,
} from "../core/index.js";
import type { CallOptions, ObjectStore } from "../object-store/index.js";
import { commitEntry } from "../table-format/index.js";
import { type CatalogEntry, serializeEntry } from "./actions.js";
import {
  type Change,
  createNamespace,
  createView,
  dropNamespace,
  dropTable,
  dropView,
  renameTable,
  requireFree,
} from "./changes.js";
import type { TransactionEnd, TransactionIntent } from "./intent.js";
import { chooseLocation } from "./location.js";
import {
  applyEntry,
  CHECKPOINT_INTERVAL,
  catchUp,
  entryPath,
  type LoadedCatalog,
  loadCatalog,
  readActions,
  writeCheckpoint,
} from "./log.js";
import { checkedName, DEFAULT_NAMESPACE, type TableName, tableKey, tableName } from "./names.js";
import { type CatalogState, type CatalogTable, type CatalogView, pendingOver } from "./state.js";
import { type Beginning, beginTransaction, endTransaction } from "./transactions.js";

/** Every lost race means that another writer got on, so this many in a row are a lake under siege. */
const MAX_ATTEMPTS = 50;
const MAX_BACKOFF_MS = 200;

export interface CatalogOptions {
  /** Stamps the commits. */
  readonly clock?: Clock;
  /** Told when a checkpoint could not be written, which slows later opens and is no error. */
  readonly logger?: Logger;
}

/**
 * The namespaces, tables and views of a lake.
 *
 * Reads answer from the state that was last loaded, by {@link refresh} or by a change made here.
 * Changes are committed to the log of the lake, one entry each, safely beside other processes: a
 * change that lost the race for an entry is decided again on the state the winner left. Names are
 * compared without their case, and keep it.
 */
export class Catalog {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #loaded: LoadedCatalog;

  private constructor(store: ObjectStore, loaded: LoadedCatalog, options: CatalogOptions) {
    this.#store = store;
    this.#loaded = loaded;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
  }

  /**
   * Opens the catalog of the lake in `store`. A lake without one is empty; nothing is written.
   *
   * @throws LakeError `corrupt` for a log with a gap or a broken file, `unsupported` for an action
   * that a newer release wrote.
   */
  static async open(store: ObjectStore, options: CatalogOptions & CallOptions = {}): Promise<Catalog> {
    return new Catalog(store, await loadCatalog(store, options.signal), options);
  }

  /** Loads what other writers have committed. @throws LakeError as {@link open}. */
  async refresh({ signal }: CallOptions = {}): Promise<void> {
    this.#advance(await catchUp(this.#store, this.#loaded, signal));
  }

  /** In the order of their names, the default namespace among them. */
  namespaces(): string[] {
    return [DEFAULT_NAMESPACE, ...this.#state.namespaces.values()].sort();
  }

  /** In the order of their names. */
  tables(): CatalogTable[] {
    return inOrder(this.#state.tables);
  }

  table(name: TableName): CatalogTable | undefined {
    return this.#state.tables.get(tableKey(name));
  }

  /** In the order of their names. */
  views(): CatalogView[] {
    return inOrder(this.#state.views);
  }

  view(name: TableName): CatalogView | undefined {
    return this.#state.views.get(tableKey(name));
  }

  /** @throws LakeError `already-exists` unless `ifNotExists`, `invalid-input` for a bad name. */
  async createNamespace(
    name: string,
    { ifNotExists = false, signal }: CallOptions & { readonly ifNotExists?: boolean } = {},
  ): Promise<{ readonly created: boolean }> {
    const wanted = checkedName(name);
    return this.#commit("CREATE NAMESPACE", (state) => createNamespace(state, wanted, ifNotExists), signal);
  }

  /** @throws LakeError `not-found`, or `invalid-input` when it is not empty or is the default one. */
  async dropNamespace(name: string, { signal }: CallOptions = {}): Promise<void> {
    await this.#commit("DROP NAMESPACE", (state) => dropNamespace(state, name), signal);
  }

  /**
   * Enters a new table, with an id and a folder of its own. The folder is not made.
   *
   * @returns the entry: the new one, or with `ifNotExists` the one that was there.
   * @throws LakeError `already-exists` when a table (unless `ifNotExists`) or a view has the name,
   * `not-found` without the namespace, `invalid-input` for a bad name.
   */
  async createTable(
    name: TableName,
    { ifNotExists = false, signal }: CallOptions & { readonly ifNotExists?: boolean } = {},
  ): Promise<{ readonly entry: CatalogTable; readonly created: boolean }> {
    const wanted = tableName(name.name, name.namespace);
    const decide = async (
      state: CatalogState,
    ): Promise<Change<{ entry: CatalogTable; created: boolean }>> => {
      const existing = ifNotExists ? state.tables.get(tableKey(wanted)) : undefined;
      if (existing !== undefined) return { actions: [], result: { entry: existing, created: false } };
      const free = requireFree(state, wanted);
      const id = newUuid();
      const location = await chooseLocation(this.#store, state, free, id, { signal });
      const entry = { ...free, id, location };
      return { actions: [{ kind: "createTable", ...entry }], result: { entry, created: true } };
    };
    return this.#commit("CREATE TABLE", decide, signal);
  }

  /**
   * Gives a table another name, in any namespace. Its id and its folder stay.
   *
   * @throws LakeError `not-found` without the table or the new namespace, `already-exists` when the
   * new name is taken, `invalid-input` for a bad name.
   */
  async renameTable(from: TableName, to: TableName, { signal }: CallOptions = {}): Promise<CatalogTable> {
    const wanted = tableName(to.name, to.namespace);
    return this.#commit("RENAME TABLE", (state) => renameTable(state, from, wanted), signal);
  }

  /**
   * Takes a table out of the catalog. Its files stay at the location of the entry that is returned.
   *
   * @throws LakeError `not-found`.
   */
  async dropTable(name: TableName, { signal }: CallOptions = {}): Promise<CatalogTable> {
    return this.#commit("DROP TABLE", (state) => dropTable(state, name), signal);
  }

  /**
   * Enters a view. The text is not looked at.
   *
   * @throws LakeError `already-exists` when a table or (unless `replace`) a view has the name,
   * `not-found` without the namespace, `invalid-input` for a bad name.
   */
  async createView(
    name: TableName,
    sql: string,
    { replace = false, signal }: CallOptions & { readonly replace?: boolean } = {},
  ): Promise<CatalogView> {
    const wanted = tableName(name.name, name.namespace);
    return this.#commit("CREATE VIEW", (state) => createView(state, wanted, sql, replace), signal);
  }

  /** The number of the newest entry of the log that is known; -1 when there is none. */
  get version(): number {
    return this.#state.version;
  }

  /** The transactions that have not ended over one of these tables. */
  pendingTransactions(locations: readonly string[]): TransactionIntent[] {
    return pendingOver(this.#state, locations);
  }

  isPending(id: string): boolean {
    return this.#state.transactions.has(id);
  }

  /**
   * The transactions over these tables that began after an entry of the log, whether they have ended or not.
   *
   * @param since a version that this catalog has loaded
   */
  async transactionsSince(
    since: number,
    locations: readonly string[],
    { signal }: CallOptions = {},
  ): Promise<TransactionIntent[]> {
    const { version, lastBegins } = this.#state;
    if (!locations.some((location) => (lastBegins.get(location) ?? -1) > since)) return [];
    const actions = await readActions(this.#store, since + 1, version, signal);
    const begun = actions.flatMap((action): TransactionIntent[] => {
      if (action.kind !== "beginTransaction") return [];
      const { kind: _, ...intent } = action;
      return [intent];
    });
    return pendingOver({ transactions: new Map(begun.map((intent) => [intent.id, intent])) }, locations);
  }

  /**
   * Writes down what a transaction over several tables is going to commit. From then on it is finished or taken
   * back, by whoever comes across it.
   *
   * @param since the version of this catalog when the tables were last looked at
   */
  async beginTransaction(
    intent: TransactionIntent,
    since: number,
    { signal }: CallOptions = {},
  ): Promise<Beginning> {
    return this.#commit("BEGIN TRANSACTION", (state) => beginTransaction(state, intent, since), signal);
  }

  /**
   * Writes down that a transaction is over, for the first who does.
   *
   * @param drops folders of tables that it created in vain: they lose their names
   */
  async endTransaction(
    end: TransactionEnd,
    drops: readonly string[],
    { signal }: CallOptions = {},
  ): Promise<{ readonly ended: boolean }> {
    return this.#commit("END TRANSACTION", (state) => endTransaction(state, end, drops), signal);
  }

  /** @throws LakeError `not-found`. */
  async dropView(name: TableName, { signal }: CallOptions = {}): Promise<CatalogView> {
    return this.#commit("DROP VIEW", (state) => dropView(state, name), signal);
  }

  get #state(): CatalogState {
    return this.#loaded.state;
  }

  /** @throws LakeError `conflict` after too many lost races, or what `decide` throws. */
  async #commit<T>(
    operation: string,
    decide: (state: CatalogState) => Change<T> | Promise<Change<T>>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (attempt > 0) await delay(Math.random() * Math.min(MAX_BACKOFF_MS, 2 ** attempt), signal);
      // Only the newest state can say that a name is taken, or missing.
      await this.refresh({ signal });
      const { state, lastCheckpoint } = this.#loaded;
      const { actions, result } = await decide(state);
      if (actions.length === 0) return result;
      const version = state.version + 1;
      const commit = { kind: "commit", txnId: newUuid(), timestamp: this.#clock.now(), operation } as const;
      if (!(await this.#putEntry(version, { commit, actions }, signal))) continue;
      this.#advance({ state: applyEntry(state, version, actions), lastCheckpoint });
      await this.#checkpointIfDue();
      return result;
    }
    throw new LakeError(
      "conflict",
      "catalog-conflict",
      `${operation} lost ${MAX_ATTEMPTS} races for the catalog`,
      {
        context: { operation, attempts: MAX_ATTEMPTS },
        hint: "Many writers change the catalog at this moment. Run it again.",
      },
    );
  }

  async #putEntry(version: number, entry: CatalogEntry, signal: AbortSignal | undefined): Promise<boolean> {
    const isOurs = (data: Uint8Array): boolean => new TextDecoder().decode(data).includes(entry.commit.txnId);
    const { status } = await commitEntry(
      this.#store,
      entryPath(version),
      serializeEntry(entry),
      isOurs,
      signal,
    );
    return status === "committed";
  }

  async #checkpointIfDue(): Promise<void> {
    const { state, lastCheckpoint } = this.#loaded;
    if (state.version - lastCheckpoint < CHECKPOINT_INTERVAL) return;
    try {
      await writeCheckpoint(this.#store, state);
      this.#advance({ state, lastCheckpoint: state.version });
    } catch (error) {
      // The change is committed, whatever becomes of the checkpoint; the next commit tries again.
      this.#logger.warn(`no checkpoint of the catalog at version ${state.version}: ${messageOf(error)}`);
    }
  }

  /** Calls on one catalog may overlap; what is known only ever grows newer. */
  #advance({ state, lastCheckpoint }: LoadedCatalog): void {
    this.#loaded = {
      state: state.version > this.#state.version ? state : this.#state,
      lastCheckpoint: Math.max(lastCheckpoint, this.#loaded.lastCheckpoint),
    };
  }
}

function inOrder<T>(entries: ReadonlyMap<string, T>): T[] {
  return [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
}
