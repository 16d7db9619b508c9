import { deletionVectorId } from "../deletion-vector/index.js";
import type { Action, AddFile, DomainMetadata, Protocol, SetTransaction } from "../log/actions.js";
import { canonicalDataPath } from "../log/data-path.js";
import { protocolFeatures, upgradeProtocol } from "../protocol/upgrade.js";
import type { TableState } from "../snapshot/state.js";
import { ROW_TRACKING_DOMAIN } from "./row-ids.js";
import { READS_EVERYTHING, type TableRead } from "./staged-commit.js";
import { ofKind, type SharedCommit } from "./staged-file.js";

/** A commit that is in the log and is to be taken back by another. */
export interface UndoneCommit {
  /** Its entry. */
  readonly actions: readonly Action[];
  /** The state before it; `undefined` when it created the table. */
  readonly before: TableState | undefined;
  /** Of the files that it added or removed: those that were live before it, as they were. */
  readonly filesBefore: readonly AddFile[];
  /** The table's folder as a URI. */
  readonly root: string;
  readonly transaction: string;
  readonly engineInfo: string;
}

/** The predicate of it holds for no row: the commit is told from an append, and follows what it may. */
const READS_NO_ROW: readonly TableRead[] = [
  { predicate: { kind: "constant", value: false }, removals: false },
];

/**
 * The commit that takes another one back: the rows, the metadata, the domains and the progress of applications
 * are what they were. It may follow commits that have nothing to do with it. Features that came stay on the table, and
 * so does a table that was created, empty. Pure.
 */
export function undoCommit(undone: UndoneCommit): SharedCommit {
  const { actions, before, filesBefore, root, transaction, engineInfo } = undone;
  const key = ({ path, deletionVector }: Pick<AddFile, "path" | "deletionVector">): string =>
    `${canonicalDataPath(path, root)}\n${deletionVector === undefined ? "" : deletionVectorId(deletionVector)}`;
  const kept = new Set(filesBefore.map(key));
  const added = ofKind(actions, "add").map(({ add }) => add);
  const removes = added.filter((add) => !kept.has(key(add))).map((add) => ({ ...add, partition: {} }));
  const changesTable = actions.some(({ kind }) => kind === "metaData" || kind === "protocol");
  return {
    operation: "ROLLBACK",
    operationParameters: { transaction },
    operationMetrics: { numAddedFiles: String(filesBefore.length), numRemovedFiles: String(removes.length) },
    protocol: before === undefined ? undefined : withLostFeatures(actions, before.protocol),
    metadata: changesTable ? before?.metadata : undefined,
    domains: ofKind(actions, "domainMetadata").flatMap(({ domainMetadata: { domain } }): DomainMetadata[] => {
      // Row ids that were given out stay so.
      if (domain === ROW_TRACKING_DOMAIN) return [];
      return [before?.domains.get(domain) ?? { domain, configuration: "", removed: true }];
    }),
    transactions: ofKind(actions, "txn").map(({ txn: { appId } }): SetTransaction => {
      // The log cannot forget an application; before its first version is the next best.
      return before?.transactions.get(appId) ?? { appId, version: -1n, lastUpdated: undefined };
    }),
    adds: filesBefore.map((add) => ({ ...add, dataChange: true })),
    replaces: removes.length === 0 ? { kind: "none" } : { kind: "files", files: removes },
    reads: changesTable ? READS_EVERYTHING : READS_NO_ROW,
    engineInfo,
  };
}

/** The protocol of an undone commit with the features that it dropped; `undefined` where it dropped none. */
function withLostFeatures(actions: readonly Action[], before: Protocol): Protocol | undefined {
  const [dropping] = ofKind(actions, "protocol");
  if (dropping === undefined) return undefined;
  const { added, protocol } = upgradeProtocol(dropping.protocol, protocolFeatures(before));
  return added.length === 0 ? undefined : protocol;
}
