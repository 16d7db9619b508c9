import type { Predicate } from "../../table-format/index.js";
import { type NewRow, type Operation, PARTITIONS, type Style } from "./conflict-cases.js";

// A table of few small files, what transactions do to it, and when one of them may be rebased: a model that runs
// everything again, row by row, and knows nothing of predicates meeting files.

export interface Row {
  /** Of this row as it is; a row that is changed becomes another. */
  readonly id: string;
  readonly p: number | null;
  readonly n: number | null;
}

export interface ModelFile {
  readonly path: string;
  readonly p: number | null;
  /** Deleted ones included. */
  readonly rows: readonly Row[];
  readonly deleted: ReadonlySet<number>;
  readonly hasStats: boolean;
}

export type Table = readonly ModelFile[];

/** What an operation does to files: a file that is changed is removed, and added again where rows stay in it. */
export interface Change {
  readonly removed: readonly ModelFile[];
  readonly added: readonly ModelFile[];
}

/** Names what one operation writes. The rows have the same names whenever it is run again. */
export class Namer {
  #files = 0;

  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** @param from what tells the row from the others that the operation writes */
  row({ p, n }: NewRow, from: string | number): Row {
    return { id: `${this.#prefix}(${from})`, p, n };
  }

  /** Rows of partitions, as files of their own. */
  files(rows: readonly Row[], hasStats = true): ModelFile[] {
    return PARTITIONS.flatMap((p) => {
      const own = rows.filter((row) => row.p === p);
      const path = `p=${p ?? "__HIVE_DEFAULT_PARTITION__"}/${this.#prefix}-${this.#files++}`;
      return own.length === 0 ? [] : [{ path, p, rows: own, deleted: new Set<number>(), hasStats }];
    });
  }
}

export const liveRows = (file: ModelFile): Row[] => file.rows.filter((_, index) => !file.deleted.has(index));

/** Runs an operation against a version of the table. */
export function run(operation: Operation, table: Table, namer: Namer): Change {
  switch (operation.kind) {
    case "append":
      return {
        removed: [],
        added: namer.files(
          operation.rows.map((row, index) => namer.row(row, index)),
          operation.hasStats,
        ),
      };
    case "delete":
      return changeRows(
        table,
        (row) => (passes(operation.where, row) ? [] : undefined),
        operation.style,
        namer,
      );
    case "update": {
      const { where, to, style } = operation;
      return changeRows(
        table,
        (row) => (passes(where, row) ? [namer.row(to, row.id)] : undefined),
        style,
        namer,
      );
    }
    case "merge": {
      const { keys, to, style, insertInto } = operation;
      const met = new Set(table.flatMap(liveRows).map((row) => row.n));
      const isMet = (row: Row): boolean => row.n !== null && keys.includes(row.n);
      const change = changeRows(
        table,
        (row) => (isMet(row) ? [namer.row({ ...row, n: to }, row.id)] : undefined),
        style,
        namer,
      );
      const inserted = keys.filter((key) => !met.has(key)).map((n) => namer.row({ p: insertInto, n }, n));
      return {
        removed: change.removed,
        added: [...change.added, ...namer.files(inserted)],
      };
    }
    case "copy": {
      const found = table.flatMap(liveRows).filter((row) => passes(operation.where, row));
      return {
        removed: [],
        added: namer.files(found.map(({ id, n }) => namer.row({ p: operation.into, n }, id))),
      };
    }
    case "compact": {
      const removed = table.filter((file) => file.p === operation.p).slice(0, operation.most);
      return { removed, added: namer.files(removed.flatMap(liveRows)) };
    }
    case "overwrite": {
      const removed = table.filter((file) => !("p" in operation) || file.p === operation.p);
      return {
        removed,
        added: namer.files(operation.rows.map((row, index) => namer.row(row, index))),
      };
    }
  }
}

/** @param become what becomes of a row; `undefined`: it stays */
function changeRows(
  table: Table,
  become: (row: Row) => readonly Row[] | undefined,
  how: Style,
  namer: Namer,
): Change {
  const removed: ModelFile[] = [];
  const added: ModelFile[] = [];
  const arriving: Row[] = [];
  for (const file of table) {
    const leaving = new Set<number>();
    for (const [index, row] of file.rows.entries()) {
      const rows = file.deleted.has(index) ? undefined : become(row);
      if (rows === undefined) continue;
      leaving.add(index);
      arriving.push(...rows);
    }
    if (leaving.size === 0) continue;
    removed.push(file);
    const deleted = new Set([...file.deleted, ...leaving]);
    if (deleted.size === file.rows.length) continue;
    if (how === "mark") added.push({ ...file, deleted });
    else added.push(...namer.files(liveRows({ ...file, deleted })));
  }
  return { removed, added: [...added, ...namer.files(arriving)] };
}

