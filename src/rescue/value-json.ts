import { quoteString } from "../../engine/index.js";
import { jsonString } from "../../formats/index.js";
import { type EngineField, type EngineType, engineText } from "../../table-format/index.js";

/**
 * SQL: a value of a type of the engine as JSON text, exactly; NULL where it is NULL.
 *
 * - Numbers are JSON numbers with all their digits, decimals with as many behind the point as their type has; NaN and
 *   the infinities, which JSON lacks, are the strings `NaN`, `Infinity` and `-Infinity`.
 * - Dates and times are strings as ISO 8601 has them, instants in UTC with a `Z`; bytes are strings in base64.
 * - A union is an object of the member that it holds; a map whose keys are strings is an object, another one a list
 *   of objects with `key` and `value`.
 * - Of every other type, the string that the engine casts it to.
 *
 * @param sql An expression; it is repeated.
 */
export function valueJson(sql: string, type: EngineType): string {
  return jsonOf(sql, type, 0);
}

/** `depth`: lists and maps that the expression is in, each with a name of its own for its items. */
function jsonOf(sql: string, type: EngineType, depth: number): string {
  switch (type.kind) {
    case "decimal":
      return textOf(sql);
    case "enum":
      return jsonString(textOf(sql));
    case "scalar":
      return scalarJson(sql, type.name);
    case "list": {
      const list = type.size === undefined ? sql : `CAST(${sql} AS ${engineText(type.element)}[])`;
      return joined(list, jsonOf(item(depth), type.element, depth + 1), depth, "[]");
    }
    case "map":
      return mapJson(sql, type.key, type.value, depth);
    case "struct": {
      const fields = type.fields.map((field) => memberJson("struct_extract", sql, field, depth));
      return wherePresent(sql, `'{' || ${fields.join(" || ',' || ")} || '}'`);
    }
    case "union": {
      const members = type.fields.map(
        (field) => `WHEN ${quoteString(field.name)} THEN ${memberJson("union_extract", sql, field, depth)}`,
      );
      return wherePresent(sql, `'{' || CASE ${textOf(`union_tag(${sql})`)} ${members.join(" ")} END || '}'`);
    }
  }
}

function scalarJson(sql: string, name: string): string {
  switch (name) {
    case "BOOLEAN":
    case "TINYINT":
    case "SMALLINT":
    case "INTEGER":
    case "BIGINT":
    case "HUGEINT":
    case "UTINYINT":
    case "USMALLINT":
    case "UINTEGER":
    case "UBIGINT":
    case "UHUGEINT":
    case "BIGNUM":
      return textOf(sql);
    case "FLOAT":
    case "DOUBLE":
      return (
        `CASE WHEN isfinite(${sql}) THEN ${textOf(sql)} WHEN isnan(${sql}) THEN '"NaN"' ` +
        `WHEN ${sql} > 0 THEN '"Infinity"' WHEN ${sql} < 0 THEN '"-Infinity"' END`
      );
    case "BLOB":
      return `('"' || to_base64(${sql}) || '"')`;
    case "TIMESTAMP":
    case "TIMESTAMP_S":
    case "TIMESTAMP_MS":
    case "TIMESTAMP_NS":
      return jsonString(isoClock(sql));
    case "TIMESTAMP WITH TIME ZONE":
      // The session is in UTC.
      return jsonString(`regexp_replace(${isoClock(sql)}, '\\+00$', 'Z')`);
    default:
      return jsonString(textOf(sql));
  }
}

function isoClock(sql: string): string {
  return `regexp_replace(${textOf(sql)}, ' ([0-9]{2}:)', 'T\\1')`;
}

function mapJson(sql: string, key: EngineType, value: EngineType, depth: number): string {
  const entry = item(depth);
  const [keyJson, valueText] = [
    jsonOf(`${entry}.key`, key, depth + 1),
    orNull(jsonOf(`${entry}.value`, value, depth + 1)),
  ];
  const entries = `map_entries(${sql})`;
  return key.kind === "scalar" && key.name === "VARCHAR"
    ? joined(entries, `${keyJson} || ':' || ${valueText}`, depth, "{}")
    : joined(entries, `'{"key":' || ${keyJson} || ',"value":' || ${valueText} || '}'`, depth, "[]");
}

/** The items of a list, each as `itemJson` says, with commas between. */
function joined(list: string, itemJson: string, depth: number, [open, close]: "[]" | "{}"): string {
  const items = `list_transform(${list}, lambda ${item(depth)}: ${orNull(itemJson)})`;
  return `('${open}' || array_to_string(${items}, ',') || '${close}')`;
}

function memberJson(
  extract: "struct_extract" | "union_extract",
  sql: string,
  { name, type }: EngineField,
  depth: number,
): string {
  const value = jsonOf(`${extract}(${sql}, ${quoteString(name)})`, type, depth);
  return `${quoteString(`${JSON.stringify(name)}:`)} || ${orNull(value)}`;
}

function item(depth: number): string {
  return `j${depth}`;
}

function wherePresent(sql: string, json: string): string {
  return `CASE WHEN ${sql} IS NOT NULL THEN ${json} END`;
}

function orNull(json: string): string {
  return `coalesce(${json}, 'null')`;
}

function textOf(sql: string): string {
  return `CAST(${sql} AS VARCHAR)`;
}
