import { RAW_FILES_FEATURE } from "../raw-file/raw-tags.js";
import type { TableFeature } from "./feature.js";

/**
 * Data files that are not Parquet. The metadata does not tell whether there are any: whoever lands one brings the
 * feature, and `DROP FEATURE` looks for live ones.
 */
export const RAW_FILES: TableFeature = {
  name: RAW_FILES_FEATURE,
  scope: "reader-writer",
  reads: "supported",
  writes: "supported",
  requires: [],
  whenUsed: "asks",
  turnedOnBy: "`grizzly ingest --as avro`, `--as jsonl` or `--as keep`",
};
