import { quoteIdentifier, quoteString } from "../../engine/index.js";
import { deltaType, engineType } from "./engine-type.js";
import { type EngineField, type EngineType, engineText } from "./engine-type-text.js";
import { foldCase } from "./fields.js";
import { type DataType, type PrimitiveName, type StructType, typeText } from "./types.js";

/** Why a source column does not fit: the path of the part that does not, its type and the table's. */
export interface Misfit {
  readonly path: string;
  readonly source: EngineType;
  readonly target: DataType;
}

/**
 * What must fit: `type`, that every number of the source's type has one of its kind in the target's; `value`, that
 * each number that comes does. A file that holds doubles is not what a decimal column is filled from, though some
 * of them may be decimals; the result of a calculation is.
 */
export type Fit = "type" | "value";

/** SQL that turns a source value into a Delta type without loss, or why there is none. */
export type Conversion = { readonly sql: string } | { readonly misfit: Misfit };

/**
 * Converts `sql`, of DuckDB type `source`, to `target`: the same value or an error when it runs, never
 * another value. Whole numbers go to any whole or decimal type and are checked when the target is
 * narrower, and to a floating type that holds them exactly; decimals go to a decimal with as many digits
 * on both sides of the point; FLOAT to double; DATE to timestamp_ntz (midnight). Where values are what must fit,
 * any number goes to any type of numbers that holds it: a decimal to a floating type that gives back its digits.
 * Instants and wall clocks are not mixed, but where values are what must fit: there, as in all of SQL here, a wall
 * clock is in UTC, and a date is its midnight. Structs match by field name, ignoring case: fields that the source
 * lacks are NULL, fields that the target lacks are the caller's to have dealt with. A column that is all NULL fits
 * every type.
 */
export function convert(
  sql: string,
  source: EngineType,
  target: DataType,
  path: string,
  fit: Fit = "type",
  depth = 0,
): Conversion {
  if (isNullType(source)) return cast("NULL", target);
  if (matches(source, target)) return { sql };
  switch (target.type) {
    case "struct":
      return source.kind === "struct" || source.kind === "union"
        ? convertStruct(sql, source, target, path, fit, depth)
        : { misfit: { path, source, target } };
    case "array": {
      if (source.kind !== "list") return { misfit: { path, source, target } };
      const element = `e${depth}`;
      const inner = convert(element, source.element, target.elementType, `${path}.element`, fit, depth + 1);
      if ("misfit" in inner) return inner;
      const list = source.size === undefined ? sql : `CAST(${sql} AS ${engineText(source.element)}[])`;
      return {
        sql: inner.sql === element ? list : `list_transform(${list}, lambda ${element}: ${inner.sql})`,
      };
    }
    case "map": {
      if (source.kind !== "map") return { misfit: { path, source, target } };
      const entry = `e${depth}`;
      const key = convert(`${entry}.key`, source.key, target.keyType, `${path}.key`, fit, depth + 1);
      if ("misfit" in key) return key;
      const value = convert(
        `${entry}.value`,
        source.value,
        target.valueType,
        `${path}.value`,
        fit,
        depth + 1,
      );
      if ("misfit" in value) return value;
      const pair = `struct_pack(k := ${key.sql}, v := ${value.sql})`;
      return {
        sql: `CASE WHEN ${sql} IS NOT NULL THEN map_from_entries(list_transform(map_entries(${sql}), lambda ${entry}: ${pair})) END`,
      };
    }
    default:
      return convertScalar(sql, source, target, path, fit);
  }
}

/** Whether a column of this type holds nothing but NULL. */
export function isNullType(type: EngineType): boolean {
  return type.kind === "scalar" && (type.name === "NULL" || type.name === "SQLNULL");
}

/** How a struct's or union's member is read. */
function member(sql: string, owner: EngineType, field: EngineField): string {
  return `${owner.kind === "union" ? "union_extract" : "struct_extract"}(${sql}, ${quoteString(field.name)})`;
}

function convertStruct(
  sql: string,
  source: EngineType & { readonly fields: readonly EngineField[] },
  target: StructType,
  path: string,
  fit: Fit,
  depth: number,
): Conversion {
  const members: string[] = [];
  for (const field of target.fields) {
    const found = fieldOf(source.fields, field.name);
    const value =
      found === undefined
        ? cast("NULL", field.type)
        : convert(member(sql, source, found), found.type, field.type, `${path}.${field.name}`, fit, depth);
    if ("misfit" in value) return value;
    members.push(`${quoteIdentifier(field.name)} := ${value.sql}`);
  }
  return { sql: `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${members.join(", ")}) END` };
}

/** The field of a source struct that stands for `name`, ignoring case. */
export function fieldOf(fields: readonly EngineField[], name: string): EngineField | undefined {
  return (
    fields.find((field) => field.name === name) ??
    fields.find((field) => foldCase(field.name) === foldCase(name))
  );
}

