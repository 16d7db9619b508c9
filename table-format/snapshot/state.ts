import { type JsonValue, LakeError } from "../../core/index.js";
import type { Action, DomainMetadata, Metadata, Protocol, SetTransaction } from "../log/actions.js";
import type { VersionChecksum } from "../log/checksum.js";

/** What a version says about the table as a whole: everything but its files. */
export interface TableState {
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  readonly transactions: ReadonlyMap<string, SetTransaction>;
  /** Live ones only: one that was removed is not there. */
  readonly domains: ReadonlyMap<string, DomainMetadata>;
  /**
   * The `inCommitTimestamp` of the version's own commit, in milliseconds since the epoch; `undefined` when
   * it has none, or when the commit itself was not read.
   */
  readonly inCommitTimestamp: bigint | undefined;
}

/** A state in the making: actions applied oldest first, the latest of each key wins. */
export interface PartialState extends Omit<TableState, "protocol" | "metadata"> {
  readonly protocol: Protocol | undefined;
  readonly metadata: Metadata | undefined;
}

export const EMPTY_STATE: PartialState = {
  protocol: undefined,
  metadata: undefined,
  transactions: new Map(),
  domains: new Map(),
  inCommitTimestamp: undefined,
};

/**
 * Applies the actions of one commit, or of several in their order (PROTOCOL.md, "Action Reconciliation");
 * file actions are not its business. The in-commit timestamp is that of the last `commitInfo` among them.
 */
export function applyActions(state: PartialState, actions: readonly Action[]): PartialState {
  let { protocol, metadata } = state;
  let inCommitTimestamp: bigint | undefined;
  const transactions = new Map(state.transactions);
  const domains = new Map(state.domains);
  for (const action of actions) {
    if (action.kind === "protocol") protocol = action.protocol;
    else if (action.kind === "metaData") metadata = action.metaData;
    else if (action.kind === "txn") transactions.set(action.txn.appId, action.txn);
    else if (action.kind === "commitInfo")
      inCommitTimestamp = timestampOf(action.commitInfo["inCommitTimestamp"]);
    else if (action.kind === "domainMetadata") {
      if (action.domainMetadata.removed) domains.delete(action.domainMetadata.domain);
      else domains.set(action.domainMetadata.domain, action.domainMetadata);
    }
  }
  return { protocol, metadata, transactions, domains, inCommitTimestamp };
}

/** @throws LakeError `corrupt` when the log holds no protocol or no metadata. */
export function completeState(state: PartialState, where: string): TableState {
  const { protocol, metadata, ...rest } = state;
  if (protocol === undefined) throw missingAction(where, "protocol");
  if (metadata === undefined) throw missingAction(where, "metaData");
  return { protocol, metadata, ...rest };
}

/**
 * The state that a checksum tells; `undefined` when it leaves out transactions, or domains of a table that
 * may have some (PROTOCOL.md, "Version Checksum File Schema": both are optional). Pure.
 */
export function stateOfChecksum(checksum: VersionChecksum): TableState | undefined {
  const { protocol, metadata, setTransactions, domainMetadata, inCommitTimestamp } = checksum;
  const hasDomains = protocol.writerFeatures?.includes("domainMetadata") === true;
  if (setTransactions === undefined || (domainMetadata === undefined && hasDomains)) return undefined;
  const live = (domainMetadata ?? []).filter((domain) => !domain.removed);
  return {
    protocol,
    metadata,
    transactions: new Map(setTransactions.map((txn) => [txn.appId, txn])),
    domains: new Map(live.map((domain) => [domain.domain, domain])),
    inCommitTimestamp,
  };
}

/** Milliseconds since the epoch; `undefined` for anything that is no whole number. */
export function timestampOf(value: JsonValue | undefined): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}

function missingAction(where: string, action: string): LakeError {
  return new LakeError("corrupt", "log-incomplete", `${where}: the log holds no ${action} action`, {
    context: { action },
    hint: "Every table needs one; the log was damaged or cut off.",
  });
}
