import type { Action } from "../log/actions.js";

/** Why a transaction cannot follow a commit that won. */
export interface Conflict {
  readonly reason: "metadata-changed" | "protocol-changed" | "table-created" | "duplicate-application-commit";
  readonly message: string;
}

/** What of a transaction decides which commits it may follow. */
export interface ConflictScope {
  /** It creates the table: there must be none. */
  readonly creates: boolean;
  /** Application ids whose progress it records. */
  readonly appIds: ReadonlySet<string>;
}

/**
 * Decides whether a transaction may be rebased over a commit that won the version it wanted.
 *
 * Blind appends follow any commit of data. An overwrite does too: it reads no rows, and its removes are
 * taken from the snapshot it finally follows, so the log order is a serial order.
 * A change of metadata or protocol may have changed what the staged files mean: always a conflict
 * (PROTOCOL.md, "Action Reconciliation"; Delta's conflict rules).
 */
export function findConflict(scope: ConflictScope, winner: readonly Action[]): Conflict | undefined {
  if (scope.creates) {
    return { reason: "table-created", message: "another writer created the table first" };
  }
  for (const action of winner) {
    if (action.kind === "metaData") {
      return {
        reason: "metadata-changed",
        message: "another writer changed the table's schema or properties",
      };
    }
    if (action.kind === "protocol") {
      return { reason: "protocol-changed", message: "another writer changed the table's protocol" };
    }
    if (action.kind === "txn" && scope.appIds.has(action.txn.appId)) {
      return {
        reason: "duplicate-application-commit",
        message: `another writer committed for application ${action.txn.appId}`,
      };
    }
  }
  return undefined;
}
