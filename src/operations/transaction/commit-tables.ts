import type { TransactionIntent } from "../../../catalog/index.js";
import { isLakeError, LakeError, messageOf, newUuid, throwIfCancelled } from "../../../core/index.js";
import type { ObjectPath } from "../../../object-store/index.js";
import type { SharedCommit } from "../../../table-format/index.js";
import { afterCommit } from "../after-commit.js";
import type { TransactionLake } from "./open-transaction.js";
import type { Lost, Settled } from "./pending-transactions.js";
import type { TableInTransaction } from "./table-in-transaction.js";

/** A table that a transaction changed. */
export interface CommittedTable {
  readonly table: string;
  readonly version: bigint;
}

/** Other transactions over the same tables may come first this often. */
const MOST_TRIES = 50;

/**
 * Commits the changes of one table, as a commit of its own.
 *
 * @throws LakeError `conflict`; `unavailable` when it is not known whether it is committed.
 */
export async function commitOne(
  { logger }: TransactionLake,
  changed: TableInTransaction,
  signal: AbortSignal | undefined,
): Promise<CommittedTable> {
  const { resolved, base } = changed;
  const staged = changed.alone();
  try {
    throwIfCancelled(signal);
    const outcome = await resolved.table.commit(base, staged, signal);
    if (outcome.status === "conflict") throw lost(resolved.label, outcome.conflict);
    await changed.release();
    await afterCommit({ logger }, resolved.table, outcome, staged.metadata ?? base?.metadata);
    return { table: resolved.label, version: outcome.version };
  } catch (error) {
    // A commit that failed for want of an answer may yet be in the log: then the files must stay.
    if (isLakeError(error, "cancelled") || isLakeError(error, "conflict")) await changed.discard();
    throw error;
  }
}

/** A table with what it is to commit, written beside its log. */
interface Prepared {
  readonly table: TableInTransaction;
  readonly place: string;
  readonly staged: SharedCommit;
  readonly path: ObjectPath;
}

/**
 * Commits the changes of several tables: each is staged beside its log and checked against other writers, then
 * the catalog's log gets the intent, which makes it happen. From there on it is settled by us or by whoever comes
 * across it.
 *
 * @throws LakeError `conflict`; `unavailable` when it is not known whether it is committed.
 */
export async function commitSeveral(
  lake: TransactionLake,
  changed: readonly TableInTransaction[],
  signal: AbortSignal | undefined,
): Promise<readonly CommittedTable[]> {
  const id = newUuid();
  const prepared = await prepareAll(lake, changed, id, signal);
  const intent = await begin(lake, id, prepared, signal);
  const settled = await finish(lake, intent, prepared);
  switch (settled.outcome) {
    case "committed":
      for (const { table } of prepared) await table.release();
      return settled.places.map(({ location, committed: { version } }) => ({
        table: labelOf(prepared, location),
        version,
      }));
    case "rolled-back":
      for (const { table, place } of prepared) {
        // What was in a log for a moment is part of its history.
        await (settled.placed.includes(place) ? table.release() : table.discard());
      }
      throw settled.kept.length === 0 ? lost(settled.label, settled.why) : torn(settled);
    case "over":
      throw new LakeError("internal", "transaction-over", `transaction ${id} ended before it was placed`);
  }
}

async function prepareAll(
  lake: TransactionLake,
  changed: readonly TableInTransaction[],
  id: string,
  signal: AbortSignal | undefined,
): Promise<readonly Prepared[]> {
  const prepared: Prepared[] = [];
  try {
    for (const table of inOrder(lake, changed)) {
      throwIfCancelled(signal);
      const merged = table.merged();
      const staged = { ...merged, provenance: { ...merged.provenance, grizzlyTransaction: id } };
      const place = lake.resolver.placeOf(table.resolved.location);
      prepared.push({ table, place, staged, path: await table.stage(staged, signal) });
    }
    return prepared;
  } catch (error) {
    await discard(lake, prepared, changed);
    throw error;
  }
}