export function applied({ removed, added }: Change, table: Table): Table {
  const gone = new Set(removed.map((file) => file.path));
  return [...table.filter((file) => !gone.has(file.path)), ...added];
}

/** SQL's three values, NULL as `undefined`. */
function truth(asked: Predicate, row: Row): boolean | undefined {
  switch (asked.kind) {
    case "and":
    case "or": {
      const decides = asked.kind === "or";
      const each = asked.operands.map((operand) => truth(operand, row));
      if (each.includes(decides)) return decides;
      return each.includes(undefined) ? undefined : !decides;
    }
    case "not": {
      const value = truth(asked.operand, row);
      return value === undefined ? undefined : !value;
    }
    case "constant":
      return asked.value;
    case "unknown":
      throw new Error("the model knows its predicates");
    default: {
      const value = asked.column[0] === "p" ? row.p : row.n;
      if (asked.kind === "is-null") return value === null;
      if (asked.kind === "is-not-null") return value !== null;
      if (value === null) return undefined;
      if (asked.kind === "in") return asked.values.some(({ text }) => Number(text) === value);
      return COMPARE[asked.op](value, Number(asked.value.text));
    }
  }
}

const COMPARE = {
  "=": (a: number, b: number) => a === b,
  "!=": (a: number, b: number) => a !== b,
  "<": (a: number, b: number) => a < b,
  "<=": (a: number, b: number) => a <= b,
  ">": (a: number, b: number) => a > b,
  ">=": (a: number, b: number) => a >= b,
} as const;

const passes = (asked: Predicate, row: Row): boolean => truth(asked, row) === true;

// When it may be rebased.

/** An operation and what it did to rows, wherever they lay. */
export interface Done {
  readonly operation: Operation;
  /** Of its {@link Namer}. */
  readonly prefix: string;
  readonly effect: string;
}

export function done(operation: Operation, prefix: string, change: Change): Done {
  return { operation, prefix, effect: effectOf(change) };
}

/** Whether the files that a change replaces are still as they were. */
export function findsItsFiles({ removed }: Change, now: Table): boolean {
  return removed.every((file) => now.some((other) => stateOf(other) === stateOf(file)));
}

/** Whether the last operation would do the same to the rows of a version. */
export function doesTheSame({ operation, prefix, effect }: Done, table: Table): boolean {
  return effectOf(run(operation, table, new Namer(prefix))) === effect;
}

/** Whether there is any order in which each operation does what it did. */
export function haveSerialOrder(operations: readonly Done[], table: Table): boolean {
  if (operations.length === 0) return true;
  return operations.some((first, index) => {
    const change = run(first.operation, table, new Namer(first.prefix));
    return (
      effectOf(change) === first.effect &&
      haveSerialOrder(operations.toSpliced(index, 1), applied(change, table))
    );
  });
}

/** Whether the rows that an overwrite replaces are those of `before`, but for rows that were appended blindly. */
export function replacesSameRows(
  operation: Operation & { kind: "overwrite" },
  before: Table,
  now: Table,
  blind: ReadonlySet<string>,
): boolean {
  const replaced = (table: Table): string =>
    sorted(
      table
        .flatMap(liveRows)
        .filter((row) => !blind.has(row.id) && (!("p" in operation) || row.p === operation.p))
        .map(({ id }) => id),
    );
  return replaced(before) === replaced(now);
}

function effectOf({ removed, added }: Change): string {
  const [gone, come] = [removed, added].map(
    (files) => new Map(files.flatMap(liveRows).map((row) => [row.id, row])),
  );
  const only = (rows: Map<string, Row> | undefined, others: Map<string, Row> | undefined): string =>
    sorted(
      [...(rows?.values() ?? [])]
        .filter(({ id }) => others?.has(id) !== true)
        .map(({ id, p, n }) => `${id} ${p} ${n}`),
    );
  return `${only(gone, come)} ${only(come, gone)}`;
}

const stateOf = (file: ModelFile): string => `${file.path} ${[...file.deleted].sort().join(",")}`;
const sorted = (texts: readonly string[]): string => JSON.stringify([...texts].sort());
