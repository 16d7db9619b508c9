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
  /** Loads the catalog, for the names of the query. */
  loadCatalog(signal?: AbortSignal): Promise<void>;
  /** The newest version of a table, which {@link ReadPoint.consistent} may put another one for. */
  newest(resolved: ResolvedTable, signal?: AbortSignal): Promise<Snapshot>;
  /** The versions to read, of all tables that {@link ReadPoint.newest} was asked for. */
  consistent(signal?: AbortSignal): Promise<ReadonlyMap<DeltaTable, Snapshot>>;
}

/**
 * Reads what is committed, and of a transaction over several tables all or nothing. What is pending over a table
 * is settled before the table is read. Transactions that began after the query did may have come between the
 * reading of one table and of another: their commits, and all that came after these, are left out of the query.
 * So a query never waits for writers and never begins again; it costs one more look at the catalog.
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

  constructor(catalog: Catalog, resolver: TableResolver, transactions: PendingTransactions) {
    this.#catalog = catalog;
    this.#resolver = resolver;
    this.#transactions = transactions;
  }

  async loadCatalog(signal?: AbortSignal): Promise<void> {
    await this.#momentOf(signal);
  }

  async newest(resolved: ResolvedTable, signal?: AbortSignal): Promise<Snapshot> {
    const known = this.#read.get(resolved.table);
    if (known !== undefined) return known.snapshot;
    await this.#settle(resolved, signal);
    const snapshot = await resolved.table.snapshot(undefined, signal);
    snapshot.expectFiles(signal);
    this.#read.set(resolved.table, { resolved, snapshot });
    return snapshot;
  }

  async consistent(signal?: AbortSignal): Promise<ReadonlyMap<DeltaTable, Snapshot>> {
    const snapshots = new Map<DeltaTable, Snapshot>();
    if (this.#read.size === 0) return snapshots;
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
    if (last === newest.version) return newest;
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
