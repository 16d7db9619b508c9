export { type DecodedColumn, parseDecoding, type RawDecoding, serializeDecoding } from "./decoding.js";
export { isInPlace, type RawFile, rawFileOf, rawFileTags, rawFileWithoutFeature } from "./raw-file.js";
export {
  IN_PLACE_TAG,
  isRawFileSql,
  RAW_FILES_FEATURE,
  RAW_FORMATS,
  RAW_TAGS,
  type RawFormat,
} from "./raw-tags.js";
