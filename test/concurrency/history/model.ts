import { type HistoryRow, idOf, type KeyRange, moved, type Operation, PARTITIONS } from "./operations.js";

// What operations do to rows, in the plainest way there is.

/** The rows of a table by their ids. */
export type State = ReadonlyMap<number, HistoryRow>;

/** What a transaction does to a table. Rows that it only writes elsewhere are in neither. */
export interface Effect {
  readonly removed: readonly HistoryRow[];
  readonly added: readonly HistoryRow[];
}

const NO_EFFECT: Effect = { removed: [], added: [] };

/**
 * What an operation does to a state.
 *
 * @param versionRows the rows of a version of the log, which a restore brings back
 */
export function effectOf(
  operation: Operation,
  state: State,
  versionRows: (version: number) => State,
): Effect {
  const { op } = operation;
  switch (operation.kind) {
    case "append":
      return { removed: [], added: operation.rows };
    case "overwrite":
      return { removed: [...state.values()], added: operation.rows };
    case "update":
      return replaced(within(state, operation.keys), (row) => ({ ...row, v: row.v + 1, op }));
    case "move":
      return replaced(within(state, operation.keys), (row) => ({ ...row, ...placed(row, operation.by), op }));
    case "delete":
      return { removed: within(state, operation.keys), added: [] };
    case "merge": {
      const pairs = operation.rows.map((row) => ({ row, found: state.get(row.id) }));
      return {
        removed: pairs.flatMap(({ found }) => (found === undefined ? [] : [found])),
        added: pairs.map(({ row, found }) =>
          found === undefined ? row : { ...found, v: found.v + row.v, op },
        ),
      };
    }
    case "copy": {
      const rows = within(state, operation.keys).sort((a, b) => a.id - b.id);
      const added = rows.map((row, index) => ({
        ...row,
        id: idOf(op, index),
        ...placed(row, operation.by),
        op,
      }));
      return { removed: [], added };
    }
    case "restore":
      return difference([...state.values()], [...versionRows(operation.version).values()]);
    case "compact":
    case "add-column":
    case "set-property":
      return NO_EFFECT;
  }
}

/** @returns `undefined` when a row that goes is not there, or one that comes is there already */
export function applied(state: State, { removed, added }: Effect): State | undefined {
  const rows = new Map(state);
  for (const row of removed) {
    const found = rows.get(row.id);
    if (found === undefined || rowText(found) !== rowText(row)) return undefined;
    rows.delete(row.id);
  }
  for (const row of added) {
    if (rows.has(row.id)) return undefined;
    rows.set(row.id, row);
  }
  return rows;
}

/** What makes one multiset of rows of the other. */
export function difference(before: readonly HistoryRow[], after: readonly HistoryRow[]): Effect {
  const surplus = new Map<string, { row: HistoryRow; count: number }>();
  const count = (row: HistoryRow, by: number): void => {
    const key = rowText(row);
    const entry = surplus.get(key);
    if (entry === undefined) surplus.set(key, { row, count: by });
    else entry.count += by;
  };
  for (const row of before) count(row, -1);
  for (const row of after) count(row, 1);
  const rows = (sign: number): HistoryRow[] =>
    [...surplus.values()].flatMap(({ row, count: surplusCount }) =>
      Array.from({ length: Math.max(0, sign * surplusCount) }, () => row),
    );
  return { removed: rows(-1), added: rows(1) };
}

/** One text for all effects that are the same. */
export function effectText(effect: Effect): string {
  const { removed, added } = difference(effect.removed, effect.added);
  const texts = (rows: readonly HistoryRow[]): string => rows.map(rowText).sort().join(" ");
  return `-${texts(removed)} +${texts(added)}`;
}

export function rowText({ id, k, v, p, op }: HistoryRow): string {
  return `${id}:${k}:${v}:${p}:${op}`;
}

function within(state: State, { low, high }: KeyRange): HistoryRow[] {
  return [...state.values()].filter(({ k }) => k >= low && k <= high);
}

function replaced(rows: readonly HistoryRow[], change: (row: HistoryRow) => HistoryRow): Effect {
  return { removed: rows, added: rows.map(change) };
}

function placed({ k }: HistoryRow, by: number): { readonly k: number; readonly p: number } {
  const key = moved(k, by);
  return { k: key, p: key % PARTITIONS };
}
