import { LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../../engine/index.js";
import { convert, type Fit, fieldOf, type Misfit } from "./convert.js";
import { deltaType, engineType } from "./engine-type.js";
import { type EngineField, type EngineType, engineText, parseEngineType } from "./engine-type-text.js";
import { findField, foldCase } from "./fields.js";
import { type DataType, newField, type StructField, type StructType, typeText } from "./types.js";

/** A column of what is being written: its name and its DuckDB type as text. */
export interface SourceColumn {
  readonly name: string;
  readonly type: string;
}

/** `strict` refuses columns that the table does not have, `merge` adds them to the table. */
export type SchemaMode = "strict" | "merge";

export interface ColumnPlan {
  /** The table's schema after the write: `table`, with new columns and fields at the end of their struct. */
  readonly schema: StructType;
  /** What is new in `schema`: the path of the struct it is in, and the field. */
  readonly newFields: readonly NewField[];
  /** What is wider in `schema` than in `table`. */
  readonly widened: readonly WidenedType[];
  /** For each column of `schema`, in its order: the expression over the source that gives its value. */
  readonly columns: readonly PlannedColumn[];
}

export interface NewField {
  readonly parent: readonly string[];
  readonly field: StructField;
}

/** A column, a field or the inside of an array or map that gets a wider type. */
export interface WidenedType {
  /** Fields by their names in the table, insides as `element`, `key` and `value`. */
  readonly path: readonly string[];
  readonly type: DataType;
}

/** Whether a column of the first type may become one of the second. */
export type Widens = (from: DataType, to: DataType) => boolean;

export interface PlannedColumn {
  readonly name: string;
  /** SQL over the source's columns, of the type `engineType` gives for the column. */
  readonly sql: string;
}

/**
 * Fits source columns to a table's schema, by name whatever the case. Values are kept exactly or the
 * expression fails when it runs; see {@link convert} for what goes to what. Columns that the source lacks are NULL.
 *
 * @param options `widens`: which types of the table become those of the source, default none; `fit`: default
 *   `type`
 * @throws LakeError `invalid-input` naming the column, its type and the table's, when a type does not fit,
 * when `strict` meets a column the table lacks, or when the source lacks a NOT NULL column.
 */
export function planColumns(
  table: StructType,
  source: readonly SourceColumn[],
  mode: SchemaMode,
  { widens = () => false, fit = "type" }: { readonly widens?: Widens; readonly fit?: Fit } = {},
): ColumnPlan {
  const { schema, newFields, widened, parsed } = extended(table, source, widens);
  const [first] = newFields;
  if (mode === "strict" && first !== undefined) throw extraColumn(first);
  const columns = schema.fields.map((field) => planColumn(field, parsed, fit));
  return { schema, newFields, widened, columns };
}

/**
 * What a table's schema becomes when a source's columns join it. Whether its other columns get a value is not
 * looked at.
 *
 * @throws LakeError `invalid-input` naming the column, for a type that Delta does not have and for two columns
 * that differ in case only.
 */
export function extendSchema(
  table: StructType,
  source: readonly SourceColumn[],
  widens: Widens = () => false,
): Omit<ColumnPlan, "columns"> {
  const { schema, newFields, widened } = extended(table, source, widens);
  return { schema, newFields, widened };
}

function extended(
  table: StructType,
  source: readonly SourceColumn[],
  widens: Widens,
): Omit<ColumnPlan, "columns"> & { readonly parsed: readonly EngineField[] } {
  const parsed = source.map((column) => ({ name: column.name, type: parseColumnType(column) }));
  checkUnique(parsed);
  const growth: Growth = { widens, newFields: [], widened: [] };
  const schema = extend(table, parsed, [], growth);
  return { schema, newFields: growth.newFields, widened: growth.widened, parsed };
}

/** What is found out on the way through a schema. */
interface Growth {
  readonly widens: Widens;
  readonly newFields: NewField[];
  readonly widened: WidenedType[];
}

function planColumn(field: StructField, source: readonly EngineField[], fit: Fit): PlannedColumn {
  const found = fieldOf(source, field.name);
  const missing = missingRequired(field, found);
  if (missing !== undefined) {
    throw new LakeError(
      "invalid-input",
      "column-missing",
      `the source has no column "${missing}", which the table needs`,
      {
        context: { column: missing },
        hint: "The column is NOT NULL: give it a value.",
      },
    );
  }
  const type: EngineType = found?.type ?? { kind: "scalar", name: "NULL" };
  const sql = found === undefined ? "NULL" : quoteIdentifier(found.name);
  const conversion = convert(sql, type, field.type, field.name, fit);
  if ("misfit" in conversion) throw misfitError(conversion.misfit);
  // A column that needs no conversion may still be an alias of its type, as JSON is of VARCHAR: result
  // columns do not tell. The cast takes the alias off and is free otherwise.
  return {
    name: field.name,
    sql: conversion.sql === sql ? `CAST(${sql} AS ${engineType(field.type)})` : conversion.sql,
  };
}

/** The path of the first NOT NULL column or struct field that the source does not have. */
function missingRequired(field: StructField, source: EngineField | undefined): string | undefined {
  if (source === undefined) return field.nullable ? undefined : field.name;
  if (field.type.type !== "struct" || source.type.kind !== "struct") return undefined;
  for (const inner of field.type.fields) {
    const path = missingRequired(inner, fieldOf(source.type.fields, inner.name));
    if (path !== undefined) return `${field.name}.${path}`;
  }
  return undefined;
}

/** `table` with the source's new fields appended, struct by struct; what is new goes to `growth`. */
function extend(
  table: StructType,
  source: readonly EngineField[],
  parent: readonly string[],
  growth: Growth,
): StructType {
  const fields = table.fields.map((field) => {
    const found = fieldOf(source, field.name);
    if (found === undefined) return field;
    const type = extendType(field.type, found.type, [...parent, field.name], growth);
    return type === field.type ? field : { ...field, type };
  });
  const added = source
    .filter((column) => findField(table, column.name) === undefined)
    .map((column) => newField(column.name, deltaType(column.type)));
  for (const field of added) growth.newFields.push({ parent, field });
  const unchanged = added.length === 0 && fields.every((field, index) => field === table.fields[index]);
  return unchanged ? table : { type: "struct", fields: [...fields, ...added] };
}

function extendType(type: DataType, source: EngineType, path: readonly string[], growth: Growth): DataType {
  if (type.type === "struct" && (source.kind === "struct" || source.kind === "union")) {
    return extend(type, source.fields, path, growth);
  }
  if (type.type === "array" && source.kind === "list") {
    const elementType = extendType(type.elementType, source.element, [...path, "element"], growth);
    return elementType === type.elementType ? type : { ...type, elementType };
  }
  if (type.type === "map" && source.kind === "map") {
    const keyType = extendType(type.keyType, source.key, [...path, "key"], growth);
    const valueType = extendType(type.valueType, source.value, [...path, "value"], growth);
    return keyType === type.keyType && valueType === type.valueType ? type : { ...type, keyType, valueType };
  }
  if (
    source.kind === "struct" ||
    source.kind === "union" ||
    source.kind === "list" ||
    source.kind === "map"
  ) {
    return type;
  }
  const wider = deltaType(source);
  if (!growth.widens(type, wider)) return type;
  growth.widened.push({ path, type: wider });
  return wider;
}

function parseColumnType(column: SourceColumn): EngineType {
  try {
    const type = parseEngineType(column.type);
    deltaType(type);
    return type;
  } catch (error) {
    if (!(error instanceof LakeError)) throw error;
    throw new LakeError("invalid-input", "column-type", `column "${column.name}": ${error.message}`, {
      context: { column: column.name, type: column.type },
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
    });
  }
}

function checkUnique(source: readonly EngineField[]): void {
  const seen = new Map<string, string>();
  for (const { name } of source) {
    const twin = seen.get(foldCase(name));
    if (twin !== undefined) {
      throw new LakeError(
        "invalid-input",
        "column-duplicate",
        `the source has both "${twin}" and "${name}"`,
        {
          context: { column: name },
          hint: "A Delta table's column names are unique whatever their case: rename one of them.",
        },
      );
    }
    seen.set(foldCase(name), name);
  }
}

function extraColumn({ parent, field }: NewField): LakeError {
  const path = [...parent, field.name].join(".");
  return new LakeError(
    "invalid-input",
    "column-unknown",
    `the table has no column "${path}" (${typeText(field.type)} in the source)`,
    {
      context: { column: path },
      hint: "Add it to the table (--schema merge, WITH SCHEMA EVOLUTION), or leave it out of the source.",
    },
  );
}

function misfitError({ path, source, target }: Misfit): LakeError {
  const [from, to] = [engineText(source), typeText(target)];
  return new LakeError(
    "invalid-input",
    "column-type-mismatch",
    `column "${path}" is ${from} in the source and ${to} in the table, and ${from} does not go to ${to} without loss`,
    {
      context: { column: path, sourceType: from, tableType: to },
      hint: "Cast the column in the source to the table's type.",
    },
  );
}
