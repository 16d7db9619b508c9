import type { Snapshot, TableFolder } from "../snapshot/snapshot.js";
import { commitsAfter } from "./commits-after.js";
import type { Conflict } from "./conflict.js";
import { conflictScope } from "./conflict-scope.js";
import { filesHolding } from "./file-lookup.js";
import { firstConflict } from "./first-conflict.js";
import type { StagedCommit } from "./staged-commit.js";

/**
 * What a staged commit would lose to if it were committed now; `undefined` when there is nothing. A moment later
 * there may be.
 *
 * @param read the version that it stands on; `undefined`: it creates the table
 */
export async function conflictSoFar(
  { store }: TableFolder,
  read: Snapshot | undefined,
  staged: StagedCommit,
  signal?: AbortSignal,
): Promise<Conflict | undefined> {
  const commits = await commitsAfter(store, read?.version, signal);
  const scope = conflictScope(staged, read?.metadata, store.uri);
  const holding = read === undefined ? undefined : filesHolding(read);
  return firstConflict(scope, commits, holding ?? (async (files) => files), signal);
}
