import { isJsonObject, parseJson, stringifyJson } from "../../core/index.js";

/**
 * The `stats` text of a file some of whose rows are deleted from now on: its bounds still hold and may not be
 * met any more, so `tightBounds` is false; `numRecords` stays that of the file (PROTOCOL.md, "Per-file
 * Statistics").
 */
export function looseStatistics(stats: string): string {
  const parsed = parseJson(stats);
  return isJsonObject(parsed) ? stringifyJson({ ...parsed, tightBounds: false }) : stats;
}
