import { quoteIdentifier, quoteString } from "../../engine/index.js";
import {
  type DataType,
  deltaTypeOfEngine,
  type EngineField,
  type EngineType,
  engineText,
  engineType,
  foldCase,
  type StructType,
} from "../../table-format/index.js";
import { valueJson } from "./value-json.js";

/** A value, or a part of one, that may have no place in its column. */
export interface Misplaced {
  /** Names of fields with points between, as the source spells them. */
  readonly path: string;
  /** SQL: whether it has none; never NULL. */
  readonly where: string;
  /** SQL: the value as JSON text. */
  readonly json: string;
}

/** A value that has been made to fit. */
export interface FittedValue {
  /** SQL of the column's type; it never fails. NULL for a value that does not fit. */
  readonly sql: string;
  /** What is not in it; empty where every value of the type fits. */
  readonly misplaced: readonly Misplaced[];
}

/**
 * Fits a value to a type: the same value, or NULL and a {@link Misplaced} for it. A struct is fitted field by field, a
 * list or map goes as a whole.
 *
 * @param sql An expression of the type `source`; it is repeated.
 */
export function fitValue(
  sql: string,
  source: EngineType,
  target: DataType,
  path: string,
  depth = 0,
): FittedValue {
  if (source.kind === "scalar" && (source.name === "NULL" || source.name === "SQLNULL")) {
    return { sql: nullOf(target), misplaced: [] };
  }
  switch (target.type) {
    case "struct":
      return source.kind === "struct" || source.kind === "union"
        ? fitStruct(sql, source, target, path, depth)
        : misfit(sql, source, target, path);
    case "array": {
      if (source.kind !== "list") return misfit(sql, source, target, path);
      const list = source.size === undefined ? sql : `CAST(${sql} AS ${engineText(source.element)}[])`;
      const item = `e${depth}`;
      const element = fitValue(item, source.element, target.elementType, path, depth + 1);
      const values = element.sql === item ? list : `list_transform(${list}, lambda ${item}: ${element.sql})`;
      return whole(sql, source, path, values, list, item, element.misplaced);
    }
    case "map": {
      if (source.kind !== "map") return misfit(sql, source, target, path);
      const entry = `e${depth}`;
      const key = fitValue(`${entry}.key`, source.key, target.keyType, path, depth + 1);
      const value = fitValue(`${entry}.value`, source.value, target.valueType, path, depth + 1);
      const pair = `struct_pack(k := ${key.sql}, v := ${value.sql})`;
      const entries = `map_entries(${sql})`;
      const values = `CASE WHEN ${sql} IS NOT NULL THEN map_from_entries(list_transform(${entries}, lambda ${entry}: ${pair})) END`;
      return whole(sql, source, path, values, entries, entry, [...key.misplaced, ...value.misplaced]);
    }
    default:
      return fitScalar(sql, source, target, path);
  }
}

/** The field of a source that stands for `name`: the one of that name, or the first that differs in case only. */
export function fieldFor(fields: readonly EngineField[], name: string): EngineField | undefined {
  return (
    fields.find((field) => field.name === name) ??
    fields.find((field) => foldCase(field.name) === foldCase(name))
  );
}

function nullOf(target: DataType): string {
  return `CAST(NULL AS ${engineType(target)})`;
}

/** No value of the type fits. */
function misfit(sql: string, source: EngineType, target: DataType, path: string): FittedValue {
  return {
    sql: nullOf(target),
    misplaced: [{ path, where: `${sql} IS NOT NULL`, json: valueJson(sql, source) }],
  };
}

/** A list or map, which is NULL where any of its items holds something that is misplaced. */
function whole(
  sql: string,
  source: EngineType,
  path: string,
  values: string,
  items: string,
  item: string,
  misplaced: readonly Misplaced[],
): FittedValue {
  if (misplaced.length === 0) return { sql: values, misplaced: [] };
  const faults = misplaced.map(({ where }) => `(${where})`).join(" OR ");
  const where = `coalesce(len(list_filter(${items}, lambda ${item}: ${faults})), 0) > 0`;
  return {
    sql: `CASE WHEN NOT (${where}) THEN ${values} END`,
    misplaced: [{ path, where, json: valueJson(sql, source) }],
  };
}

