import { quoteIdentifier, quoteString } from "../../engine/index.js";
import {
  type ColumnMappingMode,
  charLength,
  type DataType,
  engineType,
  fieldId,
  foldCase,
  physicalName,
  type StructField,
  type StructType,
} from "../../table-format/index.js";
import { type FileField, type FileType, fileTypeText } from "./file-shape.js";

/**
 * SQL that makes the table's value of a file's. `isCast` says that it does what a cast of the value to the
 * table's type does, which the engine is faster at where values are nested.
 */
export interface ReadValue {
  readonly sql: string;
  readonly isCast: boolean;
}

/** A column of a file whose type the table's does not take: the path of the part, and both types. */
export interface TypeMisfit {
  readonly path: string;
  readonly fileType: string;
  readonly tableType: DataType;
}

export type Reading = ReadValue | { readonly misfit: TypeMisfit };

/** The field of a file's struct that holds a field of the table (PROTOCOL.md, "Reader Requirements for Column Mapping"). */
export function findFileField(
  fields: readonly FileField[],
  field: StructField,
  mode: ColumnMappingMode,
): FileField | undefined {
  if (mode === "id") {
    const id = fieldId(field);
    return fields.find((candidate) => candidate.id === id);
  }
  const name = physicalName(field, mode);
  return (
    fields.find((candidate) => candidate.name === name) ??
    // Spark, by default, does not tell names apart that differ in case only.
    fields.find((candidate) => foldCase(candidate.name) === foldCase(name))
  );
}

/** Reads `sql`, a value of a file's field, as that of a field of the table; see {@link readValue}. */
export function readField(
  sql: string,
  source: FileField,
  target: StructField,
  mode: ColumnMappingMode,
  path: string,
  depth = 0,
): Reading {
  const reading = readValue(sql, source.type, target.type, mode, path, depth);
  return "misfit" in reading ? reading : padded(reading, target);
}

/** The spaces that a value of `char(n)` ends with. */
function padded({ sql, isCast }: ReadValue, field: StructField): ReadValue {
  const text = charPaddedSql(sql, field);
  return text === sql ? { sql, isCast } : { sql: text, isCast: false };
}

/** SQL of the value with its spaces, of a field of type `char(n)`; `sql` itself of any other. */
export function charPaddedSql(sql: string, field: StructField): string {
  const length = charLength(field);
  return length === undefined
    ? sql
    : `CASE WHEN length(${sql}) < ${length} THEN rpad(${sql}, ${length}, ' ') ELSE ${sql} END`;
}

/**
 * Reads `sql`, a value of a file's type, as one of a table's: members renamed, those that the file lacks
 * NULL, and types widened as "Type Widening" of PROTOCOL.md allows. A whole number goes to any whole or
 * decimal type, a decimal to any with as many places, and the query fails at a value that has no room.
 * Anything else that is not the same kind of value is a misfit.
 */
export function readValue(
  sql: string,
  source: FileType,
  target: DataType,
  mode: ColumnMappingMode,
  path: string,
  depth = 0,
): Reading {
  switch (target.type) {
    case "struct":
      return source.kind === "struct"
        ? readStruct(sql, source.fields, target, mode, path, depth)
        : misfit(path, source, target);
    case "array": {
      if (source.kind !== "list") return misfit(path, source, target);
      const element = `e${depth}`;
      const inner = readValue(
        element,
        source.element,
        target.elementType,
        mode,
        `${path}.element`,
        depth + 1,
      );
      if ("misfit" in inner) return inner;
      if (inner.sql === element) return { sql, isCast: true };
      if (inner.isCast) return cast(sql, target);
      return { sql: `list_transform(${sql}, lambda ${element}: ${inner.sql})`, isCast: false };
    }
    case "map": {
      if (source.kind !== "map") return misfit(path, source, target);
      const entry = `e${depth}`;
      const [keySql, valueSql] = [`${entry}.key`, `${entry}.value`];
      const key = readValue(keySql, source.key, target.keyType, mode, `${path}.key`, depth + 1);
      if ("misfit" in key) return key;
      const value = readValue(valueSql, source.value, target.valueType, mode, `${path}.value`, depth + 1);
      if ("misfit" in value) return value;
      if (key.sql === keySql && value.sql === valueSql) return { sql, isCast: true };
      if (key.isCast && value.isCast) return cast(sql, target);
      const pair = `struct_pack(k := ${key.sql}, v := ${value.sql})`;
      const entries = `list_transform(map_entries(${sql}), lambda ${entry}: ${pair})`;
      return { sql: `CASE WHEN ${sql} IS NOT NULL THEN map_from_entries(${entries}) END`, isCast: false };
    }
    case "void":
      return { sql: nullOf(target), isCast: false };
    case "variant":
      return readVariant(sql, source, path);
    default:
      return readScalar(sql, source, target, path);
  }
}

