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
  FILE_URI,
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
export { jsonString, type RescuedParts, rescuedJson, rescuedValue } from "./rescue/rescued-json.js";
export { type DiscoverOptions, discoverSources } from "./source/discover.js";
export { fetchedFile, type HeldSources, holdSources, whileFound } from "./source/fetch-sources.js";
export {
  type FileStamp,
  fileStamp,
  type MovedFile,
  movedFiles,
  sameStamp,
  stampedAnew,
} from "./source/file-stamp.js";
export { fileUri, localName } from "./source/file-uri.js";
export { hashFile, hashFiles } from "./source/hash-file.js";
export { RecordCutter, type RecordEnds } from "./source/record-cutter.js";
export {
  type DiscoveredSource,
  isLocalSource,
  isRemoteSource,
  type RemoteLocation,
  type RemoteSource,
  remoteLocation,
} from "./source/remote-source.js";
export type { SourceFile } from "./source/source-file.js";
export {
  type RecordForm,
  STREAM_HEAD_BYTES,
  type StreamForm,
  type StreamPart,
  streamForm,
} from "./source/stream-form.js";
