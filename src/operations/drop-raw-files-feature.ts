import { LakeError } from "../../core/index.js";
import {
  hasFeature,
  type PlannedChange,
  RAW_FILES_FEATURE,
  type Snapshot,
} from "../../table-format/index.js";
import { liveRawFiles } from "../raw-files/live-raw-files.js";

/** Whether a change takes from a table the feature that lets it have data files that are not Parquet. */
export function dropsRawFiles({ protocol }: Snapshot, change: PlannedChange): boolean {
  return (
    change.protocol !== undefined &&
    hasFeature(protocol, RAW_FILES_FEATURE) &&
    !hasFeature(change.protocol, RAW_FILES_FEATURE)
  );
}

/**
 * Checks that no reader of the table needs to know anything but Parquet.
 *
 * @throws LakeError `invalid-input` `feature-in-use` naming one of the files that are not Parquet.
 */
export async function checkNoRawFiles(
  label: string,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { count, first } = await liveRawFiles(snapshot, signal);
  if (first === undefined) return;
  const others = count === 1 ? "" : ` and ${count - 1} more`;
  throw new LakeError(
    "invalid-input",
    "feature-in-use",
    `${label} uses the feature ${RAW_FILES_FEATURE}: ${first}${others} ${count === 1 ? "is" : "are"} not Parquet`,
    {
      context: { features: RAW_FILES_FEATURE, files: count, file: first },
      hint: "Rewrite them as Parquet first: OPTIMIZE, or grizzly optimize.",
    },
  );
}
