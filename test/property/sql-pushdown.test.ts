import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Engine, type Session } from "../../engine/index.js";
import { PLANNER_DISABLED_OPTIMIZERS, pushdown } from "../../src/sql/pushdown.js";
import { createStubs, type StubColumn, type Stubs } from "../../src/sql/stubs.js";
import { predicateSql } from "../sql/predicate-sql.js";

const COLUMNS: readonly StubColumn[] = [
  { name: "a", engineType: "INTEGER" },
  { name: "B b", engineType: "VARCHAR" },
  { name: "d", engineType: "DECIMAL(6,2)" },
  { name: "f", engineType: "DOUBLE" },
  { name: "p", engineType: "DATE" },
  { name: "t", engineType: "TIMESTAMP" },
  { name: "g", engineType: "BOOLEAN" },
  { name: "s", engineType: "STRUCT(x INTEGER, y VARCHAR)" },
];

const LITERALS: Readonly<Record<string, readonly string[]>> = {
  a: ["-1", "0", "1", "2", "2.5", "NULL", "'1'"],
  "B b": ["''", "'a'", "'ab'", "'b%'", "'it''s'", "'l\nn'", "NULL"],
  d: ["-1.5", "0", "1.25", "1.255", "2", "NULL"],
  f: ["-1.5", "0.0", "0.1", "2", "'nan'::DOUBLE", "'inf'::DOUBLE", "NULL"],
  p: ["'2020-01-01'", "DATE '2020-02-29'", "DATE '2020-01-01' + INTERVAL 1 DAY", "NULL"],
  t: ["'2020-01-01'", "TIMESTAMP '2020-01-01 12:00:00'", "NULL"],
  g: ["true", "false", "NULL"],
  "s.x": ["-1", "0", "1", "NULL"],
  "s.y": ["'a'", "'q'", "NULL"],
};

const sqlOf = (path: string): string => (path === "B b" ? '"B b"' : path);
const OPERATORS = ["=", "!=", "<", "<=", ">", ">="];

const atom: fc.Arbitrary<string> = fc.constantFrom(...Object.keys(LITERALS)).chain((path) => {
  const column = fc.constant(sqlOf(path));
  const literal = fc.constantFrom(...(LITERALS[path] ?? []));
  const op = fc.constantFrom(...OPERATORS);
  return fc.oneof(
    { weight: 4, arbitrary: fc.tuple(column, op, literal).map((parts) => parts.join(" ")) },
    fc.tuple(literal, op, column).map((parts) => parts.join(" ")),
    fc
      .tuple(column, fc.constantFrom("IN", "NOT IN"), fc.array(literal, { minLength: 1, maxLength: 4 }))
      .map(([c, word, list]) => `${c} ${word} (${list.join(", ")})`),
    fc.tuple(column, literal, literal).map(([c, low, high]) => `${c} BETWEEN ${low} AND ${high}`),
    fc.tuple(column, fc.constantFrom("IS NULL", "IS NOT NULL")).map((parts) => parts.join(" ")),
    fc
      .tuple(column, fc.constantFrom("IS DISTINCT FROM", "IS NOT DISTINCT FROM"), literal)
      .map((parts) => parts.join(" ")),
  );
});

const oddAtom = fc.constantFrom(
  "a % 2 = 0",
  "a > s.x",
  "upper(\"B b\") = 'A'",
  "\"B b\" LIKE 'a%'",
  "\"B b\" LIKE '_b'",
  "\"B b\" NOT LIKE 'a%'",
  "coalesce(a, 1) = 1",
  "CASE WHEN a = 1 OR g THEN g ELSE f > 0 END",
  "(a > 1) IS NULL",
  "(a = 1 AND g) IS NOT TRUE",
  "g",
  "NOT g",
  "t::DATE = '2020-01-01'",
  "a + 1 > 1",
  "true",
  "NULL",
);

const condition: fc.Arbitrary<string> = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    { weight: 4, arbitrary: atom },
    { weight: 1, arbitrary: oddAtom },
    {
      weight: 3,
      arbitrary: fc
        .tuple(fc.constantFrom(" AND ", " OR "), fc.array(tie("tree"), { minLength: 2, maxLength: 3 }))
        .map(([word, operands]) => `(${operands.join(word)})`),
    },
    { weight: 1, arbitrary: tie("tree").map((operand) => `(NOT ${operand})`) },
  ),
})).tree;

let planner: Engine;
let planning: Session;
let stubs: Stubs;
let engine: Engine;
let session: Session;

beforeAll(async () => {
  planner = await Engine.open({ threads: 1, disabledOptimizers: PLANNER_DISABLED_OPTIMIZERS });
  planning = await planner.acquire();
  stubs = await createStubs(planning, [
    { name: "one", columns: COLUMNS },
    { name: "two", columns: COLUMNS },
  ]);
  engine = await Engine.open({ threads: 1 });
  session = await engine.acquire();
  for (const [table, seed] of [
    ["one", 0],
    ["two", 5],
  ]) {
    // Co-prime strides give every pair of columns all combinations, NULLs included.
    await session.execute(`CREATE TABLE ${table}_rows AS SELECT
      [-1, 0, 1, 2, NULL][i % 5 + 1]::INTEGER AS a,
      ['', 'a', 'ab', 'b', 'it''s', 'l' || chr(10) || 'n', NULL][i % 7 + 1] AS "B b",
      [-1.5, 0, 1.25, NULL][i // 3 % 4 + 1]::DECIMAL(6,2) AS d,
      ['-1.5', '0', '0.1', '2', 'nan', 'inf', '-inf', NULL][i // 7 % 8 + 1]::DOUBLE AS f,
      ['2020-01-01', '2020-01-02', '2020-02-29', NULL][i // 2 % 4 + 1]::DATE AS p,
      ['2020-01-01', '2020-01-01 12:00:00', '2020-01-02', NULL][i // 5 % 4 + 1]::TIMESTAMP AS t,
      [true, false, NULL][i % 3 + 1] AS g,
      CASE WHEN i % 11 > 0 THEN {x: [-1, 0, 1, NULL][i // 4 % 4 + 1]::INTEGER, y: ['a', 'q', NULL][i // 11 % 3 + 1]} END AS s
      FROM (SELECT range + ${seed} AS i FROM range(600))`);
  }
});
afterAll(async () => {
  await planner.release(planning);
  await planner.close();
  await engine.release(session);
  await engine.close();
});

