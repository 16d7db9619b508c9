import { quoteIdentifier, quoteString } from "../../engine/index.js";
import { type EngineType, engineText } from "../../table-format/index.js";
import { fieldOf, isExactAsDouble, isNullType } from "./common-type.js";

/**
 * Pure: SQL of a value in a type that {@link commonType} gave for its own and others. A number that a DOUBLE does not
 * hold fails the statement.
 *
 * @param depth how many lists and maps are around it
 */
export function convertedSql(sql: string, from: EngineType, to: EngineType, depth = 0): string {
  if (engineText(from) === engineText(to)) return sql;
  if (isNullType(from)) return nullOf(to);
  if (to.kind === "scalar" && to.name === "DOUBLE") return doubleSql(sql, from);
  if (from.kind === "struct" && to.kind === "struct") {
    const fields = to.fields.map(({ name, type }) => {
      const own = fieldOf(from.fields, name);
      const value =
        own === undefined
          ? nullOf(type)
          : convertedSql(`struct_extract(${sql}, ${quoteString(own.name)})`, own.type, type, depth);
      return `${quoteIdentifier(name)} := ${value}`;
    });
    return `CASE WHEN ${sql} IS NOT NULL THEN struct_pack(${fields.join(", ")}) END`;
  }
  if (from.kind === "list" && to.kind === "list") {
    const item = `gl_item${depth}`;
    const converted = convertedSql(item, from.element, to.element, depth + 1);
    const size = to.size === undefined ? "" : `::${engineText(to)}`;
    return converted === item
      ? `CAST(${sql} AS ${engineText(to)})`
      : `list_transform(${sql}, lambda ${item}: ${converted})${size}`;
  }
  if (from.kind === "map" && to.kind === "map") {
    const entry = `gl_entry${depth}`;
    const key = convertedSql(`${entry}.key`, from.key, to.key, depth + 1);
    const value = convertedSql(`${entry}.value`, from.value, to.value, depth + 1);
    const entries = `list_transform(map_entries(${sql}), lambda ${entry}: struct_pack(k := ${key}, v := ${value}))`;
    return `CASE WHEN ${sql} IS NOT NULL THEN map_from_entries(${entries}) END`;
  }
  if (isNested(from)) return `CAST(to_json(${sql}) AS VARCHAR)`;
  return `CAST(${sql} AS ${engineText(to)})`;
}

export function nullOf(type: EngineType): string {
  return isNullType(type) ? "NULL" : `CAST(NULL AS ${engineText(type)})`;
}

function doubleSql(sql: string, from: EngineType): string {
  const double = `CAST(${sql} AS DOUBLE)`;
  if (isExactAsDouble(from)) return double;
  const isExact = `TRY_CAST(${double} AS ${engineText(from)}) = ${sql}`;
  const refusal = `error('value-does-not-fit: ' || CAST(${sql} AS VARCHAR) || ' is not exact as a DOUBLE')`;
  return `CASE WHEN ${sql} IS NULL THEN NULL WHEN ${isExact} THEN ${double} ELSE ${refusal} END`;
}

function isNested({ kind }: EngineType): boolean {
  return kind === "struct" || kind === "list" || kind === "map" || kind === "union";
}
