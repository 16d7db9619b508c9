export * from "./changes/index.js";
export { CHECKPOINT_KINDS, type CheckpointKind } from "./checkpoint/checkpoint-kind.js";
export {
  type CheckpointOptions,
  type CheckpointReport,
  writeCheckpoint,
} from "./checkpoint/write-checkpoint.js";
export * from "./deletion-vector/index.js";
export { type AsOf, DeltaTable, type MaintenanceFailure } from "./delta-table.js";
export * from "./fsck/index.js";
export type {
  Action,
  AddFile,
  ChangeFile,
  CommitInfo,
  DomainMetadata,
  Metadata,
  PartitionValues,
  Protocol,
  RemoveFile,
  SetTransaction,
} from "./log/actions.js";
export { type CommitResult, commitEntry } from "./log/committer.js";
export { encodeDataPath } from "./log/data-path.js";
export type { HistoryEntry } from "./log/history.js";
export { LOG_FOLDER } from "./log/log-path.js";
export { parseCommit } from "./log/parse-actions.js";
export { serializeCommit } from "./log/serialize-actions.js";
export { type Version, version } from "./log/version.js";
export type { CleanupReport } from "./maintenance/clean-up-log.js";
export type { CompactionRange, CompactionReport } from "./maintenance/compact-log.js";
export * from "./protocol/index.js";
export * from "./raw-file/index.js";
export * from "./restore/index.js";
export * from "./row-rules/index.js";
export * from "./schema/index.js";
export * from "./schema-change/index.js";
export { looseStatistics } from "./skipping/loose-statistics.js";
export { canPartition, partitionTextSql, partitionValueSql } from "./skipping/partition-value.js";
export type { ColumnPath, CompareOp, Literal, Predicate } from "./skipping/predicate.js";
export { type SkippingTable, skippingSql } from "./skipping/skipping.js";
export { statisticsJson } from "./skipping/statistics.js";
export { COPY_SCHEMA, FILE_SCHEMA_TAG, fileSchemaDigest } from "./snapshot/file-schema.js";
export { type FileTable, Snapshot, type TableFolder } from "./snapshot/snapshot.js";
export type { Conflict, ConflictReason } from "./transaction/conflict.js";
export { conflictSoFar } from "./transaction/conflict-so-far.js";
export { type FoundCommit, findCommit } from "./transaction/find-commit.js";
export type { IsolationLevel } from "./transaction/isolation.js";
export { type LiveAdd, liveAdds } from "./transaction/live-files.js";
export {
  type MergeTarget,
  mergeStatements,
  type StagedStatement,
  untoldStatements,
} from "./transaction/merge-statements.js";
export { type ProvisionalVersion, provisionalVersion } from "./transaction/provisional.js";
export {
  type LiveFile,
  READS_EVERYTHING,
  type Replaced,
  type StagedCommit,
  type TableRead,
} from "./transaction/staged-commit.js";
export {
  readStaged,
  type SharedCommit,
  serializeStaged,
  stagedPath,
} from "./transaction/staged-file.js";
export { type CommitOutcome, commit } from "./transaction/transaction.js";
export { type UndoneCommit, undoCommit } from "./transaction/undo-commit.js";
export type { Winner } from "./transaction/winning-commit.js";
