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
} from "./actions.js";
export { type CheckpointReport, writeCheckpoint } from "./checkpoint.js";
export { type CommitResult, commitEntry } from "./committer.js";
export { type Conflict, findConflict } from "./conflict.js";
export { encodeDataPath } from "./data-path.js";
export { type AsOf, DeltaTable } from "./delta-table.js";
export { readerFeatures, writerFeatures } from "./features.js";
export { FILE_SCHEMA_TAG, fileSchemaDigest } from "./file-schema.js";
export type { HistoryEntry } from "./history.js";
export { LOG_FOLDER } from "./log-path.js";
export { protocolFor, usesTimestampNtz } from "./new-protocol.js";
export { canPartition, partitionTextSql, partitionValueSql } from "./partition-value.js";
export type { ColumnPath, CompareOp, Literal, Predicate } from "./predicate.js";
export * from "./schema/index.js";
export { type SkippingTable, skippingSql } from "./skipping.js";
export { type FileTable, Snapshot, type TableFolder } from "./snapshot.js";
export { statisticsJson } from "./statistics.js";
export { isAppendOnly } from "./table-properties.js";
export { type CommitOutcome, commit, type Replaced, type StagedCommit } from "./transaction.js";
export { type Version, version } from "./version.js";
