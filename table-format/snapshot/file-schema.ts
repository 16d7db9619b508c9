import { createHash } from "node:crypto";
import { engineType, type StructType } from "../schema/index.js";

/**
 * The tag of an `add` that says which columns its file holds: the {@link fileSchemaDigest} it was
 * written with. Where it equals the table's, the file needs no mapping to be read.
 */
export const FILE_SCHEMA_TAG = "grizzly.fileSchema";

/**
 * A digest of the columns of a data file: the names and types, in order, of a table's columns that are
 * no partition columns. Equal digests mean equal columns.
 */
export function fileSchemaDigest(schema: StructType, partitionColumns: readonly string[]): string {
  const columns = schema.fields
    .filter((field) => !partitionColumns.includes(field.name))
    .map((field) => [field.name, engineType(field.type)]);
  return createHash("sha256").update(JSON.stringify(columns)).digest("hex").slice(0, 32);
}