/**
 * The order in which commits are placed: tables that are created come last, for what was created cannot be taken
 * back to the full.
 */
function inOrder(
  { resolver }: TransactionLake,
  changed: readonly TableInTransaction[],
): readonly TableInTransaction[] {
  const key = ({ base, resolved }: TableInTransaction): string =>
    `${base === undefined ? 1 : 0} ${resolver.placeOf(resolved.location)}`;
  return changed.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** Writes the intent into the catalog's log, once nothing is known that stands in the way. */
async function begin(
  lake: TransactionLake,
  id: string,
  prepared: readonly Prepared[],
  signal: AbortSignal | undefined,
): Promise<TransactionIntent> {
  const { catalog, resolver } = lake;
  const intent: TransactionIntent = {
    id,
    tables: prepared.map(({ table: { base }, place, path }) => ({
      location: place,
      readVersion: base?.version,
      stagedPath: path,
      txnId: newUuid(),
      undoId: newUuid(),
    })),
  };
  let isAsked = false;
  try {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      throwIfCancelled(signal);
      isAsked = false;
      for (const { place } of prepared) await resolver.transactions.settle(place);
      const since = catalog.version;
      for (const { table, staged } of prepared) {
        const conflict = await table.conflict(staged, signal);
        if (conflict !== undefined) throw lost(table.resolved.label, conflict);
      }
      isAsked = true;
      const { status } = await catalog.beginTransaction(intent, since, { signal });
      if (status === "begun") return intent;
    }
    throw new LakeError(
      "conflict",
      "transactions-in-the-way",
      `other transactions over the same tables came first ${MOST_TRIES} times`,
      { hint: "Nothing was committed. Run it again." },
    );
  } catch (error) {
    // After a failure without an answer the intent may be in the log, and others may be at work on it.
    if (isAsked && isLakeError(error, "unavailable")) throw undecided(error);
    const tables = prepared.map(({ table }) => table);
    await discard(lake, prepared, tables);
    throw error;
  }
}

async function finish(
  { resolver }: TransactionLake,
  intent: TransactionIntent,
  prepared: readonly Prepared[],
): Promise<Settled> {
  try {
    return await resolver.transactions.finish(
      intent,
      prepared.map(({ staged }) => staged),
    );
  } catch (error) {
    throw undecided(error);
  }
}

async function discard(
  { logger }: TransactionLake,
  prepared: readonly Prepared[],
  tables: readonly TableInTransaction[],
): Promise<void> {
  for (const { table, path } of prepared) {
    const left = await table.unstage(path);
    if (left !== undefined) logger.warn(left);
  }
  for (const table of tables) await table.discard();
}

function labelOf(prepared: readonly Prepared[], location: string): string {
  return prepared.find(({ place }) => place === location)?.table.resolved.label ?? location;
}

function lost(label: string, { reason, message }: Lost): LakeError {
  return new LakeError(
    "conflict",
    "transaction-conflict",
    `the transaction lost to another writer of ${label}: ${message}`,
    {
      context: { table: label, reason },
      hint: "Nothing of it is committed. Run it again.",
    },
  );
}

function torn({ label, why, kept }: Extract<Settled, { readonly outcome: "rolled-back" }>): LakeError {
  const names = kept.join(", ");
  return new LakeError(
    "conflict",
    "transaction-torn",
    `the transaction lost to another writer of ${label}: ${why.message}. What it had done to ${names} stands, because other writers built on it before it could be taken back`,
    {
      context: { table: label, kept: names },
      hint: `Look at the history of ${names}, and undo by hand what should not be there.`,
    },
  );
}

function undecided(error: unknown): LakeError {
  return new LakeError(
    "unavailable",
    "transaction-undecided",
    `it is not known whether the transaction is committed: ${messageOf(error)}`,
    {
      cause: error,
      hint: "The next query or change of one of its tables brings it to its end. Look at the table then.",
    },
  );
}