/** Whether the values of `source` are those of `target` already, names and their case included. */
function matches(source: EngineType, target: DataType): boolean {
  if (source.kind === "struct") {
    return (
      target.type === "struct" &&
      source.fields.length === target.fields.length &&
      source.fields.every((field, index) => {
        const other = target.fields[index];
        return other !== undefined && other.name === field.name && matches(field.type, other.type);
      })
    );
  }
  if (source.kind === "list") {
    return (
      target.type === "array" && source.size === undefined && matches(source.element, target.elementType)
    );
  }
  if (source.kind === "map") {
    return (
      target.type === "map" && matches(source.key, target.keyType) && matches(source.value, target.valueType)
    );
  }
  return target.type !== "struct" && engineText(source) === engineType(target);
}

const INTEGERS: readonly string[] = ["byte", "short", "integer", "long"] satisfies PrimitiveName[];

// Whole numbers up to these are exact in a floating type.
const EXACT_LIMIT: Readonly<Record<"float" | "double", string>> = {
  float: "16777216",
  double: "9007199254740992",
};

function convertScalar(
  sql: string,
  source: EngineType,
  target: DataType,
  path: string,
  fit: Fit,
): Conversion {
  if (
    source.kind === "list" ||
    source.kind === "map" ||
    source.kind === "struct" ||
    source.kind === "union"
  ) {
    return { misfit: { path, source, target } };
  }
  const from = deltaType(source);
  if (source.kind === "scalar" && source.name === "TIMESTAMP_NS" && target.type === "timestamp_ntz") {
    const problem = `${path}: Delta keeps microseconds and this value has nanoseconds: `;
    return checked(`epoch_ns(${sql}) % 1000 <> 0`, problem, sql, target);
  }
  if (from.type === target.type && from.type !== "decimal") return cast(sql, target);
  if (isWhole(from)) {
    if (INTEGERS.includes(target.type) || target.type === "decimal")
      return wholeCast(sql, from, target, path);
    if (target.type === "float" || target.type === "double") {
      if (from.type === "byte" || from.type === "short") return cast(sql, target);
      if (from.type === "integer" && target.type === "double") return cast(sql, target);
      const limit = EXACT_LIMIT[target.type];
      const problem = `${path}: a ${target.type} does not hold this number exactly: `;
      return checked(`${sql} NOT BETWEEN -${limit} AND ${limit}`, problem, sql, target);
    }
  }
  if (from.type === "decimal" && target.type === "decimal") {
    const fits = target.scale >= from.scale && target.precision - target.scale >= from.precision - from.scale;
    if (fits) return cast(sql, target);
  }
  if (from.type === "float" && target.type === "double") return cast(sql, target);
  if (from.type === "date" && target.type === "timestamp_ntz") return cast(sql, target);
  if (fit === "value" && from.type === "date" && target.type === "timestamp") return cast(sql, target);
  // The session is in UTC, so the casts say what a clock in UTC shows.
  if (fit === "value" && isTime(from) && isTime(target) && !isNanoseconds(source)) return cast(sql, target);
  if (fit === "value" && isNumber(from) && isNumber(target)) {
    const back = `TRY_CAST(TRY_CAST(${sql} AS ${engineType(target)}) AS ${engineText(source)})`;
    return checked(`${back} IS DISTINCT FROM ${sql}`, inexact(path, target), sql, target);
  }
  return { misfit: { path, source, target } };
}

/** A whole number as another one: one that the target does not hold is told with its column. */
function wholeCast(sql: string, from: DataType, target: DataType, path: string): Conversion {
  const [rank, wider] = [INTEGERS.indexOf(from.type), INTEGERS.indexOf(target.type)];
  if (rank >= 0 && wider >= rank) return cast(sql, target);
  const refuse = `${sql} IS NOT NULL AND TRY_CAST(${sql} AS ${engineType(target)}) IS NULL`;
  return checked(refuse, inexact(path, target), sql, target);
}

function inexact(path: string, target: DataType): string {
  return `${path}: the type ${typeText(target)} does not hold this number: `;
}

function isTime(type: DataType): boolean {
  return ["timestamp", "timestamp_ntz"].includes(type.type);
}

function isNanoseconds(source: EngineType): boolean {
  return source.kind === "scalar" && source.name === "TIMESTAMP_NS";
}

function isNumber(type: DataType): boolean {
  return INTEGERS.includes(type.type) || ["decimal", "float", "double"].includes(type.type);
}

function isWhole(type: DataType): boolean {
  return INTEGERS.includes(type.type) || (type.type === "decimal" && type.scale === 0);
}

function cast(sql: string, target: DataType): Conversion {
  return { sql: `CAST(${sql} AS ${engineType(target)})` };
}

/** A cast that fails with `problem` and the value, where `refuse` is true. */
function checked(refuse: string, problem: string, sql: string, target: DataType): Conversion {
  const failure = `error(${quoteString(problem)} || CAST(${sql} AS VARCHAR))`;
  return { sql: `CASE WHEN ${refuse} THEN ${failure} ELSE CAST(${sql} AS ${engineType(target)}) END` };
}
