export {
  type Detection,
  detect,
  HEAD_BYTES,
  TAIL_BYTES,
  type TextEncoding,
  type TextForm,
} from "./detect/detect.js";
export { type OpenOptions, openSource, openSources } from "./open-source.js";
export {
  type Compression,
  type FittedColumn,
  type Misfits,
  type OpenedSource,
  RESCUED,
  type Relation,
  type RelationOptions,
  ROW_NUMBER,
  type SourceColumn,
  type SourceFormat,
} from "./opened-source.js";
export {
  type FieldId,
  type FieldIds,
  type WriteParquetOptions,
  writeParquet,
} from "./parquet/write-parquet.js";
export { type ColumnStatistics, splitColumnName, type WrittenFile } from "./parquet/written-file.js";
export { type DiscoverOptions, discoverSources } from "./source/discover.js";
export { RecordCutter, type RecordEnds } from "./source/record-cutter.js";
export type { SourceFile } from "./source/source-file.js";
