import type { Catalog, TransactionIntent, TransactionTable } from "../../../catalog/index.js";
import { isLakeError, LakeError, type Logger, messageOf, silentLogger } from "../../../core/index.js";
import type { ObjectPath } from "../../../object-store/index.js";
import {
  type CommitOutcome,
  type Conflict,
  type DeltaTable,
  readStaged,
  type SharedCommit,
  type Snapshot,
  version,
} from "../../../table-format/index.js";
import { afterCommit } from "../after-commit.js";
import { undoTable } from "./undo-table.js";

/** Finds the tables that transactions name by their locations. */
export interface TableLocations {
  tableAt(location: string): { readonly label: string; readonly table: DeltaTable };
  /** The folder that the catalog knows the table by. */
  folderAt(location: string): ObjectPath | undefined;
}

/** What a transaction over several tables came to. */
export type Settled =
  | { readonly outcome: "committed"; readonly places: readonly Place[] }
  | {
      readonly outcome: "rolled-back";
      /** The table whose commit could not be placed, and why. */
      readonly label: string;
      readonly why: Lost;
      /** Locations of tables whose commit was placed before. */
      readonly placed: readonly string[];
      /** Labels of tables whose commit stands, because another writer built on it. */
      readonly kept: readonly string[];
    }
  /** Another process has ended it. */
  | { readonly outcome: "over" };

/** Why a commit cannot be placed. */
export interface Lost {
  readonly reason: Conflict["reason"] | "table-gone";
  readonly message: string;
}

/** Where a table's commit came to stand. */
export interface Place {
  readonly location: string;
  readonly committed: Extract<CommitOutcome, { readonly status: "committed" }>;
}

/**
 * Settles transactions over several tables that began and have not ended: whoever comes across one does the
 * rest of it, and any number of processes may do so at once.
 *
 * The commits are placed in the order of the intent, each under a transaction id of its own, of which a log takes
 * one. Whether a table's commit stands is decided by that table's log alone: what comes first, the commit or one
 * that it may not follow. So all come to the same end. Where one cannot be placed those before it are taken back
 * by commits that are placed in the same way.
 */
export class PendingTransactions {
  readonly #catalog: Catalog;
  readonly #tables: TableLocations;
  readonly #logger: Logger;

  constructor(catalog: Catalog, tables: TableLocations, logger: Logger = silentLogger) {
    this.#catalog = catalog;
    this.#tables = tables;
    this.#logger = logger;
  }

