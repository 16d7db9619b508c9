import { createHash } from "node:crypto";
import { columnMappingMode, engineType, fieldId, physicalSchema, type StructType } from "../schema/index.js";

/**
 * The tag of an `add` that says which columns its file holds: the {@link fileSchemaDigest} it was
 * written with. Where it equals the table's, the file is read without a look into its footer.
 */
export const FILE_SCHEMA_TAG = "grizzly.fileSchema";

/** What stands before the digest where it is that of the Parquet copy of a raw file. */
export const COPY_SCHEMA = "copy:";

/**
 * A digest of the columns of a data file: the names and types, in order, of a table's columns that are
 * no partition columns. Equal digests mean equal columns. With column mapping the names are the physical
 * ones, at every depth, and by-id mapping adds the ids of the columns.
 *
 * @throws LakeError `corrupt` when columns are mapped and a field has no physical name or id.
 */
export function fileSchemaDigest(
  schema: StructType,
  partitionColumns: readonly string[],
  configuration: Readonly<Record<string, string>> = {},
): string {
  const mode = columnMappingMode(configuration);
  const columns = physicalSchema(schema, partitionColumns, mode).fields.map((field) => [
    field.name,
    engineType(field.type),
    // The ids of inner fields are as fixed as their names.
    ...(mode === "id" ? [fieldId(field)] : []),
  ]);
  const content = mode === "none" ? columns : [mode, columns];
  return createHash("sha256").update(JSON.stringify(content)).digest("hex").slice(0, 32);
}
