import type { EngineField, EngineType } from "../schema/engine-type-text.js";
import { engineText } from "../schema/engine-type-text.js";
import {
  type ColumnMappingMode,
  type DataType,
  foldCase,
  physicalName,
  type StructType,
  typeText,
} from "../schema/index.js";

/** A column of a data file that the table cannot read as what it should be. */
export interface Misfit {
  /** As the schema spells it, dotted. */
  readonly column: string;
  readonly message: string;
}

/** How the columns of a data file stand to those of the table. */
export interface ColumnFit {
  readonly misfits: readonly Misfit[];
  /** Columns of the file that the table does not have. */
  readonly unknown: readonly string[];
  /** NOT NULL columns of the table that the file does not have, so that they read as NULL. */
  readonly lacking: readonly string[];
}

/**
 * Compares the columns of a data file, as the engine reads them, with the table's. A column that the file lacks
 * is NULL in all its rows; a narrower type is read as the wider one (PROTOCOL.md, "Type Widening"). Pure.
 *
 * @param own columns that the table has besides its schema: partition columns and those of row tracking
 */
export function columnFit(
  schema: StructType,
  mode: ColumnMappingMode,
  own: ReadonlySet<string>,
  file: readonly EngineField[],
): ColumnFit {
  const misfits: Misfit[] = [];
  const lacking: string[] = [];
  const known = new Set([...own].map(foldCase));
  for (const field of schema.fields) {
    const name = physicalName(field, mode);
    known.add(foldCase(name));
    if (own.has(name)) continue;
    const found = fieldOf(file, name);
    if (found === undefined) {
      // By id a file's names say nothing.
      if (!field.nullable && mode !== "id") lacking.push(field.name);
      continue;
    }
    compare(field.type, found.type, field.name, mode, misfits);
  }
  // With column mapping, files keep columns that were dropped.
  const unknown =
    mode === "none" ? file.map(({ name }) => name).filter((name) => !known.has(foldCase(name))) : [];
  return { misfits, unknown, lacking };
}

function fieldOf(fields: readonly EngineField[], name: string): EngineField | undefined {
  return (
    fields.find((field) => field.name === name) ??
    fields.find((field) => foldCase(field.name) === foldCase(name))
  );
}

function compare(
  type: DataType,
  file: EngineType,
  column: string,
  mode: ColumnMappingMode,
  misfits: Misfit[],
): void {
  if (type.type === "struct" && file.kind === "struct") {
    for (const field of type.fields) {
      const found = fieldOf(file.fields, physicalName(field, mode));
      if (found !== undefined) compare(field.type, found.type, `${column}.${field.name}`, mode, misfits);
    }
    return;
  }
  if (type.type === "array" && file.kind === "list") {
    compare(type.elementType, file.element, `${column}.element`, mode, misfits);
    return;
  }
  if (type.type === "map" && file.kind === "map") {
    compare(type.keyType, file.key, `${column}.key`, mode, misfits);
    compare(type.valueType, file.value, `${column}.value`, mode, misfits);
    return;
  }
  if (fits(type, file)) return;
  misfits.push({
    column,
    message: `the column ${column} is ${engineText(file)} in the file and ${typeText(type)} in the table`,
  });
}

const WHOLE_BITS: Readonly<Record<string, number>> = { TINYINT: 8, SMALLINT: 16, INTEGER: 32, BIGINT: 64 };
const TABLE_BITS: Readonly<Record<string, number>> = { byte: 8, short: 16, integer: 32, long: 64 };

/** Whether values of the engine's type can be read as those of a table's primitive type. */
function fits(type: DataType, file: EngineType): boolean {
  const name = file.kind === "scalar" ? file.name : file.kind;
  const bits = WHOLE_BITS[name];
  switch (type.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      // Parquet's smallest integer has 32 bits, and writers may leave out that fewer are used.
      return bits !== undefined && bits <= Math.max(32, TABLE_BITS[type.type] ?? 0);
    case "float":
      return name === "FLOAT" || (bits ?? 64) <= 16;
    case "double":
      return name === "FLOAT" || name === "DOUBLE" || (bits ?? 64) <= 32;
    case "decimal": {
      const whole = type.precision - type.scale;
      if (file.kind === "decimal") return file.scale <= type.scale && file.precision - file.scale <= whole;
      return bits !== undefined && (type.scale === 0 || whole >= (bits === 64 ? 19 : 10));
    }
    case "boolean":
      return name === "BOOLEAN";
    case "string":
      return name === "VARCHAR" || name === "BLOB" || name === "enum" || name === "JSON" || name === "UUID";
    case "binary":
      return name === "BLOB" || name === "VARCHAR";
    case "date":
      return name === "DATE";
    case "timestamp":
      return name.startsWith("TIMESTAMP");
    case "timestamp_ntz":
      return name.startsWith("TIMESTAMP") || name === "DATE";
    case "variant":
    case "void":
      // A variant's own shape is its reader's business, and a void column holds nothing but NULL.
      return true;
    default:
      return false;
  }
}