  /**
   * Settles what the catalog, as it is loaded, knows to be pending over a table.
   *
   * @throws LakeError when the store fails: the transaction stays pending.
   */
  async settle(location: string): Promise<void> {
    for (const intent of this.#catalog.pendingTransactions([location])) await this.finish(intent);
  }

  /**
   * As {@link settle}, for who only reads and may not be able to write.
   *
   * @returns the transactions that stay pending
   */
  async trySettle(location: string): Promise<TransactionIntent[]> {
    const left: TransactionIntent[] = [];
    for (const intent of this.#catalog.pendingTransactions([location])) {
      try {
        await this.finish(intent);
      } catch (error) {
        if (!isLakeError(error) || error.kind === "internal") throw error;
        this.#logger.warn(`transaction ${intent.id} is read as not begun: ${messageOf(error)}`);
        left.push(intent);
      }
    }
    return left;
  }

  /**
   * Does what a transaction that has begun leaves to be done. It cannot be cancelled.
   *
   * @param atHand the staged commits, in the order of the intent, where they need not be read
   * @throws LakeError when the store fails: the transaction stays pending.
   */
  async finish(intent: TransactionIntent, atHand?: readonly SharedCommit[]): Promise<Settled> {
    const staged = atHand ?? (await this.#staged(intent));
    if (staged === undefined) return { outcome: "over" };
    const places: Place[] = [];
    for (const [index, commit] of staged.entries()) {
      const entry = intent.tables[index];
      if (entry === undefined)
        throw new LakeError("internal", "intent", "an intent has fewer tables than commits");
      const outcome = commit === "gone" ? GONE : await this.#place(entry, commit);
      if (outcome.status !== "committed") return this.#rollBack(intent, places, entry, outcome.conflict);
      places.push({ location: entry.location, committed: outcome });
    }
    await this.#end(intent, { id: intent.id, outcome: "committed", kept: [] }, []);
    for (const place of places) await this.#maintain(place);
    return { outcome: "committed", places };
  }

  /** `undefined` when the transaction is over: its end is written down before its staged commits go. */
  async #staged(intent: TransactionIntent): Promise<(SharedCommit | "gone")[] | undefined> {
    const staged: (SharedCommit | "gone")[] = [];
    for (const { location, stagedPath } of intent.tables) {
      const { table, label } = this.#tables.tableAt(location);
      try {
        staged.push(await readStaged(table.folder.store, stagedPath));
      } catch (error) {
        if (!isLakeError(error, "not-found")) throw error;
        await this.#catalog.refresh();
        if (!this.#catalog.isPending(intent.id)) return undefined;
        if (!(await isGone(table))) {
          throw new LakeError(
            "corrupt",
            "transaction-staged-commit",
            `transaction ${intent.id} cannot be finished: what it was to commit to ${label} is gone: ${messageOf(error)}`,
            { cause: error, hint: "Put the file back from a backup." },
          );
        }
        staged.push("gone");
      }
    }
    return staged;
  }

  async #place(
    { location, readVersion, txnId }: TransactionTable,
    staged: SharedCommit,
  ): Promise<CommitOutcome | typeof GONE> {
    const { table } = this.#tables.tableAt(location);
    if (readVersion !== undefined && (await isGone(table))) return GONE;
    return table.commit(await readAt(table, readVersion), staged, undefined, txnId);
  }

  /** What commits leave to be done waits for the end: the fewer steps there are to it the better. */
  async #maintain({ location, committed }: Place): Promise<void> {
    const { table } = this.#tables.tableAt(location);
    const { metadata } = await table.snapshot({ version: committed.version });
    await afterCommit({ logger: this.#logger }, table, committed, metadata);
  }

  async #rollBack(
    intent: TransactionIntent,
    places: readonly Place[],
    failed: TransactionTable,
    why: Lost,
  ): Promise<Settled> {
    const kept: Place[] = [];
    const made: Place[] = [];
    for (const place of places.toReversed()) {
      const entry = intent.tables.find(({ location }) => location === place.location);
      if (entry === undefined) continue;
      const { table, label } = this.#tables.tableAt(place.location);
      if (await isGone(table)) continue;
      const outcome = await undoTable(table, place.committed, entry.undoId, intent.id);
      if (outcome.status === "committed") {
        made.push(place, { location: place.location, committed: outcome });
        continue;
      }
      kept.push(place);
      made.push(place);
      this.#logger.warn(
        `${label}: version ${place.committed.version} of transaction ${intent.id} stays, because ${outcome.conflict.message}`,
      );
    }
    const locations = kept.map(({ location }) => location);
    const created = intent.tables.filter(
      ({ location, readVersion }) => readVersion === undefined && !locations.includes(location),
    );
    // A table that another writer created first is that writer's.
    const drops = created
      .filter((entry) => entry !== failed && places.some(({ location }) => location === entry.location))
      .flatMap(({ location }) => this.#tables.folderAt(location) ?? []);
    await this.#end(intent, { id: intent.id, outcome: "rolled-back", kept: locations }, drops);
    for (const place of made) await this.#maintain(place);
    const labelOf = (location: string): string => this.#tables.tableAt(location).label;
    return {
      outcome: "rolled-back",
      label: labelOf(failed.location),
      why,
      placed: places.map(({ location }) => location),
      kept: locations.map(labelOf),
    };
  }

  /** Writes the end down, then takes the staged commits away: in this order, whatever happens in between. */
  async #end(
    intent: TransactionIntent,
    end: Parameters<Catalog["endTransaction"]>[0],
    drops: readonly ObjectPath[],
  ): Promise<void> {
    await this.#catalog.endTransaction(end, drops);
    for (const { location, stagedPath } of intent.tables) {
      try {
        await this.#tables.tableAt(location).table.folder.store.delete([stagedPath]);
      } catch (error) {
        this.#logger.warn(`${stagedPath} of transaction ${intent.id} is left behind: ${messageOf(error)}`);
      }
    }
  }
}

/** A table whose folder somebody has deleted is no table any more, and takes no commit. */
const GONE = {
  status: "gone",
  conflict: { reason: "table-gone", message: "the table was deleted" },
} as const;

async function isGone(table: DeltaTable): Promise<boolean> {
  return (await table.snapshotIfExists()) === undefined;
}

function readAt(table: DeltaTable, readVersion: bigint | undefined): Promise<Snapshot | undefined> {
  return readVersion === undefined
    ? Promise.resolve(undefined)
    : table.snapshot({ version: version(readVersion) });
}
