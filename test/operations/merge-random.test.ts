import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { type MergeOptions, mergeOperation } from "../../src/operations/merge/merge.js";
import { seededRandom } from "../concurrency/seeded-random.js";
import { operationsOn } from "../support/operations.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { type ModelClause, type ModelCondition, type ModelRow, mergeByModel } from "./merge-model.js";

const SEEDS = [11, 12];
/** Merges of a table that change it; those that are refused come on top. */
const MERGES = 5;
const MAX_TRIES = 60;

type Random = () => number;

const same = <T>(a: T | null | undefined, b: T | null | undefined): boolean =>
  a !== null && a !== undefined && b !== null && b !== undefined && a === b;

const ON: readonly ModelCondition[] = [
  { sql: "t.id = s.id", holds: (t, s) => same(t?.id, s?.id) },
  { sql: "s.id = t.id AND t.part = s.part", holds: (t, s) => same(t?.id, s?.id) && same(t?.part, s?.part) },
  {
    sql: "(t.id = s.id AND t.amount < 50)",
    holds: (t, s) => same(t?.id, s?.id) && t?.amount !== null && (t?.amount ?? 99) < 50,
  },
  { sql: "t.name = s.name", holds: (t, s) => same(t?.name, s?.name) },
  {
    sql: "t.id = s.id + 1 AND t.name = 'n' || s.id",
    holds: (t, s) => s?.id !== null && s !== undefined && same(t?.id, s.id + 1) && t?.name === `n${s.id}`,
  },
  { sql: "t.id = s.id OR t.tag = s.tag", holds: (t, s) => same(t?.id, s?.id) || same(t?.tag, s?.tag) },
  { sql: "t.id IS NOT DISTINCT FROM s.id", holds: (t, s) => t?.id === s?.id },
  {
    sql: "t.part = s.part AND t.id BETWEEN s.id AND s.id",
    holds: (t, s) => same(t?.part, s?.part) && same(t?.id, s?.id),
  },
];

const WITH_SOURCE: readonly (ModelCondition | undefined)[] = [
  undefined,
  { sql: "s.amount > 40", holds: (_, s) => (s?.amount ?? 0) > 40 },
  { sql: "s.amount % 2 = 0", holds: (_, s) => s !== undefined && s.amount !== null && s.amount % 2 === 0 },
  {
    sql: "s.id IN (SELECT 2 * i FROM range(50) r(i))",
    holds: (_, s) => s !== undefined && s.id !== null && s.id % 2 === 0,
  },
];

const WITH_TARGET: readonly (ModelCondition | undefined)[] = [
  undefined,
  { sql: "t.amount > 60", holds: (t) => (t?.amount ?? 0) > 60 },
  { sql: "t.part = 'a'", holds: (t) => t?.part === "a" },
  {
    sql: "t.id < 10 OR t.name IS NULL",
    holds: (t) => t?.name === null || (t?.id !== null && (t?.id ?? 99) < 10),
  },
];

const plus = (a: number | null | undefined, b: number | null | undefined): number | null =>
  a === null || a === undefined || b === null || b === undefined ? null : a + b;

const UPDATES = [
  {
    kind: "update",
    set: [["amount", "t.amount + s.amount"]],
    apply: (t: ModelRow, s?: ModelRow): ModelRow => ({ ...t, amount: plus(t.amount, s?.amount) }),
  },
  {
    kind: "update",
    set: [
      ["NAME", "'x' || s.tag"],
      ["part", "s.part"],
    ],
    apply: (t: ModelRow, s?: ModelRow): ModelRow => ({ ...t, name: `x${s?.tag}`, part: s?.part ?? null }),
  },
] as const;

const LONELY_UPDATES = [
  {
    kind: "update",
    set: [["amount", "-t.id"]],
    apply: (t: ModelRow): ModelRow => ({ ...t, amount: t.id === null ? null : 0 - t.id }),
  },
] as const;

class Choices {
  constructor(readonly random: Random) {}
  below(limit: number): number {
    return Math.floor(this.random() * limit);
  }
  of<T>(items: readonly T[]): T {
    for (const item of items.slice(this.below(items.length))) return item;
    throw new Error("nothing to choose from");
  }
}

let tags = 0;
function randomRow(choose: Choices, ids: number): ModelRow {
  const id = choose.below(ids);
  return {
    tag: ++tags,
    id: choose.below(12) === 0 ? null : id,
    name: choose.below(12) === 0 ? null : `n${choose.below(ids)}`,
    amount: choose.below(10) === 0 ? null : choose.below(100),
    part: choose.of(["a", "b", "c", null]),
  };
}

function clauses(choose: Choices): ModelClause[] {
  const made: ModelClause[] = [];
  const add = (
    when: ModelClause["when"],
    conditions: readonly (ModelCondition | undefined)[],
    action: () => ModelClause["action"],
  ): void => {
    const count = choose.below(3);
    for (let index = 0; index < count; index++) {
      const some = index === count - 1 ? conditions : conditions.slice(1);
      made.push({ when, condition: choose.of(some), action: action() });
    }
  };
  add("matched", [...WITH_SOURCE, ...WITH_TARGET.slice(1)], () =>
    choose.below(3) === 0 ? { kind: "delete" } : choose.of(UPDATES),
  );
  add("not-matched", WITH_SOURCE, () => ({ kind: "insert" }));
  add("not-matched-by-source", WITH_TARGET, () =>
    choose.below(2) === 0 ? { kind: "delete" } : choose.of(LONELY_UPDATES),
  );
  return made.length === 0
    ? [{ when: "not-matched", condition: undefined, action: { kind: "insert" } }]
    : made;
}

