import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, type Parameters, quoteIdentifier, type Row, type Session } from "../../engine/index.js";
import { pickParameters } from "../../src/sql/parameters.js";
import { findReferences, type TableReference } from "../../src/sql/references.js";
import { type RewrittenQuery, rewriteReferences } from "../../src/sql/rewrite.js";
import { normalizeTimeTravel } from "../../src/sql/time-travel.js";

let engine: Engine;
let session: Session;

beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
  session = await engine.acquire();
  await session.execute(`
    CREATE TABLE t (a INTEGER, b VARCHAR, s STRUCT(x INTEGER, y STRUCT(z VARCHAR)));
    INSERT INTO t VALUES (1, 'x', {x: 1, y: {z: 'q'}}), (2, 'y', NULL), (3, NULL, {x: 3, y: {z: NULL}});
    CREATE TABLE u (a INTEGER, c INTEGER);
    INSERT INTO u VALUES (1, 10), (1, 11), (4, 40);
    CREATE TABLE w (a INTEGER, d INTEGER);
    INSERT INTO w VALUES (1, 100), (4, 400);
    CREATE TABLE "my table" ("we ird" INTEGER, "é" VARCHAR);
    INSERT INTO "my table" VALUES (7, 'ü€𝄞');
    CREATE SCHEMA n;
    CREATE TABLE n.t AS SELECT a * 10 AS a, b FROM t;
    CREATE TABLE n.k AS SELECT 1 AS a, {t: {a: 77}, a: 78} AS n;
    CREATE SCHEMA "default";
    CREATE TABLE "default".t AS SELECT 8 AS a;
    CREATE SCHEMA m;
    CREATE TABLE m.t AS SELECT a * 100 AS a, 'm' AS b FROM t;
    CREATE TABLE t_v1 AS SELECT * FROM t WHERE a < 2;
    CREATE TABLE t_v2 AS SELECT * FROM t WHERE a < 3;
    CREATE TABLE u_v1 AS SELECT * FROM u WHERE c > 10;
  `);
});
afterAll(async () => {
  await engine.release(session);
  await engine.close();
});

/** Rewrites with a view of another name for each reference, so that nothing resolves by accident. */
async function rewritten(
  sql: string,
  nameOf: (reference: TableReference) => string,
): Promise<RewrittenQuery> {
  const { text } = normalizeTimeTravel(sql);
  const query = findReferences(text, await session.parse(text));
  let count = 0;
  const replacements = new Map<TableReference, string>();
  for (const { reference } of query.sites) {
    const view = `gl_ref_${count++}`;
    await session.execute(`CREATE OR REPLACE TEMP VIEW ${view} AS SELECT * FROM ${nameOf(reference)}`);
    replacements.set(reference, view);
  }
  return rewriteReferences(query, (reference) => replacements.get(reference));
}

function plainName({ target }: TableReference): string {
  if (target.kind !== "table") throw new Error(`${target.kind} is not a table`);
  return [target.namespace ?? "main", target.name].map(quoteIdentifier).join(".");
}

/** `t` at version 1 is the table `t_v1`. */
function versionedName(reference: TableReference): string {
  const { target, asOf } = reference;
  if (target.kind === "path") return asOf === undefined ? target.path : `${target.path}_v${asOf.expression}`;
  return asOf === undefined
    ? plainName(reference)
    : `${plainName(reference).slice(0, -1)}_v${asOf.expression}"`;
}

const values = (rows: readonly Row[]): unknown[] => rows.map((row) => Object.values(row));

