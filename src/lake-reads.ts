import type { Catalog, TransactionIntent } from "../catalog/index.js";
import { LakeError } from "../core/index.js";
import { type DeltaTable, findCommit, type Snapshot, version } from "../table-format/index.js";
import type { PendingTransactions } from "./operations/transaction/pending-transactions.js";
import { type ResolvedTable, type TableResolver, tableNotFound } from "./table-resolver.js";

/** How queries come by the newest versions of tables. */
export interface LakeReads {
  /** The beginning of one query. */
  begin(): ReadPoint;
}

/** One moment of a lake, as a query sees it. */
export interface ReadPoint {
  /** Told before anything else that the query reads this table and no other, for all that is known so far. */
  expectOnly?(resolved: ResolvedTable, signal?: AbortSignal): void;
  /** Loads the catalog, for the names of the query. */
  loadCatalog(signal?: AbortSignal): Promise<void>;
  /** The newest version of a table, which {@link ReadPoint.consistent} may put another one for. */
  newest(resolved: ResolvedTable, signal?: AbortSignal): Promise<Snapshot>;
  /** The versions to read, of all tables that {@link ReadPoint.newest} was asked for. */
  consistent(signal?: AbortSignal): Promise<ReadonlyMap<DeltaTable, Snapshot>>;
}

/** Versions that hold nothing which a transaction over several tables may still take back. They stay so. */
const SETTLED = new WeakSet<Snapshot>();

/** A look at a table that began before the catalog was loaded, when that was at the entry `since`. */
interface LookAhead {
  readonly table: DeltaTable;
  readonly snapshot: Promise<Snapshot | undefined>;
  readonly since: number;
}

/**
 * Reads what is committed, and of a transaction over several tables all or nothing. What is pending over a table
 * is settled before the table is read. Transactions that began after the query did may have come between the
 * reading of one table and of another: their commits, and all that came after these, are left out of the query.
 * So a query never waits for writers and never begins again; it costs one more look at the catalog, unless no table
 * has changed since a query before it.
 */
export class CommittedReads implements LakeReads {
  readonly #catalog: Catalog;
  readonly #resolver: TableResolver;

  constructor(catalog: Catalog, resolver: TableResolver) {
    this.#catalog = catalog;
    this.#resolver = resolver;
  }

  begin(): CommittedReadPoint {
    return new CommittedReadPoint(this.#catalog, this.#resolver, this.#resolver.transactions);
  }
}

/** One moment, at which every transaction over several tables has ended or not begun. */
export class CommittedReadPoint implements ReadPoint {
  readonly #catalog: Catalog;
  readonly #resolver: TableResolver;
  readonly #transactions: PendingTransactions;
  readonly #read = new Map<DeltaTable, { readonly resolved: ResolvedTable; readonly snapshot: Snapshot }>();
  /** Pending ones that could not be settled, by their ids. */
  readonly #unsettled = new Map<string, TransactionIntent>();
  /** The entry of the catalog's log that makes the moment. */
  #moment: Promise<number> | undefined;
  #ahead: LookAhead | undefined;

  constructor(catalog: Catalog, resolver: TableResolver, transactions: PendingTransactions) {
    this.#catalog = catalog;
    this.#resolver = resolver;
    this.#transactions = transactions;
  }

  /** Of one table any version will do that is whole, so it may be looked at while the catalog is. */
  expectOnly({ table }: ResolvedTable, signal?: AbortSignal): void {
    // What fails here fails again where it is told.
    const snapshot = table.snapshotIfExists(signal).catch(() => undefined);
    this.#ahead = { table, snapshot, since: this.#catalog.version };
  }

  async loadCatalog(signal?: AbortSignal): Promise<void> {
    await this.#momentOf(signal);
  }

  async newest(resolved: ResolvedTable, signal?: AbortSignal): Promise<Snapshot> {
    const known = this.#read.get(resolved.table);
    if (known !== undefined) return known.snapshot;
    const ahead = await this.#lookedAhead(resolved, signal);
    await this.#settle(resolved, signal);
    const snapshot = ahead ?? (await resolved.table.snapshot(undefined, signal));
    snapshot.expectFiles(signal);
    this.#read.set(resolved.table, { resolved, snapshot });
    return snapshot;
  }