async function count(sql: string): Promise<number> {
  const [row] = await session.rows(`SELECT count(*) AS n FROM ${sql}`);
  return Number(row?.["n"]);
}

test("a predicate holds for every row that the WHERE clause keeps", async () => {
  let useful = 0;
  await fc.assert(
    fc.asyncProperty(condition, async (where) => {
      const scan = (await pushdown(planning, `SELECT a FROM one WHERE ${where}`, undefined, stubs)).get(
        "one",
      );
      if (scan === undefined) throw new Error("no scan");
      const predicate = predicateSql(scan.predicate);
      expect(await count(`one_rows WHERE (${where}) AND (${predicate}) IS NOT TRUE`)).toBe(0);
      if ((await count(`one_rows WHERE (${predicate}) IS NOT TRUE`)) > 0) useful++;
    }),
    { seed: 20_261, numRuns: 400 },
  );
  expect(useful).toBeGreaterThan(200);
});

const QUERIES: readonly ((where: string, other: string) => string)[] = [
  (where, other) =>
    `SELECT x.a, y.g FROM (FROM one WHERE ${where}) x JOIN (FROM two WHERE ${other}) y ON x.a = y.a AND x.p < y.p`,
  (where, other) =>
    `SELECT x.a, y.d FROM (FROM one WHERE ${where}) x LEFT JOIN (FROM two WHERE ${other}) y ON x.p = y.p AND x.g`,
  (where, other) =>
    `SELECT a, count(*) n FROM (FROM one WHERE ${where}) FULL JOIN (SELECT a FROM two WHERE ${other}) USING (a) GROUP BY a`,
  (where, other) =>
    `SELECT x.f, y.t FROM one x LEFT JOIN two y ON x.p = y.p AND x.a = 1 AND y.g`.concat(
      ` WHERE x.g OR x.a IN (SELECT a FROM one WHERE ${where} UNION ALL SELECT a FROM two WHERE ${other})`,
    ),
  (where, other) =>
    `WITH k AS (FROM one WHERE ${where}) SELECT count(*), max(f) FROM k UNION ALL SELECT count(*), min(f) FROM k WHERE ${other}`,
  (where, other) => `SELECT a, d FROM one WHERE ${where} EXCEPT SELECT a, d FROM one WHERE ${other}`,
  (where, other) =>
    `SELECT a, p FROM one WHERE ${where} AND a NOT IN (SELECT coalesce(a, 0) FROM two WHERE ${other})`,
  (where, other) =>
    `SELECT a, d FROM (FROM one WHERE ${where}) o WHERE EXISTS (FROM (FROM two WHERE ${other}) i WHERE i.a = o.a AND i.d < o.d)`,
  (where, other) =>
    `SELECT a, d, (SELECT count(*) FROM (FROM two WHERE ${other}) i WHERE i.p = o.p) FROM one o WHERE ${where}`,
  (where, other) =>
    `SELECT * FROM (SELECT a, p, s, g, f, d, t, "B b", row_number() OVER (PARTITION BY a ORDER BY p, f, d, t, g, "B b", s) r FROM one WHERE ${where}) WHERE r <= 2 AND (${other})`,
  (where, other) =>
    `SELECT a, "B b", s.x FROM (FROM one UNION ALL FROM two) WHERE (${where}) AND (${other}) ORDER BY ALL LIMIT 20`,
];

test("a query gives the same rows when each table holds only what its scan keeps", async () => {
  const columns = COLUMNS.map(({ name }) => name);
  await session.execute(
    `CREATE OR REPLACE TEMP VIEW one AS FROM one_rows; CREATE OR REPLACE TEMP VIEW two AS FROM two_rows`,
  );
  await fc.assert(
    fc.asyncProperty(fc.nat(QUERIES.length - 1), condition, condition, async (index, where, other) => {
      const sql = `FROM (${QUERIES[index]?.(where, other) ?? ""}) ORDER BY ALL`;
      const scans = await pushdown(planning, sql, undefined, stubs);
      const whole = await session.rows(sql);
      for (const [name, scan] of scans) {
        const kept = scan.columns;
        // A column that is not read may hold anything.
        const selected = columns.map((column) => {
          const quoted = `"${column}"`;
          return kept === "all" || kept.includes(column) ? quoted : `NULL AS ${quoted}`;
        });
        await session.execute(
          `CREATE OR REPLACE TEMP VIEW ${name} AS SELECT ${selected.join(", ")} FROM ${name}_rows WHERE ${predicateSql(scan.predicate)}`,
        );
      }
      const restricted = await session.rows(sql);
      for (const name of scans.keys()) {
        await session.execute(`CREATE OR REPLACE TEMP VIEW ${name} AS FROM ${name}_rows`);
      }
      expect(restricted).toEqual(whole);
    }),
    { seed: 20_262, numRuns: 150 },
  );
});
