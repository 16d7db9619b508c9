import { writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { seededRandom } from "../concurrency/seeded-random.js";
import { temporaryLake } from "../support/temporary-lake.js";

interface ModelRow {
  readonly id: number;
  readonly k: number | null;
  readonly s: string | null;
  readonly st: { readonly a: number | null; readonly b: string | null } | null;
  readonly p: string;
}

/** SQL, and the same in JavaScript; `null` is the engine's NULL. */
interface Condition {
  readonly sql: string;
  readonly holds: (row: ModelRow) => boolean | null;
}

interface Change {
  readonly sql: string;
  readonly apply: (row: ModelRow) => ModelRow;
}

const plus = (value: number | null, by: number): number | null => (value === null ? null : value + by);

function condition(random: (below: number) => number): Condition {
  const n = random(60);
  const all: readonly Condition[] = [
    { sql: `t.k > ${n}`, holds: (row) => (row.k === null ? null : row.k > n) },
    { sql: `id % 7 = ${n % 7}`, holds: (row) => row.id % 7 === n % 7 },
    { sql: `t.p = 'p${n % 3}'`, holds: (row) => row.p === `p${n % 3}` },
    { sql: `st.a < ${n} OR s IS NULL`, holds: (row) => row.s === null || (row.st?.a ?? 99) < n },
    { sql: `NOT (k > ${n})`, holds: (row) => (row.k === null ? null : !(row.k > n)) },
    { sql: `id BETWEEN ${n} AND ${n + 9}`, holds: (row) => row.id >= n && row.id <= n + 9 },
    {
      sql: `k = (SELECT max(inner_t.k) FROM t AS inner_t WHERE inner_t.p = t.p)`,
      holds: () => null,
    },
    { sql: "TRUE", holds: () => true },
  ];
  return all[random(all.length)] ?? { sql: "FALSE", holds: () => false };
}

function change(random: (below: number) => number, moves: boolean): Change {
  const n = random(20);
  const all: readonly Change[] = [
    { sql: `k = t.k + ${n}`, apply: (row) => ({ ...row, k: plus(row.k, n) }) },
    { sql: "s = NULL, k = id", apply: (row) => ({ ...row, s: null, k: row.id }) },
    { sql: `s = p || '-' || id, K = ${n}`, apply: (row) => ({ ...row, s: `${row.p}-${row.id}`, k: n }) },
    {
      sql: "st.a = k",
      apply: (row) => ({ ...row, st: { a: row.k, b: row.st?.b ?? null } }),
    },
    { sql: "st = NULL", apply: (row) => ({ ...row, st: null }) },
    {
      sql: `st.B = s, st.a = st.a + 1`,
      apply: (row) => ({ ...row, st: { a: plus(row.st?.a ?? null, 1), b: row.s } }),
    },
    {
      sql: `st = {'b': 'x', 'a': ${n}}, s = 'y'`,
      apply: (row) => ({ ...row, st: { a: n, b: "x" }, s: "y" }),
    },
    ...(moves
      ? [
          {
            sql: `p = 'p' || (id + ${n}) % 4`,
            apply: (row: ModelRow) => ({ ...row, p: `p${(row.id + n) % 4}` }),
          },
        ]
      : []),
  ];
  return all[random(all.length)] ?? { sql: "k = k", apply: (row) => row };
}

/** The rows for which the condition is TRUE, among all of the table. */
function matching(rows: readonly ModelRow[], { sql, holds }: Condition): ModelRow[] {
  if (!sql.includes("SELECT")) return rows.filter((row) => holds(row) === true);
  return rows.filter((row) => {
    const same = rows.flatMap((other) => (other.p === row.p && other.k !== null ? [other.k] : []));
    return row.k !== null && row.k === Math.max(...same);
  });
}

async function rowsOf(lake: Lake, sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

const COLUMNS = "id, k, s, st, p";

const TABLES: readonly (readonly [string, { readonly [property: string]: string }, string])[] = [
  ["plain", {}, ""],
  ["with deletion vectors", { enableDeletionVectors: "true" }, ""],
  ["partitioned", {}, "PARTITIONED BY (p)"],
  ["partitioned with deletion vectors", { enableDeletionVectors: "true" }, "PARTITIONED BY (p)"],
  ["with column mapping", { "columnMapping.mode": "name" }, "PARTITIONED BY (p)"],
  ["with a change feed", { enableChangeDataFeed: "true" }, "PARTITIONED BY (p)"],
  [
    "with a change feed and deletion vectors",
    { enableChangeDataFeed: "true", enableDeletionVectors: "true" },
    "",
  ],
  ["with row ids", { enableRowTracking: "true" }, ""],
  [
    "with everything",
    {
      enableRowTracking: "true",
      enableDeletionVectors: "true",
      enableChangeDataFeed: "true",
      "columnMapping.mode": "id",
    },
    "PARTITIONED BY (p)",
  ],
];

describe.each(TABLES)("UPDATE and DELETE of a table %s", (_, properties, partitioned) => {
  it.each([1, 2])("give the rows that a model gives, seed %s", async (seed) => {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const { lake, folder } = await temporaryLake();
    const list = Object.entries(properties).map(([name, value]) => `'delta.${name}' = '${value}'`);
    const told = list.length === 0 ? "" : `TBLPROPERTIES (${list.join(", ")})`;
    await rowsOf(
      lake,
      `CREATE TABLE t (id INT, k INT, s STRING, st STRUCT<a: INT, b: STRING>, p STRING) ${partitioned} ${told}`,
    );
    let model: ModelRow[] = [];
    for (let file = 0; file < 2; file++) {
      const fresh = Array.from({ length: 10 + below(20) }, (__, index): ModelRow => {
        const [k, a] = [below(60), below(60)];
        return {
          id: file * 100 + index,
          k: k < 8 ? null : k,
          s: below(5) === 0 ? null : `s${below(9)}`,
          st: below(6) === 0 ? null : { a: a < 8 ? null : a, b: `b${below(3)}` },
          p: `p${below(3)}`,
        };
      });
      const source = path.join(folder, `${file}.jsonl`);
      await writeFile(source, fresh.map((row) => JSON.stringify(row)).join("\n"));
      await lake.ingest([source], { into: "t" });
      model.push(...fresh);
    }
    const table = await lake.table("t");
    const tracks = properties["enableRowTracking"] !== undefined;
    const told_ = properties["enableChangeDataFeed"] !== undefined;
    const idSelect = "SELECT id, _metadata.row_id AS r, _metadata.row_commit_version AS v FROM t ORDER BY id";
    for (let step = 0; step < 5; step++) {
      const where = condition(below);
      const found = new Set(matching(model, where).map(({ id }) => id));
      const before = (await table.describe()).version;
      const ids = tracks ? await rowsOf(lake, idSelect) : [];
      const deletes = below(5) === 0;
      const set = change(below, true);
      const statement = deletes
        ? `DELETE FROM t WHERE ${where.sql}`
        : `UPDATE t SET ${set.sql} WHERE ${where.sql}`;
      const what = `seed ${seed}, step ${step}: ${statement}`;
      const old = model;
      model = deletes
        ? model.filter(({ id }) => !found.has(id))
        : model.map((row) => (found.has(row.id) ? set.apply(row) : row));
      await rowsOf(lake, statement);
      expect(await rowsOf(lake, `SELECT ${COLUMNS} FROM t ORDER BY id`), what).toEqual(model);
      const after = (await table.describe()).version;
      expect(after - before, what).toBe(found.size === 0 ? 0n : 1n);
      if (tracks) {
        const kept = ids.filter(({ id }) => model.some((row) => row.id === id));
        const expected = kept.map((row) => (found.has(Number(row["id"])) ? { ...row, v: after } : row));
        expect(await rowsOf(lake, idSelect), what).toEqual(expected);
      }
      if (told_ && after > before) {
        const changes = await (await table.changes({ from: after, to: after })).toArray();
        const kinds = deletes ? ["delete"] : ["update_postimage", "update_preimage"];
        const expected = kinds.flatMap((kind) =>
          (kind === "update_postimage" ? model : old)
            .filter(({ id }) => found.has(id))
            .map((row) => ({ ...row, _change_type: kind })),
        );
        const plain = changes.map(({ _commit_version, _commit_timestamp, ...row }) => row);
        const sorted = plain.toSorted(
          (a, b) =>
            String(a["_change_type"]).localeCompare(String(b["_change_type"])) ||
            Number(a["id"]) - Number(b["id"]),
        );
        expect(sorted, what).toEqual(expected);
      }
    }
    expect((await table.fsck()).findings).toEqual([]);
  });
});