const SAME_ROWS: readonly string[] = [
  "from t",
  "select t.a from t",
  "select x.a from t x",
  "select x.a from t as x(a)",
  "from x: t select x.a order by all",
  'select "we ird", "é" from "my table"',
  'select "my table"."é", \'ü€𝄞\', "my table".* from "my table"',
  "select t from t order by t.a",
  "select t.s.x, s.y.z, t.s.y.z from t order by all",
  "select n.t.a from n.t order by all",
  "select N.T.A from N.t order by all",
  "select t.a, n.t.b from n.t order by all",
  "select n.t.a, m.t.a from n.t, m.t order by all",
  "from n.t join m.t on n.t.a * 10 = m.t.a order by all",
  "select n.t.a, t2.a from n.t join t as t2 on n.t.a = t2.a * 10 order by all",
  "select n.t.a from n.t where n.t.a > 10 group by n.t.a having n.t.a > 0 order by n.t.a",
  "select sum(n.t.a) over (order by n.t.a), count(*) filter (n.t.a > 10) from n.t group by n.t.a order by all",
  "select (select n.t.a from m.t x limit 1) from n.t order by all",
  "select (select max(m.t.a) from m.t where m.t.a > x.a) from n.t x order by all",
  "select n.t.a from n.k as n",
  "select n.t.a, n.n.t.a from n.k as n",
  "select (select n.t.a from n.k n) from n.t",
  "select k.n.t.a, n.k.n.t.a, n.k.a from n.k",
  "select n.t.a from n.k",
  "select n.t.a from n.t, n.k where n.t.a = 10",
  "select memory.n.t.a from memory.n.t order by all",
  "select case n.t.a when 10 then 'ten' when 20 then 'twenty' end from n.t order by all",
  "select case (select n.t.a from n.t order by 1 limit 1) when 10 then 'ten' when 20 then 'twenty' end",
  'select "default".t.a from "default".t',
  "select t.* exclude (a) from t order by all",
  "select t.* replace (a + 1 as a) from t order by all",
  "select columns(t.*) from t, u order by all",
  "from t join u using (a) order by all",
  "from t natural join u order by all",
  "from t left join (u cross join w) on t.a = u.a order by all",
  "from t cross join u left join w on t.a = w.a order by all",
  "from t, (u join w using (a)) order by all",
  "from (n.t join m.t on n.t.a * 10 = m.t.a) as z order by all",
  "from t full join u on t.a = u.a order by all",
  "from t semi join u on t.a = u.a",
  "from t anti join u using (a) order by all",
  "from t asof join u on t.a >= u.a order by all",
  "from t positional join u",
  "select x.a, y.q from t x, lateral (select x.a + 1 q) y order by all",
  "from t, unnest([t.a, 9]) r(y) order by all",
  "from range(3) r(i), u order by all",
  "with t as (select 9 z) from t",
  "with T as (select 9 z) from t",
  "with t as (select 9 z) from main.t order by all",
  "with t as (select 9 z) select z, n.t.a from n.t, t x order by all",
  "with t as (from t where a > 1) from t order by all",
  "with t as (select a + 100 a from t) from t order by all",
  "with x as (with t as (select 5 q) from t) from x, t order by all",
  "with x as (from t), y as (from x, u) select * from y order by all",
  "with u as (select 1 z) select * from (with u as (select z + 1 z from u) from u)",
  "with recursive r(i) as (select 1 union all select i + 1 from r where i < 3) from r, t order by all",
  "with recursive u as (select a from t where a = 1 union all select a + 1 from u where a < 3) from u order by all",
  "with recursive u as (from u) from u order by all",
  "with recursive r as (select 1 a union all (with r as (select 5 a) select a from r)) from r limit 3",
  "with a as materialized (from t) select count(*) from a x, a y",
  "select a from t where a in (select a from u) and exists (from w where w.a = t.a)",
  "select a from t where a not in (from (select a from u)) order by all",
  "select (select max(c) from u where u.a = t.a), array(select a from w order by a) from t order by t.a",
  "select a from t where a > all (select a from u where c < 40) order by all",
  "select a in (table one_column) from t order by all",
  "table t",
  "(table u) union all (table w) order by all",
  "describe t",
  "describe table t",
  "describe select n.t.a from n.t",
  "from (describe t)",
  "show t",
  "desc u",
  "summarize u",
  "(select a from t order by a limit 1) union all (select a from u order by a desc limit 1)",
  "select a from t union select a from u except select a from w order by 1",
  "select 1 q union by name select a q from t order by all",
  "from u pivot (sum(c) for a in (1, 4))",
  "from n.t pivot (sum(a) for b in ('x', 'y')) order by all",
  "from u unpivot (v for k in (a, c)) order by all",
  "from (pivot u on a in (1, 4) using sum(c)) order by all",
  "from t tablesample 100% order by all",
  "from t x tablesample 100% order by all",
  "select distinct on (a) a, c from u order by a, c",
  "select a, row_number() over (order by a) r from t qualify r = 1",
  "select 1e0 + a, typeof(1e3) from t order by all",
  "select list_transform([1, 2], lambda q: q + t.a) from t order by all",
  "select [q + 1 for q in [1, 2] if q > 1], t.a from t order by all",
  "from (values (1, 't'), (2, 'u')) v(a, b) join t using (a) order by all",
  "select a from t limit (select min(a) from u)",
  "select a from t order by (select max(c) from u where u.a = t.a) nulls last, a",
  "select /* n.t.a */ a, 'n.t' -- from t\n from n.t order by all",
  "from t select a where b is not null order by a",
  "select max(x.a) from t x group by all",
];

