export {
  type Detection,
  detect,
  HEAD_BYTES,
  TAIL_BYTES,
  type TextEncoding,
  type TextForm,
} from "./detect/detect.js";
export { openSource } from "./open-source.js";
export type { Compression, OpenedSource, Relation, SourceColumn, SourceFormat } from "./opened-source.js";
export {
  type FieldId,
  type FieldIds,
  type WriteParquetOptions,
  writeParquet,
} from "./parquet/write-parquet.js";
export { type ColumnStatistics, splitColumnName, type WrittenFile } from "./parquet/written-file.js";
export { type DiscoverOptions, discoverSources } from "./source/discover.js";
export type { SourceFile } from "./source/source-file.js";
