import type { Action } from "../log/actions.js";
import { canonicalDataPath } from "../log/data-path.js";
import { ROW_TRACKING_DOMAIN } from "./row-ids.js";
import type { StagedCommit } from "./staged-commit.js";

/** Why a transaction cannot follow a commit that won. */
export interface Conflict {
  readonly reason:
    | "metadata-changed"
    | "protocol-changed"
    | "table-created"
    | "duplicate-application-commit"
    | "rows-changed"
    | "file-changed"
    | "domain-changed";
  readonly message: string;
}

/** What of a transaction decides which commits it may follow. */
export interface ConflictScope {
  /** It creates the table: there must be none. */
  readonly creates: boolean;
  /** Rows of the version it read decided what it writes. */
  readonly readsRows: boolean;
  /** Application ids whose progress it records. */
  readonly appIds: ReadonlySet<string>;
  /** Canonical paths of the files it replaces one by one, and of those it adds. */
  readonly files: ReadonlySet<string>;
  readonly domains: ReadonlySet<string>;
}

export function conflictScope(staged: StagedCommit, creates: boolean, root: string): ConflictScope {
  // A file that is added again must still be there too.
  const replaced = staged.replaces.kind === "files" ? staged.replaces.files : [];
  return {
    creates,
    readsRows: (staged.reads ?? []).length > 0,
    appIds: new Set((staged.transactions ?? []).map((transaction) => transaction.appId)),
    files: new Set([...replaced, ...staged.adds].map((file) => canonicalDataPath(file.path, root))),
    domains: new Set((staged.domains ?? []).map(({ domain }) => domain)),
  };
}

/**
 * Decides whether a transaction may be rebased over a commit that won the version it wanted. Pure.
 *
 * Blind appends follow any commit of data. An overwrite does too: it reads no rows, and its removes are
 * taken from the snapshot it finally follows, so the log order is a serial order. A transaction that read
 * rows follows only commits that left the rows alone, and one that replaces files only commits that left
 * those files alone. A change of metadata or protocol may have changed what the staged files mean: always
 * a conflict (PROTOCOL.md, "Action Reconciliation"; Delta's conflict rules). The high-water mark of row ids
 * is the one domain that is worked out anew for each attempt.
 *
 * @param root the table's folder as a URI
 */
export function findConflict(
  scope: ConflictScope,
  winner: readonly Action[],
  root: string,
): Conflict | undefined {
  if (scope.creates) {
    return { reason: "table-created", message: "another writer created the table first" };
  }
  for (const action of winner) {
    const conflict = conflictWith(scope, action, root);
    if (conflict !== undefined) return conflict;
  }
  return undefined;
}

function conflictWith(scope: ConflictScope, action: Action, root: string): Conflict | undefined {
  switch (action.kind) {
    case "metaData":
      return {
        reason: "metadata-changed",
        message: "another writer changed the table's schema or properties",
      };
    case "protocol":
      return { reason: "protocol-changed", message: "another writer changed the table's protocol" };
    case "txn":
      return scope.appIds.has(action.txn.appId)
        ? {
            reason: "duplicate-application-commit",
            message: `another writer committed for application ${action.txn.appId}`,
          }
        : undefined;
    case "domainMetadata": {
      const { domain } = action.domainMetadata;
      return scope.domains.has(domain) && domain !== ROW_TRACKING_DOMAIN
        ? { reason: "domain-changed", message: `another writer changed the metadata of domain ${domain}` }
        : undefined;
    }
    case "add":
      return scope.readsRows && action.add.dataChange ? rowsChanged("added", action.add.path) : undefined;
    case "remove": {
      const { path, dataChange } = action.remove;
      if (scope.readsRows && dataChange) return rowsChanged("removed", path);
      return scope.files.size > 0 && scope.files.has(canonicalDataPath(path, root))
        ? { reason: "file-changed", message: `another writer replaced the file ${path}` }
        : undefined;
    }
    default:
      return undefined;
  }
}

function rowsChanged(how: "added" | "removed", path: string): Conflict {
  return { reason: "rows-changed", message: `another writer changed rows: it ${how} the file ${path}` };
}
