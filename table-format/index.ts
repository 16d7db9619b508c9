export { type AsOf, DeltaTable } from "./delta-table.js";
export {
  type Action,
  type AddFile,
  type CommitInfo,
  type Metadata,
  type PartitionValues,
  type Protocol,
  parseCommit,
  type RemoveFile,
  type SetTransaction,
  serializeCommit,
} from "./log/actions.js";
export { type CommitResult, commitEntry } from "./log/committer.js";
export { encodeDataPath } from "./log/data-path.js";
export type { HistoryEntry } from "./log/history.js";
export { LOG_FOLDER } from "./log/log-path.js";
export { type Version, version } from "./log/version.js";
export { readerFeatures, writerFeatures } from "./protocol/features.js";
export { protocolFor, usesTimestampNtz } from "./protocol/new-protocol.js";
export { isAppendOnly } from "./protocol/table-properties.js";
export * from "./schema/index.js";
export { canPartition, partitionTextSql, partitionValueSql } from "./skipping/partition-value.js";
export type { ColumnPath, CompareOp, Literal, Predicate } from "./skipping/predicate.js";
export { type SkippingTable, skippingSql } from "./skipping/skipping.js";
export { statisticsJson } from "./skipping/statistics.js";
export { type CheckpointReport, writeCheckpoint } from "./snapshot/checkpoint.js";
export { FILE_SCHEMA_TAG, fileSchemaDigest } from "./snapshot/file-schema.js";
export { type FileTable, Snapshot, type TableFolder } from "./snapshot/snapshot.js";
export { type Conflict, findConflict } from "./transaction/conflict.js";
export { type CommitOutcome, commit, type Replaced, type StagedCommit } from "./transaction/transaction.js";
