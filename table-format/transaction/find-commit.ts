import type { ObjectStore } from "../../object-store/index.js";
import type { Action } from "../log/actions.js";
import { type Version, version } from "../log/version.js";
import { readCommit } from "./commits-after.js";

/** An entry of the log, found by its transaction id. */
export interface FoundCommit {
  readonly version: Version;
  readonly actions: readonly Action[];
}

/**
 * Finds the commit of a transaction id among some versions of a table; `undefined` when none has it.
 *
 * @param after the version before the first to look at; `undefined`: from the first one on
 * @param last the last one to look at
 */
export async function findCommit(
  store: ObjectStore,
  txnId: string,
  after: bigint | undefined,
  last: bigint,
  signal?: AbortSignal,
): Promise<FoundCommit | undefined> {
  for (let number = after === undefined ? 0n : after + 1n; number <= last; number++) {
    const actions = await readCommit(store, version(number), signal);
    const isIt = actions?.some(
      (action) => action.kind === "commitInfo" && action.commitInfo["txnId"] === txnId,
    );
    if (actions !== undefined && isIt === true) return { version: version(number), actions };
  }
  return undefined;
}