describe("a rewritten query gives the rows of the plain one", () => {
  beforeAll(() => session.execute("CREATE TABLE one_column AS SELECT 1 AS a"));

  test.each(SAME_ROWS)("%s", async (sql) => {
    const expected = await session.rows(sql);
    const { text } = await rewritten(sql, plainName);
    expect(values(await session.rows(text))).toEqual(values(expected));
    expect(expected.length).toBeGreaterThan(0);
  });
});

describe("time travel picks the version of each reference", () => {
  test.each([
    ["from t version as of 1", "from t_v1"],
    ["select t.a from t@v2 order by all", "select a from t_v2 order by all"],
    ["select x.a from t version as of 2 as x order by all", "select a from t_v2 order by all"],
    ["select p from t@v1 as x(p)", "select a from t_v1"],
    [
      "from t x join t version as of 1 y using (a) order by all",
      "from t x join t_v1 y using (a) order by all",
    ],
    [
      "select a from t except select a from t@v1 order by all",
      "select a from t except select a from t_v1 order by all",
    ],
    [
      "with now as (from t), before as (from t at (version => 2)) select count(*) from now anti join before using (a)",
      "select count(*) from t anti join t_v2 using (a)",
    ],
    [
      "select (select count(*) from u@v1), count(*) from t@v2",
      "select (select count(*) from u_v1), count(*) from t_v2",
    ],
    ["describe t version as of 1", "describe t_v1"],
    ["select 1 in (table one_column), a from t@v1", "select 1 in (table one_column), a from t_v1"],
    ["from delta.`t`@v1", "from t_v1"],
    ["select t.a from delta.`t` version as of 1", "select a from t_v1"],
    ["from delta_scan('t', version => 1)", "from t_v1"],
    ["select delta_scan.a from delta_scan('t', version := 1)", "select a from t_v1"],
    [
      "select x.a from delta_scan('t') x join u@v1 using (a) order by all",
      "select a from t join u_v1 using (a) order by all",
    ],
    ["from t at (version => 1) pivot (count(*) for a in (1))", "from t_v1 pivot (count(*) for a in (1))"],
    ["from t version as of 2 tablesample 100% order by all", "from t_v2 order by all"],
    ["from x: t at (version => 1) select x.a", "select a from t_v1"],
  ])("%s", async (sql, plain) => {
    const { text } = await rewritten(sql, versionedName);
    expect(values(await session.rows(text))).toEqual(values(await session.rows(plain)));
  });
});

