import { expect, test } from "vitest";
import { checkHistory, type HistoryToCheck } from "./check.js";
import { applied, difference, type State } from "./model.js";
import { type HistoryRow, idOf, type KeyRange, type Operation } from "./operations.js";
import type { Commit, TableMetadata } from "./read-log.js";
import type { TableVersion } from "./table-versions.js";
import type { Transaction } from "./transactions.js";

// The checker on small histories that are told by hand: those that are sound pass, each other one is found out.

const METADATA: TableMetadata = { columns: ["id", "k", "v", "p", "op"], configuration: {} };

/** A history in the making: every commit says what it read, which operation it is, and what it left. */
class Telling {
  readonly versions: TableVersion[] = [];
  readonly transactions = new Map<number, Transaction>();

  constructor(rows: readonly HistoryRow[]) {
    this.#push({ readVersion: undefined, txnId: undefined, metadata: METADATA }, stateOf(rows));
  }

  get rows(): State {
    return this.versions.at(-1)?.rows ?? new Map();
  }

  get newest(): number {
    return this.versions.length - 1;
  }

  begin(operation: Operation, told: Partial<Transaction> = {}): void {
    const { op } = operation;
    const begun = { operation, newestBefore: 0, newestAfter: undefined, txnIds: [`txn-${op}`] };
    this.transactions.set(op, { ...begun, outcome: { status: "done", version: undefined }, ...told });
  }

  commit(operation: Operation, readVersion: number, rows: State, metadata?: TableMetadata): void {
    if (!this.transactions.has(operation.op)) this.begin(operation);
    this.#push({ readVersion, txnId: `txn-${operation.op}`, metadata }, rows);
  }

  kinds(serializable = false): string[] {
    const history: HistoryToCheck = {
      versions: this.versions,
      transactions: this.transactions,
      first: 0,
      serializable,
    };
    return checkHistory(history, []).anomalies.map(({ kind }) => kind);
  }

  #push(commit: Pick<Commit, "readVersion" | "txnId" | "metadata">, rows: State): void {
    const effect = difference([...this.rows.values()], [...rows.values()]);
    const version = this.versions.length;
    this.versions.push({
      commit: { ...commit, version, operation: "", adds: [], removes: [] },
      rows,
      effect,
    });
  }
}

function row(id: number, k: number, op = 0): HistoryRow {
  return { id, k, v: 0, p: k % 4, op };
}

function stateOf(rows: Iterable<HistoryRow>): State {
  return new Map([...rows].map((each) => [each.id, each]));
}

function plus(state: State, ...rows: readonly HistoryRow[]): State {
  const after = applied(state, { removed: [], added: rows });
  if (after === undefined) throw new Error("a row is there already");
  return after;
}

function append(op: number, k: number): Extract<Operation, { kind: "append" | "overwrite" }> {
  return { op, kind: "append", rows: [row(idOf(op, 0), k, op)] };
}

/** The rows after an update by `op` of those of `seen` that are in the range. */
function updated(now: State, op: number, { low, high }: KeyRange, seen: State): State {
  return stateOf(
    [...now.values()].map((each) =>
      seen.has(each.id) && each.k >= low && each.k <= high ? { ...each, v: each.v + 1, op } : each,
    ),
  );
}

const KEYS = { low: 0, high: 9 };
const update = (op: number): Operation => ({ op, kind: "update", keys: KEYS });

test("appends and updates one after the other", () => {
  const told = new Telling([row(1, 5)]);
  const first = append(1, 7);
  told.commit(first, 0, plus(told.rows, ...first.rows));
  told.commit(update(2), 1, updated(told.rows, 2, KEYS, told.rows));
  expect(told.kinds()).toEqual([]);
  expect(told.kinds(true)).toEqual([]);
});

test("an update may miss a blind append that it did not see, unless the table is Serializable", () => {
  const told = new Telling([row(1, 5)]);
  const seen = told.rows;
  const first = append(1, 7);
  told.commit(first, 0, plus(told.rows, ...first.rows));
  told.commit(update(2), 0, updated(told.rows, 2, KEYS, seen));
  expect(told.kinds()).toEqual([]);
  expect(told.kinds(true)).toEqual(["order"]);
});

test("an update that undoes another is found out", () => {
  const told = new Telling([row(1, 5)]);
  const seen = told.rows;
  told.commit(update(1), 0, updated(seen, 1, KEYS, seen));
  told.commit(update(2), 0, updated(seen, 2, KEYS, seen));
  expect(told.kinds()).toEqual(["order"]);
});

