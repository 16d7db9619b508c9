export { type ErrorKind, isLakeError, LakeError, type Logger } from "../core/index.js";
export type { Parameters, ResultColumn, Row, Value } from "../engine/index.js";
export type { S3Credentials, S3Encryption, S3Options, TierUsage } from "../object-store/index.js";
export type { Finding, FindingCode, FindingPlace, FindingSeverity } from "../table-format/index.js";
export { type Cache, type CacheOptions, openCache } from "./cache-options.js";
export type {
  ApplicationTransaction,
  Applied,
  GivenRows,
  MergeDeleteClause,
  MergeInsertClause,
  MergeUpdateClause,
  NewTableAs,
  NewTableAsOptions,
  NewValues,
  TableDeleteOptions,
  TableInsertOptions,
  TableInsertRowsOptions,
  TableMergeOptions,
  TableUpdateOptions,
} from "./change-options.js";
export { displayName, Lake, type LakeOptions, openLake, type SqlOptions, type TableEntry } from "./lake.js";
export type { LakeTransaction, TransactionOptions } from "./lake-transaction.js";
export type { OptimizeReport } from "./operations/compact/compact.js";
export type { CreateTableOptions } from "./operations/create-table.js";
export type { CreateTableAsReport } from "./operations/create-table-as.js";
export type { DeleteReport } from "./operations/delete-rows.js";
export type { FsckOptions, FsckProgress } from "./operations/fsck/fsck.js";
export type { FindingCount, FsckReport } from "./operations/fsck/report.js";
export type { InsertReport } from "./operations/insert/insert-operation.js";
export type {
  IngestedSource,
  IngestMode,
  IngestOptions,
  IngestReport,
  LandAs,
  OnChange,
  RescuedCounts,
  SourceFileCounts,
} from "./operations/landing/ingest.js";
export type { StreamIngestOptions } from "./operations/landing/watch/stream-ingest.js";
export type { WatchIngestOptions } from "./operations/landing/watch/watch-ingest.js";
export type { WatchEvent } from "./operations/landing/watch/watch-sources.js";
export type { MergeReport } from "./operations/merge/merge.js";
export type { Progress, ProgressListener } from "./operations/progress.js";
export type { RestoreReport } from "./operations/restore.js";
export type { NewColumn, NewTable } from "./operations/table-definition.js";
export type { TruncateReport } from "./operations/truncate.js";
export type { UpdateReport } from "./operations/update-rows.js";
export { RELEASE } from "./product.js";
export { SqlResult } from "./sql/result.js";
export {
  type ChangesOptions,
  type HistoryEntry,
  type ScanOptions,
  Table,
  type TableDetail,
  type VersionSelector,
} from "./table.js";
export type { TableChangeReport } from "./table-change-report.js";
export { WritableTable } from "./writable-table.js";
