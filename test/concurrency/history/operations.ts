import { seededRandom } from "../seeded-random.js";

/** A row of the tables under test. Numbers are whole and small. */
export interface HistoryRow {
  /** Unique in a table. */
  readonly id: number;
  /** By which operations choose rows. */
  readonly k: number;
  readonly v: number;
  /** The column that some of the tables are partitioned by. */
  readonly p: number;
  /** The operation that wrote the row last. */
  readonly op: number;
}

/** Keys with both ends. */
export interface KeyRange {
  readonly low: number;
  readonly high: number;
}

/** One transaction, told in full by these parameters. */
export type Operation = { readonly op: number } & (
  | { readonly kind: "append" | "overwrite"; readonly rows: readonly HistoryRow[] }
  /** Adds one to the values of a range of keys. */
  | { readonly kind: "update"; readonly keys: KeyRange }
  /** Gives the rows of a range other keys and another partition. */
  | { readonly kind: "move"; readonly keys: KeyRange; readonly by: number }
  | { readonly kind: "delete"; readonly keys: KeyRange }
  /** Adds to the values of the rows whose ids the source has, and inserts the others. */
  | { readonly kind: "merge"; readonly rows: readonly HistoryRow[] }
  /** Inserts rows of the table again, with new ids and other keys. */
  | { readonly kind: "copy"; readonly keys: KeyRange; readonly by: number }
  /** Writes some small files together; rows stay as they are. */
  | { readonly kind: "compact"; readonly files: number }
  | { readonly kind: "restore"; readonly version: number }
  | { readonly kind: "add-column"; readonly column: string }
  | { readonly kind: "set-property"; readonly property: string }
);

export type OperationKind = Operation["kind"];

/** How often each kind of operation is drawn, in relation to the others. */
export type OperationMix = Partial<Readonly<Record<OperationKind, number>>>;

/** Keys are from 0 up to this. */
export const KEYS = 1_000;
export const PARTITIONS = 4;
/** A row that is copied gets an id of its own: the operation's number, then which of its rows it is. */
export const IDS_A_OPERATION = 10_000;

/** The `index`-th id that an operation gives out. */
export function idOf(op: number, index: number): number {
  return op * IDS_A_OPERATION + index;
}

export function moved(key: number, by: number): number {
  return (key + by) % KEYS;
}

/**
 * The operation of a number: the same for the same seed, whenever it is made.
 *
 * @param knownIds ids that a merge may meet in the table
 * @param newest the newest version, which a restore counts back from
 */
export function operationOf(
  seed: number,
  op: number,
  mix: OperationMix,
  knownIds: readonly number[],
  newest: number,
): Operation {
  const random = seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(op, 0x85ebca6b));
  const whole = (below: number): number => Math.floor(random() * below);
  const kind = drawnKind(mix, random());
  const low = whole(KEYS);
  const keys = { low, high: Math.min(KEYS - 1, low + 5 + whole(35)) };
  const rows = (count: number, ids: (index: number) => number, spread = 40): HistoryRow[] =>
    Array.from({ length: count }, (_, index) => {
      const k = moved(low, whole(spread));
      return { id: ids(index), k, v: whole(100), p: k % PARTITIONS, op };
    });
  switch (kind) {
    case "append":
      return { op, kind, rows: rows(1 + whole(8), (index) => idOf(op, index)) };
    case "overwrite":
      return { op, kind, rows: rows(100, (index) => idOf(op, index), KEYS) };
    case "merge": {
      const known = new Set(Array.from({ length: 6 }, () => knownIds[whole(knownIds.length)] ?? idOf(op, 9)));
      const ids = [...known, ...Array.from({ length: 1 + whole(4) }, (_, index) => idOf(op, index))];
      return { op, kind, rows: rows(ids.length, (index) => ids[index] ?? idOf(op, index)) };
    }
    case "update":
    case "delete":
      return { op, kind, keys };
    case "move":
    case "copy":
      return { op, kind, keys, by: 1 + whole(KEYS - 1) };
    case "compact":
      return { op, kind, files: 2 + whole(4) };
    case "restore":
      return { op, kind, version: Math.max(0, newest - 1 - whole(5)) };
    case "add-column":
      return { op, kind, column: `c${op}` };
    case "set-property":
      return { op, kind, property: `history.p${op}` };
  }
}

/** The rows that a table begins with. */
export function firstRows(seed: number, count: number): HistoryRow[] {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, index) => {
    const k = Math.floor((index * KEYS) / count);
    return { id: idOf(0, index), k, v: Math.floor(random() * 100), p: k % PARTITIONS, op: 0 };
  });
}

function drawnKind(mix: OperationMix, drawn: number): OperationKind {
  const entries = KINDS.map((kind) => ({ kind, weight: mix[kind] ?? 0 }));
  let rest = drawn * entries.reduce((sum, { weight }) => sum + weight, 0);
  for (const { kind, weight } of entries) {
    if (rest < weight) return kind;
    rest -= weight;
  }
  return "append";
}

const KINDS: readonly OperationKind[] = [
  "append",
  "overwrite",
  "update",
  "move",
  "delete",
  "merge",
  "copy",
  "compact",
  "restore",
  "add-column",
  "set-property",
];