function statementOf(
  on: ModelCondition,
  model: readonly ModelClause[],
  source: readonly ModelRow[],
): MergeOptions {
  return {
    source:
      source.length === 0
        ? `(SELECT * FROM ${valuesOf([EMPTY])} WHERE false)`
        : `(SELECT * FROM ${valuesOf(source)})`,
    alias: "t",
    sourceAlias: "s",
    on: on.sql,
    clauses: model.map(clauseOf),
  };
}

type Clause = MergeOptions["clauses"][number];

function clauseOf({ when, condition: said, action }: ModelClause): Clause {
  const condition = said?.sql;
  if (when === "not-matched") return { when, condition, action: { kind: "insert", values: "all" } };
  if (action.kind !== "update") return { when, condition, action: { kind: "delete" } };
  const set = action.set.map(([column, value]) => ({ column: [column], value }));
  return { when, condition, action: { kind: "update", set } };
}

const EMPTY: ModelRow = { tag: 0, id: 0, name: "", amount: 0, part: "" };

function valuesOf(rows: readonly ModelRow[]): string {
  const literal = (value: string | number | null): string =>
    value === null ? "NULL" : typeof value === "number" ? String(value) : `'${value}'`;
  const list = rows.map(
    ({ tag, id, name, amount, part }) => `(${[tag, id, name, amount, part].map(literal).join(", ")})`,
  );
  const columns =
    "tag::INT AS tag, id::INT AS id, name::VARCHAR AS name, amount::INT AS amount, part::VARCHAR AS part";
  return `(SELECT ${columns} FROM (VALUES ${list.join(", ")}) AS v(tag, id, name, amount, part))`;
}

const byTag = (a: ModelRow, b: ModelRow): number => a.tag - b.tag;

const FORMS = {
  plain: "",
  "deletion vectors": "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
  partitioned: "PARTITIONED BY (part)",
  "mapped columns": "TBLPROPERTIES ('delta.columnMapping.mode' = 'name')",
  "change data feed": "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
  "feed, vectors, partitioned":
    "PARTITIONED BY (part) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', 'delta.enableDeletionVectors' = 'true')",
  "row tracking":
    "TBLPROPERTIES ('delta.enableRowTracking' = 'true', 'delta.enableDeletionVectors' = 'true')",
} as const;

describe.each(Object.entries(FORMS))("random merges, %s", (form, definition) => {
  it.each(SEEDS)("give the rows of the model, seed %i", async (seed) => {
    const choose = new Choices(seededRandom(seed * 1_000 + form.length));
    const { lake, folder } = await temporaryLake();
    const rows = async (sql: string): Promise<Row[]> => (await lake.sql(sql)).toArray();
    await rows(`CREATE TABLE t (tag INT, id INT, name STRING, amount INT, part STRING) ${definition}`);
    const operations = await operationsOn(path.join(folder, "lake"));
    const target = await operations.target("t");
    const run = (options: MergeOptions): ReturnType<typeof operations.run<{ version: bigint }>> =>
      operations.run(target, mergeOperation(operations.context, target, options));
    let model: readonly ModelRow[] = [];
    const never = { sql: "false", holds: () => false };
    for (let file = 0; file < 4; file++) {
      const news = Array.from({ length: 12 }, () => randomRow(choose, 60));
      model = [...model, ...news];
      await run(
        statementOf(never, [{ when: "not-matched", condition: undefined, action: { kind: "insert" } }], news),
      );
    }
    let applied = 0;
    for (let merge = 0; applied < MERGES; merge++) {
      expect(merge, `seed ${seed}`).toBeLessThan(MAX_TRIES);
      const source = Array.from({ length: choose.of([0, 1, 3, 8]) }, () => randomRow(choose, 60));
      const on = choose.of(ON);
      const said = clauses(choose);
      const expected = mergeByModel(model, source, on, said);
      const options = statementOf(on, said, source);
      const where = `seed ${seed}, merge ${merge}: ${JSON.stringify(options)}`;
      const before = await idsOf(lake, form);
      if (expected.kind === "ambiguous") {
        await expect(run(options), where).rejects.toMatchObject({ code: "merge-ambiguous" });
        continue;
      }
      const report = await run(options);
      expect(report, where).toMatchObject({
        rowsInserted: BigInt(expected.inserted),
        rowsUpdated: BigInt(expected.updated),
        rowsDeleted: BigInt(expected.deleted),
      });
      if (expected.changes.length > 0) applied++;
      model = expected.rows;
      expect(await rows("SELECT * FROM t ORDER BY tag"), where).toEqual(model.toSorted(byTag));
      if (form.includes("feed") && expected.changes.length > 0) {
        const told = await rows(
          `SELECT * EXCLUDE (_commit_version, _commit_timestamp) FROM table_changes('t', ${report.version}, ${report.version}) ORDER BY tag, _change_type`,
        );
        const changes = expected.changes.map(({ type, row }) => ({ ...row, _change_type: type }));
        const order = (a: { tag: number; _change_type: string }, b: typeof a): number =>
          a.tag - b.tag || (a._change_type < b._change_type ? -1 : 1);
        expect(told, where).toEqual(changes.toSorted(order));
      }
      const after = await idsOf(lake, form);
      const kept = [...after].filter(([tag]) => before.has(tag));
      expect(kept, where).toEqual(kept.map(([tag]) => [tag, before.get(tag)]));
      expect(new Set(after.values()).size, where).toBe(after.size);
    }
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });
});

/** The ids of rows by their tags, where the table has them. */
async function idsOf(lake: Lake, form: string): Promise<ReadonlyMap<number, bigint>> {
  if (form !== "row tracking") return new Map();
  const rows = await (await lake.sql("SELECT tag, _metadata.row_id AS id FROM t")).toArray();
  return new Map(rows.map((row) => [Number(row["tag"]), BigInt(String(row["id"]))]));
}
