import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { quoteIdentifier } from "../sql-text.js";
import { MAX_DECIMAL_DIGITS } from "./arrow-type.js";

/**
 * The engine type, as SQL text, that holds every value of an Arrow field.
 *
 * - Timestamps without a time zone keep their unit (TIMESTAMP_S, _MS, TIMESTAMP, _NS); those with one
 *   are instants and become TIMESTAMP WITH TIME ZONE, in microseconds.
 * - Durations and intervals become INTERVAL, in months, days and microseconds.
 * - A dictionary is its values. A null-only field is an INTEGER, as in CREATE TABLE AS SELECT NULL.
 *
 * @throws LakeError `unsupported` for a type the engine has no equal for; it names the field.
 */
export function engineTypeOfArrow(field: arrow.Field): string {
  return engineType(field.type, field.name);
}

function engineType(type: arrow.DataType, path: string): string {
  if (arrow.DataType.isDictionary(type)) return engineType(type.dictionary, path);
  if (arrow.DataType.isNull(type)) return "INTEGER";
  if (arrow.DataType.isBool(type)) return "BOOLEAN";
  if (arrow.DataType.isInt(type)) return integerType(type);
  if (arrow.DataType.isFloat(type)) return type.precision === arrow.Precision.DOUBLE ? "DOUBLE" : "FLOAT";
  if (arrow.DataType.isDecimal(type)) return decimalType(type, path);
  if (arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type) || arrow.DataType.isUtf8View(type)) {
    return "VARCHAR";
  }
  if (
    arrow.DataType.isBinary(type) ||
    arrow.DataType.isLargeBinary(type) ||
    arrow.DataType.isBinaryView(type) ||
    arrow.DataType.isFixedSizeBinary(type)
  ) {
    return "BLOB";
  }
  if (arrow.DataType.isDate(type)) return "DATE";
  if (arrow.DataType.isTime(type)) return type.unit === arrow.TimeUnit.NANOSECOND ? "TIME_NS" : "TIME";
  if (arrow.DataType.isTimestamp(type)) return timestampType(type);
  if (arrow.DataType.isDuration(type) || arrow.DataType.isInterval(type)) return "INTERVAL";
  if (arrow.DataType.isList(type) || arrow.DataType.isLargeList(type)) return `${elementType(type, path)}[]`;
  if (arrow.DataType.isFixedSizeList(type)) {
    if (type.listSize === 0) throw unsupported(type, path, "the engine has no array of length 0");
    return `${elementType(type, path)}[${type.listSize}]`;
  }
  if (arrow.DataType.isStruct(type)) {
    if (type.children.length === 0) throw unsupported(type, path, "the engine has no struct without fields");
    return `STRUCT(${members(type.children, path)})`;
  }
  if (arrow.DataType.isMap(type)) {
    const [key, value] = mapTypes(type);
    return `MAP(${engineType(key, `${path}.key`)}, ${engineType(value, `${path}.value`)})`;
  }
  if (arrow.DataType.isUnion(type)) return `UNION(${members(type.children, path)})`;
  throw unsupported(type, path, "the engine has no such type");
}

/** The types of a map's keys and values, whatever the entries' fields are called. */
export function mapTypes(type: arrow.Map_): [key: arrow.DataType, value: arrow.DataType] {
  const [key, value] = type.children[0]?.type.children ?? [];
  if (key === undefined || value === undefined) {
    throw new LakeError("invalid-input", "arrow-schema", `${type} has no keys or no values`);
  }
  return [key.type, value.type];
}

function integerType(type: arrow.Int): string {
  const name = { 8: "TINYINT", 16: "SMALLINT", 32: "INTEGER", 64: "BIGINT" }[type.bitWidth];
  return type.isSigned ? name : `U${name}`;
}

function decimalType(type: arrow.Decimal, path: string): string {
  const { precision, scale } = type;
  if (precision > MAX_DECIMAL_DIGITS)
    throw unsupported(type, path, `the engine's decimals have ${MAX_DECIMAL_DIGITS} digits`);
  if (scale < 0 || scale > precision)
    throw unsupported(type, path, `the engine has no scale ${scale} for ${precision} digits`);
  return `DECIMAL(${precision},${scale})`;
}

function timestampType(type: arrow.Timestamp): string {
  if (type.timezone) return "TIMESTAMP WITH TIME ZONE";
  switch (type.unit) {
    case arrow.TimeUnit.SECOND:
      return "TIMESTAMP_S";
    case arrow.TimeUnit.MILLISECOND:
      return "TIMESTAMP_MS";
    case arrow.TimeUnit.MICROSECOND:
      return "TIMESTAMP";
    case arrow.TimeUnit.NANOSECOND:
      return "TIMESTAMP_NS";
  }
}

function elementType(type: arrow.List | arrow.LargeList | arrow.FixedSizeList, path: string): string {
  const item = type.children[0];
  if (item === undefined) throw unsupported(type, path, "the list has no item type");
  return engineType(item.type, `${path}.${item.name}`);
}

function members(fields: readonly arrow.Field[], path: string): string {
  return fields
    .map((field) => `${quoteIdentifier(field.name)} ${engineType(field.type, `${path}.${field.name}`)}`)
    .join(", ");
}

function unsupported(type: arrow.DataType, path: string, why: string): LakeError {
  return new LakeError("unsupported", "arrow-type", `column ${path}: Arrow type ${type}: ${why}`, {
    context: { column: path, type: String(type) },
  });
}