/** A NULL of a type. */
export function nullOf(type: DataType): string {
  return `NULL::${engineType(type)}`;
}

function readStruct(
  sql: string,
  source: readonly FileField[],
  target: StructType,
  mode: ColumnMappingMode,
  path: string,
  depth: number,
): Reading {
  const members: string[] = [];
  let isSame = source.length === target.fields.length;
  let isCast = isSame;
  for (const [index, field] of target.fields.entries()) {
    const found = findFileField(source, field, mode);
    const value = found && `struct_extract(${sql}, ${quoteString(found.name)})`;
    const reading: Reading =
      found === undefined || value === undefined
        ? { sql: nullOf(field.type), isCast: false }
        : readField(value, found, field, mode, `${path}.${field.name}`, depth);
    if ("misfit" in reading) return reading;
    const stays = found !== undefined && found === source[index] && found.name === field.name;
    isCast = isCast && stays && reading.isCast;
    isSame = isSame && stays && reading.sql === value;
    members.push(`${quoteIdentifier(field.name)} := ${reading.sql}`);
  }
  if (isSame) return { sql, isCast: true };
  if (isCast) return cast(sql, target);
  return { sql: `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${members.join(", ")}) END`, isCast: false };
}

/**
 * A variant. The engine knows one by its annotation; Spark writes none, and what it reads then is a struct
 * of two binaries (parquet-format VariantEncoding.md, "Variant in Parquet").
 */
function readVariant(sql: string, source: FileType, path: string): Reading {
  if (source.kind === "scalar" && source.text === "VARIANT") return { sql, isCast: true };
  if (source.kind !== "struct" || source.fields.length !== 2)
    return misfit(path, source, { type: "variant" });
  const part = (name: string): string | undefined =>
    source.fields.some((field) => field.name === name && fileTypeText(field.type) === "BLOB")
      ? `struct_extract(${sql}, ${quoteString(name)})`
      : undefined;
  const [metadata, value] = [part("metadata"), part("value")];
  return metadata === undefined || value === undefined
    ? misfit(path, source, { type: "variant" })
    : { sql: `variant_bytes_to_variant(${metadata} || ${value})`, isCast: false };
}

const WHOLE = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT)$/;
/** Of these every value is a double too. */
const WHOLE_IN_DOUBLE = /^U?(TINYINT|SMALLINT|INTEGER)$/;
/** TIMESTAMP_S and its like, and those with a zone. */
const TIMESTAMP = /^TIMESTAMP/;

function readScalar(
  sql: string,
  source: FileType,
  target: Exclude<DataType, StructType>,
  path: string,
): Reading {
  if (source.kind !== "scalar") return misfit(path, source, target);
  const from = source.text;
  if (from === engineType(target)) return { sql, isCast: true };
  const widened = (fits: boolean): Reading => (fits ? cast(sql, target) : misfit(path, source, target));
  switch (target.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      return widened(WHOLE.test(from));
    case "double":
      return widened(from === "FLOAT" || WHOLE_IN_DOUBLE.test(from));
    case "decimal": {
      const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(from)?.[1];
      return widened(WHOLE.test(from) || (scale !== undefined && Number(scale) <= target.scale));
    }
    case "timestamp":
      return widened(TIMESTAMP.test(from));
    case "timestamp_ntz":
      return widened(TIMESTAMP.test(from) || from === "DATE");
    case "string":
      // Writers of old did not annotate texts.
      if (from === "BLOB") return { sql: `decode(${sql})`, isCast: false };
      return widened(from === "JSON" || from === "UUID");
    case "binary":
      return from === "VARCHAR" ? { sql: `encode(${sql})`, isCast: false } : misfit(path, source, target);
    default:
      return misfit(path, source, target);
  }
}

function cast(sql: string, target: DataType): ReadValue {
  return { sql: `CAST(${sql} AS ${engineType(target)})`, isCast: true };
}

function misfit(path: string, source: FileType, target: DataType): Reading {
  return { misfit: { path, fileType: fileTypeText(source), tableType: target } };
}
