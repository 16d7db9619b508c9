import { columnMappingMode, type Snapshot } from "../../table-format/index.js";
import { type FileShape, fileTypeText } from "./file-shape.js";
import { findFileField } from "./read-value.js";

/** Gives shapes that can be read together the same text. */
export type ShapeKey = (shape: FileShape) => string;

/**
 * Makes the keys of a version's files.
 *
 * The engine reads files by the names and types of the first of them. So files go together when the columns
 * that the table has in them have one name and one type, with one set of inner names and field ids; what
 * else they hold, and in which order, does not matter.
 *
 * @param used names of the columns whose values are used
 * @param hiddenColumns columns of files that the schema does not have and the scan needs
 */
export function shapeKeys(
  { schema, metadata }: Snapshot,
  used: ReadonlySet<string> | "all",
  hiddenColumns: readonly string[],
): ShapeKey {
  const mode = columnMappingMode(metadata.configuration);
  const fields = schema.fields.filter(
    ({ name }) => (used === "all" || used.has(name)) && !metadata.partitionColumns.includes(name),
  );
  const keys = new WeakMap<FileShape, string>();
  return (shape) => {
    const known = keys.get(shape);
    if (known !== undefined) return known;
    const columns = fields.map((field) => {
      const found = findFileField(shape.fields, field, mode);
      if (found === undefined) return null;
      return mode === "id" ? found : [found.name, fileTypeText(found.type)];
    });
    const hidden = hiddenColumns.map((name) => shape.fields.find((field) => field.name === name) ?? null);
    const key = JSON.stringify([columns, hidden, usesEngineName(shape)]);
    keys.set(shape, key);
    return key;
  };
}

/** Columns that the engine's reader adds. One of a file's own hides it. */
const ENGINE_COLUMNS: ReadonlySet<string> = new Set(["file_index", "file_row_number", "filename"]);

/** Whether a file has a column called as one that the engine's reader adds. */
export function usesEngineName(shape: FileShape): boolean {
  return shape.fields.some(({ name }) => ENGINE_COLUMNS.has(name.toLowerCase()));
}
