import { LakeError } from "../../core/index.js";
import { columnMappingMode, type StructType } from "../schema/index.js";
import { changeMappingMode, type MappedSchema } from "./column-mapping.js";

type Configuration = Readonly<Record<string, string>>;

const ROW_ID_COLUMN = "delta.rowTracking.materializedRowIdColumnName";
const ROW_VERSION_COLUMN = "delta.rowTracking.materializedRowCommitVersionColumnName";
const TIMES_IN_LOG = "delta.enableInCommitTimestamps";

/** Whether rows have ids that can be relied upon (PROTOCOL.md, "Row Tracking"). */
export function tracksRows(configuration: Configuration): boolean {
  return configuration["delta.enableRowTracking"]?.toLowerCase() === "true";
}

/**
 * What new properties bring along: columns mapped, the names of the hidden columns for row ids, and no trace
 * of when in-commit timestamps began once they are off. That they begin is written by the commit, which
 * knows its version and its time.
 *
 * @param before the properties of the table; `undefined` for a table that is to be created
 * @throws LakeError `invalid-input` for properties that exclude one another, or a change that cannot be made.
 */
export function withEffects(
  schema: StructType,
  before: Configuration | undefined,
  after: Configuration,
  newUuid: () => string,
): MappedSchema {
  if (tracksRows(after) && after["delta.rowTrackingSuspended"] === "true") {
    throw new LakeError(
      "invalid-input",
      "property-value",
      "delta.enableRowTracking and delta.rowTrackingSuspended cannot both be true",
    );
  }
  const mode = before === undefined ? undefined : columnMappingMode(before);
  const mapped = changeMappingMode(schema, after, mode, () => `col-${newUuid()}`);
  return { schema: mapped.schema, configuration: timed(before, tracked(mapped.configuration, newUuid)) };
}

function tracked(configuration: Configuration, newUuid: () => string): Configuration {
  if (!tracksRows(configuration)) return configuration;
  return {
    ...configuration,
    [ROW_ID_COLUMN]: configuration[ROW_ID_COLUMN] ?? `_row-id-col-${newUuid()}`,
    [ROW_VERSION_COLUMN]: configuration[ROW_VERSION_COLUMN] ?? `_row-commit-version-col-${newUuid()}`,
  };
}

function timed(before: Configuration | undefined, after: Configuration): Configuration {
  if (before?.[TIMES_IN_LOG] !== "true" || after[TIMES_IN_LOG] === "true") return after;
  return Object.fromEntries(
    Object.entries(after).filter(([name]) => !name.startsWith("delta.inCommitTimestampEnablement")),
  );
}
