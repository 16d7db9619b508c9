export { type ErrorKind, isLakeError, LakeError, type Logger } from "../core/index.js";
export type { Parameters, ResultColumn, Row, Value } from "../engine/index.js";
export type { Finding, FindingCode, FindingPlace, FindingSeverity } from "../table-format/index.js";
export { displayName, Lake, type LakeOptions, openLake, type SqlOptions, type TableEntry } from "./lake.js";
export type { CreateTableOptions } from "./operations/create-table.js";
export type { DeleteOptions, DeleteReport } from "./operations/delete-rows.js";
export type { FsckOptions, FsckProgress } from "./operations/fsck/fsck.js";
export type { FindingCount, FsckReport } from "./operations/fsck/report.js";
export type { IngestedSource, IngestMode, IngestOptions, IngestReport } from "./operations/ingest.js";
export type { Progress, ProgressListener } from "./operations/progress.js";
export type { NewColumn, NewTable } from "./operations/table-definition.js";
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