  async consistent(signal?: AbortSignal): Promise<ReadonlyMap<DeltaTable, Snapshot>> {
    const snapshots = new Map<DeltaTable, Snapshot>();
    if (this.#read.size === 0) return snapshots;
    if (
      this.#unsettled.size === 0 &&
      [...this.#read.values()].every(({ snapshot }) => SETTLED.has(snapshot))
    ) {
      // Whatever transaction one of them holds had ended before the query began, so that all of them hold it.
      for (const [table, { snapshot }] of this.#read) snapshots.set(table, snapshot);
      return snapshots;
    }
    await this.#catalog.refresh({ signal });
    for (const [table, { resolved, snapshot }] of this.#read) {
      snapshots.set(table, await this.#atMoment(resolved, snapshot, signal));
    }
    return snapshots;
  }

  /**
   * The version of a table at the moment of this point; `undefined` when there was no table.
   *
   * @throws LakeError as {@link DeltaTable.snapshot}.
   */
  async versionOf(resolved: ResolvedTable, signal?: AbortSignal): Promise<Snapshot | undefined> {
    await this.#settle(resolved, signal);
    const newest = await resolved.table.snapshotIfExists(signal);
    if (newest === undefined) return undefined;
    await this.#catalog.refresh({ signal });
    const last = await this.#lastVersion(resolved, newest, signal);
    if (last === newest.version) return newest;
    return last < 0n ? undefined : resolved.table.snapshot({ version: version(last) }, signal);
  }

  /** What was seen ahead; `undefined` where a transaction over several tables may have been half way through it. */
  async #lookedAhead(
    { location, table }: ResolvedTable,
    signal: AbortSignal | undefined,
  ): Promise<Snapshot | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead === undefined || ahead.table !== table || this.#read.size > 0) return undefined;
    await this.#momentOf(signal);
    const places = [this.#resolver.placeOf(location)];
    const isQuiet =
      this.#catalog.pendingTransactions(places).length === 0 &&
      (await this.#catalog.transactionsSince(ahead.since, places, { signal })).length === 0;
    return isQuiet ? ahead.snapshot : undefined;
  }

  async #settle({ location }: ResolvedTable, signal: AbortSignal | undefined): Promise<void> {
    await this.#momentOf(signal);
    const left = await this.#transactions.trySettle(this.#resolver.placeOf(location));
    for (const intent of left) this.#unsettled.set(intent.id, intent);
  }

  async #atMoment(
    resolved: ResolvedTable,
    newest: Snapshot,
    signal: AbortSignal | undefined,
  ): Promise<Snapshot> {
    const last = await this.#lastVersion(resolved, newest, signal);
    if (last === newest.version) {
      SETTLED.add(newest);
      return newest;
    }
    if (last < 0n) throw tableNotFound(resolved.label, []);
    return resolved.table.snapshot({ version: version(last) }, signal);
  }

  /** The last version before what transactions that are not to be seen have committed; -1 for none. */
  async #lastVersion(
    { location, table }: ResolvedTable,
    newest: Snapshot,
    signal: AbortSignal | undefined,
  ): Promise<bigint> {
    const place = this.#resolver.placeOf(location);
    const since = await this.#momentOf(signal);
    const unseen = [
      ...this.#unsettled.values(),
      ...(await this.#catalog.transactionsSince(since, [place], { signal })),
    ];
    let last: bigint = newest.version;
    for (const { tables } of unseen) {
      for (const { location: of, readVersion, txnId } of tables) {
        if (of !== place) continue;
        const found = await findCommit(table.folder.store, txnId, readVersion, last, signal);
        if (found !== undefined) last = found.version - 1n;
      }
    }
    return last;
  }

  #momentOf(signal: AbortSignal | undefined): Promise<number> {
    this.#moment ??= this.#catalog.refresh({ signal }).then(
      () => this.#catalog.version,
      (error: unknown) => {
        this.#moment = undefined;
        throw error;
      },
    );
    return this.#moment;
  }
}

/** Tries of a writer to see its table between two transactions over several tables. */
const MOST_TRIES = 50;

/**
 * The newest version of a table for a writer to stand on: no transaction over several tables is pending that may
 * still take back what it holds. `undefined` when there is no table yet.
 *
 * @throws LakeError `conflict` when such transactions keep coming; the store's, when one cannot be settled.
 */
export async function versionToChange(
  catalog: Catalog,
  resolver: TableResolver,
  { location, table, label }: Pick<ResolvedTable, "location" | "table" | "label">,
  signal?: AbortSignal,
): Promise<Snapshot | undefined> {
  const place = resolver.placeOf(location);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    await resolver.transactions.settle(place);
    const known = catalog.version;
    const snapshot = await table.snapshotIfExists(signal);
    await catalog.refresh({ signal });
    const isQuiet =
      catalog.pendingTransactions([place]).length === 0 &&
      (await catalog.transactionsSince(known, [place], { signal })).length === 0;
    if (isQuiet) return snapshot;
  }
  throw new LakeError(
    "conflict",
    "transactions-in-the-way",
    `${label} was in transactions over several tables ${MOST_TRIES} times while it was to be changed`,
    { hint: "Nothing was committed. Run it again." },
  );
}
