import type { Metadata } from "../log/actions.js";
import type { StagedCommit } from "./staged-commit.js";

/**
 * How strictly a commit is kept from following others, as `commitInfo.isolationLevel` says it. Strictest first:
 * - `Serializable`: the versions of the table are a serial order of all that was read and written.
 * - `WriteSerializable`: there is a serial order of the writes, in which a blind append may come later than the
 *   log has it. So an UPDATE is not stopped by rows that were appended while it ran.
 * - `SnapshotIsolation`: for commits that change no row, which is as good as serializable for these.
 */
export type IsolationLevel = "Serializable" | "WriteSerializable" | "SnapshotIsolation";

/**
 * The level of a commit. A table is `WriteSerializable` unless its property `delta.isolationLevel` says
 * otherwise; a value that is not understood gives the strictest level.
 */
export function isolationLevelOf(
  staged: StagedCommit,
  configuration: Metadata["configuration"] | undefined,
): IsolationLevel {
  if (onlyMovesRows(staged)) return "SnapshotIsolation";
  const wanted = configuration?.["delta.isolationLevel"]?.toLowerCase() ?? "writeserializable";
  return wanted === "writeserializable" ? "WriteSerializable" : "Serializable";
}

/** Whether a commit has rows of the table that may be new or gone. */
export function changesRows({ adds, replaces, dataChange }: StagedCommit): boolean {
  return adds.some((add) => add.dataChange) || (replaces.kind !== "none" && dataChange !== false);
}

/** File actions alone, none of which changes a row: compaction and its like. */
function onlyMovesRows(staged: StagedCommit): boolean {
  const { metadata, protocol, transactions = [], domains = [], adds, replaces } = staged;
  const movesFiles = adds.length > 0 || replaces.kind !== "none";
  const saysMore =
    metadata !== undefined || protocol !== undefined || transactions.length > 0 || domains.length > 0;
  return movesFiles && !saysMore && !changesRows(staged);
}
