import { LakeError } from "../../core/index.js";
import type { Metadata } from "../log/actions.js";
import {
  columnMappingMode,
  foldCase,
  newField,
  type PrimitiveName,
  parseSchema,
  physicalName,
  type StructField,
  serializeSchema,
} from "../schema/index.js";

// The columns that a change data feed has after the table's (PROTOCOL.md, "Add CDC File": `_change_type` is in
// the files, the others are of the log).

export const CHANGE_TYPE = "_change_type";
export const COMMIT_VERSION = "_commit_version";
export const COMMIT_TIMESTAMP = "_commit_timestamp";

const FEED_COLUMNS: Readonly<Record<string, PrimitiveName>> = {
  [CHANGE_TYPE]: "string",
  [COMMIT_VERSION]: "long",
  [COMMIT_TIMESTAMP]: "timestamp",
};

/** The names of the feed's own columns, in order. */
export const FEED_COLUMN_NAMES: readonly string[] = Object.keys(FEED_COLUMNS);

/** With column mapping the columns are called in files as in queries; no file has ids of them. */
function feedField(name: string, type: PrimitiveName, id: number): StructField {
  const metadata = { "delta.columnMapping.physicalName": name, "delta.columnMapping.id": id };
  return { ...newField(name, { type }), metadata };
}

/**
 * The metadata of a table's change feed, as if it were a table of its own.
 *
 * @param perFile the feed's columns whose value is one for a whole file: they are partition columns
 * @param where the table, for messages
 * @throws LakeError `unsupported` when the table has a column of such a name.
 */
export function feedMetadata(
  table: Metadata,
  perFile: readonly string[],
  configuration: Readonly<Record<string, string>>,
  where: string,
): Metadata {
  const { fields } = parseSchema(table.schemaString);
  const mode = columnMappingMode(table.configuration);
  const taken = fields.find((field) =>
    [field.name, physicalName(field, mode)].some((name) => FEED_COLUMN_NAMES.includes(foldCase(name))),
  );
  if (taken !== undefined) {
    throw new LakeError(
      "unsupported",
      "reserved-column",
      `${where} has a column ${taken.name}, which is what a column of its change feed is called`,
      { context: { column: taken.name }, hint: "Read the changes of versions from before it was added." },
    );
  }
  const own = Object.entries(FEED_COLUMNS).map(([name, type], index) => feedField(name, type, -1 - index));
  return {
    ...table,
    schemaString: serializeSchema({ type: "struct", fields: [...fields, ...own] }),
    partitionColumns: [...table.partitionColumns, ...perFile],
    configuration,
  };
}
