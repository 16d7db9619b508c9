import type { CatalogAction } from "./actions.js";
import type { Change } from "./changes.js";
import type { TransactionEnd, TransactionIntent } from "./intent.js";
import { type CatalogState, pendingOver } from "./state.js";

/** What became of the wish to begin a transaction. */
export type Beginning =
  | { readonly status: "begun" }
  /** One of the tables is in a transaction that has not ended: it has to be settled first. */
  | { readonly status: "busy"; readonly with: readonly TransactionIntent[] }
  /** A transaction over one of the tables has begun since: it may have changed what was read. */
  | { readonly status: "overtaken" };

/**
 * Pure.
 *
 * @param since the entry of the catalog's log up to which the caller has looked at the tables
 */
export function beginTransaction(
  state: CatalogState,
  intent: TransactionIntent,
  since: number,
): Change<Beginning> {
  const locations = intent.tables.map(({ location }) => location);
  const pending = pendingOver(state, locations);
  if (pending.length > 0) return { actions: [], result: { status: "busy", with: pending } };
  if (locations.some((location) => (state.lastBegins.get(location) ?? -1) > since)) {
    return { actions: [], result: { status: "overtaken" } };
  }
  return { actions: [{ kind: "beginTransaction", ...intent }], result: { status: "begun" } };
}

/**
 * Nothing when somebody else ended it. Pure.
 *
 * @param drops folders of tables that the transaction created in vain: they lose their names
 */
export function endTransaction(
  state: CatalogState,
  end: TransactionEnd,
  drops: readonly string[],
): Change<{ readonly ended: boolean }> {
  if (!state.transactions.has(end.id)) return { actions: [], result: { ended: false } };
  const dropped = [...state.tables.values()].filter(({ location }) => drops.includes(location));
  const actions: CatalogAction[] = dropped.map(({ namespace, name }) => ({
    kind: "dropTable",
    namespace,
    name,
  }));
  return { actions: [...actions, { kind: "endTransaction", ...end }], result: { ended: true } };
}
