import { isJsonObject, type JsonObject, type JsonValue } from "../../../core/index.js";
import {
  type ColumnPath,
  type DataType,
  engineType,
  findField,
  foldCase,
  type SourceColumn,
  type StructType,
} from "../../../table-format/index.js";
import { listField, textField } from "../../sql/syntax-tree.js";
import type { MergeNames } from "./merge-names.js";
import type { Equality, Operand } from "./on-equalities.js";

/** An equality between a column of the table and an expression over the source alone. */
export interface MatchKey {
  /** As the table's schema spells it. */
  readonly column: ColumnPath;
  readonly type: DataType;
  /** The expression over the source. */
  readonly expression: Operand;
}

export interface KeyScope {
  readonly names: MergeNames;
  readonly table: StructType;
  readonly source: readonly SourceColumn[];
}

/**
 * The equality as a key; `undefined` where it is not between a column of the table and an expression whose value
 * depends on the row of the source alone. Pure.
 */
export function matchKey({ left, right }: Equality, scope: KeyScope): MatchKey | undefined {
  return keyBetween(left, right, scope) ?? keyBetween(right, left, scope);
}

function keyBetween(column: Operand, expression: Operand, scope: KeyScope): MatchKey | undefined {
  if (textField(column.node, "type") !== "COLUMN_REF") return undefined;
  const place = columnPlace(column.node, scope);
  if (place?.side !== "target") return undefined;
  const found = columnOf(scope.table, place.path);
  if (found === undefined || !isOfSource(expression.node, scope)) return undefined;
  return { ...found, expression };
}

/** What a column reference names: on which side, and there which column or field. */
function columnPlace(
  node: JsonObject,
  { names, table, source }: KeyScope,
): { readonly side: "target" | "source"; readonly path: readonly string[] } | undefined {
  const [first = "", ...rest] = listField(node, "column_names").map(String);
  const isTable = (name: string): boolean => findField(table, name) !== undefined;
  const isSource = (name: string): boolean =>
    source.some((column) => foldCase(column.name) === foldCase(name));
  const [asTarget, asSource] = [isTable(first), isSource(first)];
  const qualifies = [names.target, names.source].map((name) => foldCase(name) === foldCase(first));
  if (qualifies.some(Boolean)) {
    // A column of that name could be meant too.
    if (rest.length === 0 || asTarget || asSource) return undefined;
    return { side: qualifies[0] === true ? "target" : "source", path: rest };
  }
  if (asTarget === asSource) return undefined;
  return { side: asTarget ? "target" : "source", path: [first, ...rest] };
}

function columnOf(
  table: StructType,
  [first, ...inside]: readonly string[],
): Pick<MatchKey, "column" | "type"> | undefined {
  const field = first === undefined ? undefined : findField(table, first);
  if (field === undefined) return undefined;
  let found: { readonly column: ColumnPath; readonly type: DataType } = {
    column: [field.name],
    type: field.type,
  };
  for (const name of inside) {
    const member = found.type.type === "struct" ? findField(found.type, name) : undefined;
    if (member === undefined) return undefined;
    found = { column: [...found.column, member.name], type: member.type };
  }
  return found;
}

/** Functions and operators that give the same for the same values, always. */
const STEADY: ReadonlySet<string> = new Set([
  ..."+ - * / // % || & | abs round floor ceil ceiling".split(" "),
  ..."lower upper trim ltrim rtrim substr substring left right concat replace".split(" "),
  ..."date_trunc year month day hour struct_extract hash md5".split(" "),
]);

/** Whether an expression names columns of the source, and nothing that could be anything else. */
function isOfSource(root: JsonObject, scope: KeyScope): boolean {
  let columns = 0;
  const pending: JsonObject[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    switch (node["class"]) {
      case "COLUMN_REF":
        if (columnPlace(node, scope)?.side !== "source") return false;
        columns++;
        break;
      case "CONSTANT":
        break;
      case "CAST":
        pending.push(...childNodes(node["child"]));
        break;
      case "FUNCTION":
        if (!STEADY.has(textField(node, "function_name").toLowerCase())) return false;
        pending.push(...childNodes(node["children"]));
        break;
      default:
        return false;
    }
  }
  return columns > 0;
}

function childNodes(value: JsonValue | undefined): JsonObject[] {
  if (Array.isArray(value)) return value.filter(isJsonObject);
  return isJsonObject(value) ? [value] : [];
}

const WHOLE: readonly DataType["type"][] = ["byte", "short", "integer", "long"];
const WHOLE_TYPES = /^U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?$/;
const SAME_TYPE: readonly DataType["type"][] = [
  ...(["string", "boolean", "date", "timestamp", "timestamp_ntz"] as const),
  ...(["float", "double"] as const),
];

/**
 * Whether a column and a value of an engine's type are compared as they are, so that the order of the values is that
 * of the column. Pure.
 */
export function comparesExactly(type: DataType, valueType: string): boolean {
  if (WHOLE.includes(type.type)) return WHOLE_TYPES.test(valueType);
  if (type.type === "decimal") return WHOLE_TYPES.test(valueType) || /^DECIMAL\(/.test(valueType);
  return SAME_TYPE.includes(type.type) && valueType === engineType(type);
}
