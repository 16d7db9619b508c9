import { isJsonObject, type JsonObject, type JsonValue, LakeError } from "../../core/index.js";
import { byteLocation, listField, nodeField, textField } from "./syntax-tree.js";

/** A table or table function in a FROM clause, at its place in the text (in bytes). */
export interface TableOccurrence {
  readonly kind: "table" | "function";
  readonly node: JsonObject;
  readonly byteOffset: number;
  readonly scope: FromScope | undefined;
}

/** A column reference of three names and more: it may begin with a schema. */
export interface ColumnOccurrence {
  readonly names: readonly string[];
  readonly byteOffset: number;
  readonly scope: FromScope | undefined;
}

/** What one SELECT's FROM clause names, and the SELECT around it. */
export interface FromScope {
  readonly relations: readonly Relation[];
  readonly parent: FromScope | undefined;
}

export interface Relation {
  /** The name that columns are qualified with, in lower case. */
  readonly alias: string;
  readonly node: JsonObject;
}

export interface Occurrences {
  readonly tables: readonly TableOccurrence[];
  readonly columns: readonly ColumnOccurrence[];
}

interface CteScope {
  readonly name: string;
  readonly parent: CteScope | undefined;
}

interface Visit {
  readonly value: JsonValue | undefined;
  readonly ctes: CteScope | undefined;
  readonly scope: FromScope | undefined;
}

/**
 * Every table of a syntax tree that is not a common table expression in scope, in the order of the
 * text. A CTE is in scope in the CTEs after it, in the query it belongs to and in everything inside
 * that; inside itself only when it is recursive. A name with a schema is never a CTE.
 *
 * The walk keeps its own stack, so a long chain of set operations or operators cannot exhaust ours.
 *
 * @throws LakeError `invalid-input` `sql-time-travel` for time travel on a CTE, which DuckDB ignores.
 */
export function findOccurrences(tree: JsonObject): Occurrences {
  const tables = new Map<number, TableOccurrence>();
  const columns = new Map<number, ColumnOccurrence>();
  const pending: Visit[] = [{ value: tree["statements"], ctes: undefined, scope: undefined }];
  for (let visit = pending.pop(); visit !== undefined; visit = pending.pop()) {
    const { value, ctes, scope } = visit;
    if (typeof value !== "object" || value === null) continue;
    if (!isJsonObject(value)) {
      for (const item of value) pending.push({ value: item, ctes, scope });
      continue;
    }
    if (value["cte_map"] !== undefined) {
      enterQuery(value, ctes, scope, pending);
      continue;
    }
    const byteOffset = byteLocation(value);
    switch (value["type"]) {
      case "BASE_TABLE":
        if (namesCte(value, ctes)) refuseTimeTravel(value);
        else if (byteOffset !== undefined)
          tables.set(byteOffset, { kind: "table", node: value, byteOffset, scope });
        continue;
      case "TABLE_FUNCTION":
        if (byteOffset !== undefined)
          tables.set(byteOffset, { kind: "function", node: value, byteOffset, scope });
        pending.push({ value: nodeField(value, "function")?.["children"], ctes, scope });
        continue;
      case "COLUMN_REF": {
        const names = listField(value, "column_names").map(String);
        if (byteOffset !== undefined && names.length >= 3)
          columns.set(byteOffset, { names, byteOffset, scope });
        continue;
      }
      case "SHOW_REF":
        if (value["query"] === null) throw nestedShow();
        break;
    }
    for (const child of Object.values(value)) pending.push({ value: child, ctes, scope });
  }
  return { tables: inOrder(tables), columns: inOrder(columns) };
}

/** Pushes the parts of a query node, each with the CTEs and tables that it can see. */
function enterQuery(
  query: JsonObject,
  outerCtes: CteScope | undefined,
  outerScope: FromScope | undefined,
  pending: Visit[],
): void {
  let ctes = outerCtes;
  for (const entry of listField(nodeField(query, "cte_map") ?? {}, "map")) {
    if (!isJsonObject(entry)) continue;
    const named: CteScope = { name: textField(entry, "key").toLowerCase(), parent: ctes };
    const body = nodeField(nodeField(entry, "value") ?? {}, "query");
    const recursive = nodeField(body ?? {}, "node")?.["type"] === "RECURSIVE_CTE_NODE";
    pending.push({ value: body, ctes: recursive ? named : ctes, scope: outerScope });
    ctes = named;
  }
  const from = nodeField(query, "from_table");
  const scope = from === undefined ? outerScope : { relations: relationsOf(from), parent: outerScope };
  for (const [field, value] of Object.entries(query)) {
    if (field !== "cte_map") pending.push({ value, ctes, scope });
  }
}

/** The relations that a FROM clause makes visible by name, through its joins. */
function relationsOf(from: JsonObject): Relation[] {
  const relations: Relation[] = [];
  const pending: (JsonObject | undefined)[] = [from];
  for (let node = pending.pop(); pending.length > 0 || node !== undefined; node = pending.pop()) {
    if (node === undefined) continue;
    if (node["type"] === "JOIN") {
      pending.push(nodeField(node, "left"), nodeField(node, "right"));
      continue;
    }
    const own =
      textField(node, "table_name") || textField(nodeField(node, "function") ?? {}, "function_name");
    const alias = textField(node, "alias") || own;
    if (alias !== "") relations.push({ alias: alias.toLowerCase(), node });
  }
  return relations;
}

function namesCte(table: JsonObject, ctes: CteScope | undefined): boolean {
  if (textField(table, "schema_name") !== "" || textField(table, "catalog_name") !== "") return false;
  const name = textField(table, "table_name").toLowerCase();
  for (let cte = ctes; cte !== undefined; cte = cte.parent) if (cte.name === name) return true;
  return false;
}

function refuseTimeTravel(cte: JsonObject): void {
  if (nodeField(cte, "at_clause") === undefined) return;
  const name = textField(cte, "table_name");
  throw new LakeError("invalid-input", "sql-time-travel", `${name} is a WITH query and has no versions`, {
    hint: "Put the version on the tables inside it.",
  });
}

function nestedShow(): LakeError {
  return new LakeError("invalid-input", "sql-statement", "SHOW TABLES cannot be part of a query", {
    hint: "Run it as a statement of its own.",
  });
}

function inOrder<T>(occurrences: ReadonlyMap<number, T>): T[] {
  return [...occurrences.entries()].sort(([a], [b]) => a - b).map(([, occurrence]) => occurrence);
}