function fitStruct(
  sql: string,
  source: EngineType & { readonly fields: readonly EngineField[] },
  target: StructType,
  path: string,
  depth: number,
): FittedValue {
  const misplaced: Misplaced[] = [];
  const known = new Set<string>();
  const extract = source.kind === "union" ? "union_extract" : "struct_extract";
  const member = ({ name }: EngineField): string => `${extract}(${sql}, ${quoteString(name)})`;
  const members = target.fields.map((field) => {
    const found = fieldFor(source.fields, field.name);
    if (found === undefined) return `${quoteIdentifier(field.name)} := ${nullOf(field.type)}`;
    known.add(found.name);
    const value = fitValue(member(found), found.type, field.type, `${path}.${found.name}`, depth);
    misplaced.push(...value.misplaced);
    return `${quoteIdentifier(field.name)} := ${value.sql}`;
  });
  for (const field of source.fields) {
    if (known.has(field.name)) continue;
    const value = member(field);
    misplaced.push({
      path: `${path}.${field.name}`,
      where: `${value} IS NOT NULL`,
      json: valueJson(value, field.type),
    });
  }
  return { sql: `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${members.join(", ")}) END`, misplaced };
}

const INTEGERS: readonly string[] = ["byte", "short", "integer", "long"];

function fitScalar(sql: string, source: EngineType, target: DataType, path: string): FittedValue {
  if (
    source.kind === "list" ||
    source.kind === "map" ||
    source.kind === "struct" ||
    source.kind === "union"
  ) {
    return misfit(sql, source, target, path);
  }
  const text = engineText(source);
  const type = engineType(target);
  const from = deltaTypeOfEngine(text).type;
  if (text === type) return { sql, misplaced: [] };
  if (!mayFit(from, target)) return misfit(sql, source, target, path);
  if (alwaysFits(source, from, target)) return { sql: `CAST(${sql} AS ${type})`, misplaced: [] };
  const value = `CASE WHEN ${isSame(sql, text, type)} THEN TRY_CAST(${sql} AS ${type}) END`;
  const where = `${sql} IS NOT NULL AND ${value} IS NULL`;
  return { sql: value, misplaced: [{ path, where, json: valueJson(sql, source) }] };
}

/** SQL: whether a value stays what it is in the other type: whether it comes back. */
function isSame(sql: string, text: string, type: string): string {
  switch (text) {
    // These ways there or back fail, TRY_CAST or not, for values out of range.
    case "TIMESTAMP_NS":
      return `epoch_ns(${sql}) % 1000 = 0`;
    case "DATE":
      return `(NOT isfinite(${sql}) OR year(${sql}) BETWEEN -290000 AND 290000)`;
    default:
      return `TRY_CAST(TRY_CAST(${sql} AS ${type}) AS ${text}) IS NOT DISTINCT FROM ${sql}`;
  }
}

/** Whether values of the one type may be values of the other. */
function mayFit(from: DataType, target: DataType): boolean {
  if (from.type === target.type) return true;
  if (isNumber(from)) return isNumber(target);
  if (from.type === "date") return isTime(target);
  return isTime(from) && isTime(target);
}

/** Whether each of them is one. */
function alwaysFits(source: EngineType, from: DataType, target: DataType): boolean {
  if (source.kind === "scalar" && ["HUGEINT", "UHUGEINT", "BIGNUM", "TIMESTAMP_NS"].includes(source.name)) {
    return false;
  }
  if (from.type === "decimal" && target.type === "decimal") {
    return target.scale >= from.scale && target.precision - target.scale >= from.precision - from.scale;
  }
  if (from.type === target.type)
    return from.type !== "timestamp_ntz" || source.kind !== "scalar" || source.name === "TIMESTAMP";
  const [rank, wider] = [INTEGERS.indexOf(from.type), INTEGERS.indexOf(target.type)];
  if (rank >= 0 && wider >= rank) return true;
  if (target.type === "double") return ["byte", "short", "integer", "float"].includes(from.type);
  return target.type === "float" && ["byte", "short"].includes(from.type);
}

function isNumber(type: DataType): boolean {
  return INTEGERS.includes(type.type) || ["decimal", "float", "double"].includes(type.type);
}

function isTime(type: DataType): boolean {
  return type.type === "timestamp" || type.type === "timestamp_ntz";
}