describe("findReferences", () => {
  const targets = async (sql: string): Promise<unknown[]> => {
    const { text } = normalizeTimeTravel(sql);
    const { sites } = findReferences(text, await session.parse(text));
    return sites.map(({ reference: { target, asOf, alias } }) => ({ ...target, ...asOf, alias }));
  };

  test("tells tables, paths, files and functions apart", async () => {
    expect(
      await targets(
        "from a.b.c x, t, delta.`/d/t`, DELTA.t2, delta_scan('s3://b/t', timestamp => now()) d, 'x.parquet', 'raw/*', range(3), read_csv('f.csv'), unnest([1])",
      ),
    ).toEqual([
      { kind: "table", catalog: "a", namespace: "b", name: "c", alias: "x" },
      { kind: "table", catalog: undefined, namespace: undefined, name: "t", alias: "t" },
      { kind: "path", path: "/d/t", alias: "/d/t" },
      { kind: "path", path: "t2", alias: "t2" },
      { kind: "path", path: "s3://b/t", unit: "timestamp", expression: "now()", parameters: [], alias: "d" },
      { kind: "file", name: "x.parquet", alias: "x" },
      { kind: "file", name: "raw/*", alias: "raw/*" },
    ]);
  });

  test("gives the offsets of references in the text, past characters of several bytes", async () => {
    const text = "select 'ü€𝄞' from t, n.u";
    const { sites } = findReferences(text, await session.parse(text));
    expect(sites.map(({ reference }) => text.slice(reference.offset))).toEqual(["t, n.u", "n.u"]);
  });

  test("survives hundreds of set operations and a long list", async () => {
    const text = `${"select a from t union all ".repeat(400)} select a from t where a in (${"1,".repeat(5000)} 2)`;
    expect(findReferences(text, await session.parse(text)).sites).toHaveLength(401);
  });

  test.each([
    ["with c as (select 1) from c version as of 3", "c is a WITH query and has no versions"],
    ["from delta_scan(getvariable('x'))", "delta_scan takes the path of a table as a string"],
    ["from delta_scan('p', 3)", "delta_scan takes the path of a table as a string"],
    [
      "from delta_scan('p', version => 3, timestamp => now())",
      "delta_scan takes the path of a table as a string",
    ],
    ["from delta_scan()", "delta_scan takes the path of a table as a string"],
    ["from (show tables)", "SHOW TABLES cannot be part of a query"],
  ])("%s is refused", async (sql, message) => {
    const { text } = normalizeTimeTravel(sql);
    const tree = await session.parse(text);
    expect(() => findReferences(text, tree)).toThrow(message);
  });
});

describe("rewriteReferences", () => {
  test("leaves a reference alone when nothing replaces it", async () => {
    const text = "select n.t.a from n.t, range(3)";
    const query = findReferences(text, await session.parse(text));
    expect(rewriteReferences(query, () => undefined).text).toBe(text);
  });

  test("puts a query in the place of a table", async () => {
    const text = "select t.a, x.c from t join u x using (a) order by all";
    const query = findReferences(text, await session.parse(text));
    const { text: sql } = rewriteReferences(query, ({ alias }) =>
      alias === "t" ? "(SELECT 1 AS a)" : "(SELECT * FROM u WHERE c = 11)",
    );
    expect(values(await session.rows(sql))).toEqual([[1, 11]]);
  });

  test("refuses a reference by schema that another table would capture", async () => {
    const text = "select (select n.t.a from m.t limit 1) from n.t";
    const query = findReferences(text, await session.parse(text));
    expect(() => rewriteReferences(query, () => "r")).toThrow("n.t.a could be two tables");
  });

  test("maps offsets of the rewritten text back", async () => {
    const text = "select n.t.a, oops from n.t, u";
    const query = findReferences(text, await session.parse(text));
    const { text: sql, mapOffset } = rewriteReferences(query, () => "a_much_longer_name");
    expect(mapOffset(sql.indexOf("oops"))).toBe(text.indexOf("oops"));
    expect(mapOffset(sql.lastIndexOf("a_much"))).toBe(text.lastIndexOf("u"));
  });
});

describe("parameters", () => {
  const run = async (sql: string, parameters: Parameters): Promise<unknown> => {
    const { text, parameters: identifiers } = await rewritten(sql, ({ asOf }) =>
      asOf === undefined ? "t" : "t_v2",
    );
    return values(await session.rows(text, { parameters: pickParameters(parameters, identifiers) }));
  };

  test.each<[string, Parameters]>([
    ["select a from t version as of ? where a = ? and b = ?", [9, 2, "y"]],
    ["select a from t version as of $1 where a = $2 and b = $3", [9, 2, "y"]],
    ["select a from t version as of $2 where a = $1 and b = $3", [2, 9, "y"]],
    ["select a from t version as of $v where a = $A and b = $b", { v: 9, a: 2, b: "y" }],
    ["select a from t@v2 where b = $2 and a = $1", [2, "y"]],
    ["select a from t where b = $2 and a = $1", [2, "y"]],
    ["select a from t where a = ?", [2]],
    ["select a from t where a = $a", { A: 2, unused: 3 }],
  ])("%s", async (sql, parameters) => {
    expect(await run(sql, parameters)).toEqual([[2]]);
  });

  test("a missing value is named", async () => {
    await expect(run("select a from t where a = ? and b = ?", [1])).rejects.toMatchObject({
      kind: "invalid-input",
      code: "sql-parameter",
      message: "the parameter number 2 has no value",
    });
  });
});