test("two commits that each missed the other's rows have no serial order", () => {
  const told = new Telling([row(1, 5), row(2, 15)]);
  const seen = told.rows;
  const copy = (op: number, low: number): Operation => ({
    op,
    kind: "copy",
    keys: { low, high: low + 9 },
    by: 10,
  });
  const copied = (from: HistoryRow, op: number): HistoryRow => {
    const k = from.k + 10;
    return { ...from, id: idOf(op, 0), k, p: k % 4, op };
  };
  const [one, two] = [seen.get(1), seen.get(2)];
  if (one === undefined || two === undefined) throw new Error("the rows are there");
  told.commit(copy(1, 0), 0, plus(told.rows, copied(one, 1)));
  told.commit(copy(2, 10), 0, plus(told.rows, copied(two, 2)));
  // The second may stand before the first, whose row it would have copied too.
  expect(told.kinds()).toEqual([]);
  expect(told.kinds(true)).toEqual(["order"]);
  const back: Operation = { op: 3, kind: "copy", keys: { low: 20, high: 29 }, by: 990 };
  const again: Operation = { op: 4, kind: "copy", keys: { low: 10, high: 19 }, by: 10 };
  const [version, rows] = [told.newest, told.rows];
  const inKeys = (low: number): HistoryRow[] =>
    [...rows.values()].filter(({ k }) => k >= low && k < low + 10).sort((a, b) => a.id - b.id);
  const moved = (from: readonly HistoryRow[], op: number, by: number): HistoryRow[] =>
    from.map((each, index) => {
      const k = (each.k + by) % 1_000;
      return { ...each, id: idOf(op, index), k, p: k % 4, op };
    });
  told.commit(back, version, plus(told.rows, ...moved(inKeys(20), 3, 990)));
  told.commit(again, version, plus(told.rows, ...moved(inKeys(10), 4, 10)));
  expect(told.kinds()).toEqual(["order"]);
});

test("a transaction that was done and is nowhere is lost; one that found nothing to do is not", () => {
  const told = new Telling([row(1, 5)]);
  told.begin(append(1, 7));
  told.begin(update(2));
  told.begin({ op: 3, kind: "update", keys: { low: 500, high: 510 } });
  expect(told.kinds()).toEqual(["lost", "lost"]);
});

test("of a transaction that died or that nothing is known of, all or nothing is there", () => {
  const told = new Telling([row(1, 5)]);
  const [died, unknown] = [append(1, 7), append(2, 8)];
  told.begin(died, { outcome: undefined });
  told.begin(unknown, { outcome: { status: "unknown", kind: "unavailable", code: "x", message: "" } });
  expect(told.kinds()).toEqual([]);
  told.commit(died, 0, plus(told.rows, ...died.rows));
  expect(told.kinds()).toEqual([]);
  told.commit(unknown, 0, plus(told.rows, ...unknown.rows));
  expect(told.kinds()).toEqual([]);
});

test("a commit without one of its rows is found out", () => {
  const told = new Telling([row(1, 5)]);
  const whole: Operation = { op: 1, kind: "append", rows: [row(idOf(1, 0), 7, 1), row(idOf(1, 1), 8, 1)] };
  told.commit(whole, 0, plus(told.rows, row(idOf(1, 0), 7, 1)));
  expect(told.kinds()).toEqual(["order"]);
});

test("a compaction that loses a row is found out", () => {
  const told = new Telling([row(1, 5), row(2, 6)]);
  told.commit({ op: 1, kind: "compact", files: 2 }, 0, told.rows);
  expect(told.kinds()).toEqual([]);
  told.commit({ op: 2, kind: "compact", files: 2 }, 0, stateOf([row(1, 5)]));
  expect(told.kinds()).toEqual(["order"]);
});

test("commits of nobody, of the failed and twice of one are found out", () => {
  const told = new Telling([row(1, 5)]);
  const failed = append(1, 7);
  told.begin(failed, { outcome: { status: "failed", kind: "conflict", code: "x", message: "lost" } });
  told.commit(failed, 0, plus(told.rows, ...failed.rows));
  expect(told.kinds()).toEqual(["foreign"]);
  told.commit(update(2), 1, updated(told.rows, 2, KEYS, told.rows));
  told.commit(update(2), 2, updated(told.rows, 2, KEYS, told.rows));
  told.transactions.delete(1);
  expect(told.kinds()).toEqual(["foreign", "duplicated"]);
});

test("a change of metadata that is lost, or was not seen, is found out", () => {
  const told = new Telling([row(1, 5)]);
  const property = (op: number): Operation => ({ op, kind: "set-property", property: `p${op}` });
  const withProperties = (...names: readonly string[]): TableMetadata => ({
    ...METADATA,
    configuration: Object.fromEntries(names.map((name) => [name, "set"])),
  });
  told.commit(property(1), 0, told.rows, withProperties("p1"));
  told.commit(property(2), 1, told.rows, withProperties("p1", "p2"));
  expect(told.kinds()).toEqual([]);
  told.commit(property(3), 1, told.rows, withProperties("p1", "p3"));
  expect(told.kinds()).toEqual(["lost", "metadata"]);
});

test("a transaction that stands on a version older than the newest when it began is found out", () => {
  const told = new Telling([row(1, 5)]);
  const [first, second] = [append(1, 100), append(2, 200)];
  told.commit(first, 0, plus(told.rows, ...first.rows));
  told.begin(second, { newestBefore: 1 });
  told.commit(second, 0, plus(told.rows, ...second.rows));
  expect(told.kinds()).toEqual(["stale"]);
});

test("an error that is neither the store's nor another writer's is reported", () => {
  const told = new Telling([row(1, 5)]);
  told.begin(append(1, 7), { outcome: { status: "failed", kind: "corrupt", code: "x", message: "y" } });
  expect(told.kinds()).toEqual(["failure"]);
});

test("a commit that was said to be another version is found out", () => {
  const told = new Telling([row(1, 5)]);
  const first = append(1, 7);
  told.begin(first, { outcome: { status: "done", version: 1 } });
  told.commit(first, 0, plus(told.rows, ...first.rows));
  expect(told.kinds()).toEqual([]);
  told.begin(first, { outcome: { status: "done", version: 2 } });
  expect(told.kinds()).toEqual(["foreign"]);
});
