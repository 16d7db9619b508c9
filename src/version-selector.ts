import { LakeError } from "../core/index.js";
import { type AsOf, version } from "../table-format/index.js";
import { parseInstant } from "./sql/instant.js";

/** A version of a table: its number, or an instant as ISO 8601 text (UTC where no offset is given). */
export interface VersionSelector {
  readonly version?: bigint | number | undefined;
  readonly timestamp?: string | Date | undefined;
}

/** @throws LakeError `invalid-input` when both are given, or the timestamp is none. */
export function asOf(at: VersionSelector): AsOf {
  if (at.version !== undefined && at.timestamp !== undefined) {
    throw new LakeError("invalid-input", "as-of", "give a version or a timestamp, not both");
  }
  if (at.version !== undefined) return { version: version(at.version) };
  if (at.timestamp === undefined) return undefined;
  return { timestamp: at.timestamp instanceof Date ? at.timestamp.getTime() : parseInstant(at.timestamp) };
}
