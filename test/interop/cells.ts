import type { SqlResult, Value } from "../../src/index.js";

/** A value as JSON that loses nothing; python/cells.py gives the same form. */
export type Cell = null | boolean | string | readonly Cell[] | { readonly [field: string]: Cell };

/** Column names and rows; the rows in the order of their text, since tables have none. */
export interface Relation {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Numbers become text: whole ones of any width spell alike on both sides, and so do doubles. */
export function cellOf(value: Value): Cell {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString("hex") };
  if (value instanceof Map) return [...value].map(([key, item]) => [cellOf(key), cellOf(item)]);
  if (isList(value)) return value.map(cellOf);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, cellOf(field)]));
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value);
}

export function relation(columns: readonly string[], rows: readonly (readonly Value[])[]): Relation {
  const cells = rows.map((row) => ({ row: row.map(cellOf), key: JSON.stringify(row.map(cellOf)) }));
  cells.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  return { columns, rows: cells.map(({ row }) => row) };
}

/** The rows of a query of ours. */
export async function relationOf(result: SqlResult): Promise<Relation> {
  const columns = result.columns.map((column) => column.name);
  const rows = await result.toArray();
  return relation(
    columns,
    rows.map((row) => columns.map((name) => row[name] ?? null)),
  );
}
