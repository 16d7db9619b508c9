import type { Predicate } from "../skipping/predicate.js";
import {
  type Conflict,
  certainAnswer,
  findConflict,
  isBlindAppend,
  type RowDoubt,
  rowDoubts,
} from "./conflict.js";
import type { ConflictScope } from "./conflict-scope.js";
import type { FilesHolding } from "./file-lookup.js";
import type { ChangedFile, WinningCommit } from "./winning-commit.js";

/**
 * The first of the commits that a transaction may not follow; `undefined` when it may follow them all.
 *
 * @param followed commits from the version that it read up to these, which were found to be no conflict
 */
export async function firstConflict(
  scope: ConflictScope,
  commits: readonly WinningCommit[],
  filesHolding: FilesHolding,
  signal?: AbortSignal,
  followed: readonly WinningCommit[] = [],
): Promise<Conflict | undefined> {
  const judged = [
    ...passedBy(scope, followed).map((commit) => ({ commit, doubts: rowDoubts(scope, commit, commits) })),
    ...commits.map((commit, index) => ({
      commit,
      doubts: rowDoubts(scope, commit, commits.slice(index + 1)),
    })),
  ];
  const certain = judged.findIndex(({ commit, doubts }) => {
    return findConflict(scope, commit, doubts, () => false) !== undefined;
  });
  // Behind a certain conflict nothing matters any more.
  const open = certain === -1 ? judged : judged.slice(0, certain);
  const doubts = open.flatMap((each) => each.doubts);
  const holding = await doubtsThatHold(doubts, filesHolding, signal);
  for (const { commit, doubts } of judged) {
    const conflict = findConflict(scope, commit, doubts, (doubt) => holding.has(doubt));
    if (conflict !== undefined) return conflict;
  }
  return undefined;
}

/** Doubts that turn out true; the engine is asked once a predicate, whatever the number of commits. */
async function doubtsThatHold(
  doubts: readonly RowDoubt[],
  filesHolding: FilesHolding,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<RowDoubt>> {
  const holding = new Set<RowDoubt>();
  const byPredicate = new Map<Predicate, RowDoubt[]>();
  for (const doubt of doubts) {
    if (certainAnswer(doubt) !== undefined) continue;
    const same = byPredicate.get(doubt.predicate);
    if (same === undefined) byPredicate.set(doubt.predicate, [doubt]);
    else same.push(doubt);
  }
  for (const [predicate, asked] of byPredicate) {
    const files = asked.map(({ file }) => file);
    const held: ReadonlySet<ChangedFile> = new Set(await filesHolding(files, predicate, signal));
    for (const doubt of asked) if (held.has(doubt.file)) holding.add(doubt);
  }
  return holding;
}

/** Commits that were no conflict because of what they were, not of their rows: later ones may change that. */
function passedBy(scope: ConflictScope, followed: readonly WinningCommit[]): readonly WinningCommit[] {
  const passes = scope.isolation === "WriteSerializable" && !scope.changesMetadata;
  return passes && scope.reads.length > 0 ? followed.filter(isBlindAppend) : [];
}
