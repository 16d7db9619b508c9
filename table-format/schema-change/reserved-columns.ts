import { LakeError } from "../../core/index.js";
import type { Metadata } from "../log/actions.js";
import { isOn } from "../protocol/feature.js";
import { foldCase, type StructType } from "../schema/index.js";

/** The columns that a change data feed adds to those of the table (PROTOCOL.md, "Add CDC File"). */
const CHANGE_COLUMNS: readonly string[] = ["_change_type", "_commit_version", "_commit_timestamp"];

/**
 * Checks that no column has a name that the table's change data feed needs.
 *
 * @throws LakeError `invalid-input` `reserved-column` naming the column.
 */
export function checkReservedColumns(schema: StructType, metadata: Metadata): void {
  if (!isOn(metadata, "delta.enableChangeDataFeed")) return;
  const taken = schema.fields.find(({ name }) => CHANGE_COLUMNS.includes(foldCase(name)));
  if (taken === undefined) return;
  throw new LakeError(
    "invalid-input",
    "reserved-column",
    `a table with a change data feed cannot have a column ${taken.name}: the feed has one of this name`,
    { context: { column: taken.name } },
  );
}
