export { type ErrorKind, isLakeError, LakeError, type Logger } from "../core/index.js";
export type { Parameters, ResultColumn, Row, Value } from "../engine/index.js";
export { displayName, Lake, type LakeOptions, openLake, type SqlOptions, type TableEntry } from "./lake.js";
export type { IngestedSource, IngestMode, IngestOptions, IngestReport } from "./operations/ingest.js";
export type { Progress, ProgressListener } from "./operations/progress.js";
export { RELEASE } from "./product.js";
export { SqlResult } from "./sql/result.js";
export {
  type HistoryEntry,
  type ScanOptions,
  Table,
  type TableDetail,
  type VersionSelector,
} from "./table.js";
