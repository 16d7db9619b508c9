import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, type Session } from "../../engine/index.js";
import { isNameKeyword } from "../../src/sql/keywords.js";
import { normalizeTimeTravel } from "../../src/sql/time-travel.js";

let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
  session = await engine.acquire();
});
afterAll(async () => {
  await engine.release(session);
  await engine.close();
});

const blanksAsOne = (sql: string): string => sql.replaceAll(/\s+/g, " ").trim();

const SPELLINGS: readonly (readonly [string, string])[] = [
  ["from t version as of 3", "from t AT (VERSION => 3)"],
  ["from t VERSION AS OF 3 AS x", "from t AS x AT (VERSION => 3)"],
  ["from t version as of 3 x", "from t x AT (VERSION => 3)"],
  ["from t version as of 3 as x(a, `b c`)", 'from t as x ( a , "b c" ) AT (VERSION => 3)'],
  ["from t as x version as of 3", "from t as x AT (VERSION => 3)"],
  ["from t x(a,b) version as of 3", "from t x(a,b) AT (VERSION => 3)"],
  ["from t version as of '3'", "from t AT (VERSION => '3')"],
  ["from t version as of $v where a = $w", "from t AT (VERSION => $v) where a = $w"],
  ["from t version as of ? as x where a = ?", "from t as x AT (VERSION => ?) where a = ?"],
  ["from t version as of (1 + 2) x", "from t x AT (VERSION => (1 + 2))"],
  ["from t version as of -1", "from t AT (VERSION => -1)"],
  ["from t for version as of 3", "from t AT (VERSION => 3)"],
  ["from t for system_version as of 3 x", "from t x AT (VERSION => 3)"],
  ["from t for system_time as of '2024-01-01'", "from t AT (TIMESTAMP => '2024-01-01')"],
  ["from t timestamp as of '2024-01-01'", "from t AT (TIMESTAMP => '2024-01-01')"],
  ["from t timestamp as of timestamp '2024-01-01' x", "from t x AT (TIMESTAMP => timestamp '2024-01-01')"],
  ["from t timestamp as of date '2024-01-01'", "from t AT (TIMESTAMP => date '2024-01-01')"],
  [
    "from t timestamp as of timestamp with time zone '2024-01-01 00:00:00+00' as x",
    "from t as x AT (TIMESTAMP => timestamp with time zone '2024-01-01 00:00:00+00')",
  ],
  ["from t timestamp as of current_timestamp x", "from t x AT (TIMESTAMP => current_timestamp)"],
  ["from t timestamp as of now() - interval 1 day", "from t AT (TIMESTAMP => now() - interval 1 day)"],
  [
    "from t timestamp as of now() - interval '1 day' x",
    "from t x AT (TIMESTAMP => now() - interval '1 day')",
  ],
  [
    "from t timestamp as of now() - interval (2) hours x",
    "from t x AT (TIMESTAMP => now() - interval (2) hours)",
  ],
  ["from t timestamp as of '2024-01-01'::timestamp x", "from t x AT (TIMESTAMP => '2024-01-01'::timestamp)"],
  [
    "from t timestamp as of cast('2024-01-01' as date) x",
    "from t x AT (TIMESTAMP => cast('2024-01-01' as date))",
  ],
  [
    "from t timestamp as of main.make_date(2024, 1, 1)",
    "from t AT (TIMESTAMP => main.make_date(2024, 1, 1))",
  ],
  [
    "from t timestamp as of now() at time zone 'UTC' x",
    "from t x AT (TIMESTAMP => now() at time zone 'UTC')",
  ],
  ["from t timestamp as of (select max(x) from u)", "from t AT (TIMESTAMP => (select max(x) from u))"],
  ["from t at (version => 3)", "from t at (version => 3)"],
  ["from t at (version => 3) x", "from t x at (version => 3)"],
  ["from t at (timestamp => now()) as x(a)", "from t as x ( a ) at (timestamp => now())"],
  ["from t as x at (version => 3)", "from t as x at (version => 3)"],
  ["from t@v12", "from t AT (VERSION => 12)"],
  ["from t@V12 as x", "from t as x AT (VERSION => 12)"],
  ['from "my table"@v12', 'from "my table" AT (VERSION => 12)'],
  ["from ns.t@v0 x", "from ns.t x AT (VERSION => 0)"],
  ["from delta.`/a b/t`", 'from delta."/a b/t"'],
  ["from delta.`s3://b/t`@v3 x", 'from delta."s3://b/t" x AT (VERSION => 3)'],
  ['from delta.`a"b` version as of 3', 'from delta."a""b" AT (VERSION => 3)'],
  ["select `a b` from `t`", 'select "a b" from "t"'],
  ["from delta_scan('p', version => 3)", "from delta_scan('p', version => 3)"],
  ["from delta_scan('p', timestamp => '2024-01-01')", "from delta_scan('p', \"timestamp\" => '2024-01-01')"],
  [
    "from t version as of 1 join u version as of 2 on t.a = u.a",
    "from t AT (VERSION => 1) join u AT (VERSION => 2) on t.a = u.a",
  ],
  [
    "from t version as of 1, u@v2 x left join w x2 at (version => 3) using (a)",
    "from t AT (VERSION => 1), u x AT (VERSION => 2) left join w x2 at (version => 3) using (a)",
  ],
  [
    "with a as (from t version as of 1) select (select max(a) from t@v2) from a",
    "with a as (from t AT (VERSION => 1)) select (select max(a) from t AT (VERSION => 2)) from a",
  ],
  [
    "from t version as of 3 where version = 3 order by version",
    "from t AT (VERSION => 3) where version = 3 order by version",
  ],
  ["from t version as of 3 tablesample 10%", "from t AT (VERSION => 3) tablesample 10%"],
  ["from version version as of 3", "from version AT (VERSION => 3)"],
  ["from timestamp timestamp as of now() version", "from timestamp version AT (TIMESTAMP => now())"],
  ["from t version version as of 3", "from t version AT (VERSION => 3)"],
  ["select default.t.a from default.t@v3", 'select "default".t.a from "default".t AT (VERSION => 3)'],
  ["describe default.t@v3", 'describe SELECT * FROM "default".t AT (VERSION => 3)'],
  ["describe t version as of 3", "describe SELECT * FROM t AT (VERSION => 3)"],
  ["summarize ns.t@v3", "summarize SELECT * FROM ns.t AT (VERSION => 3)"],
  ["select a in (table t@v3) from t", "select a in (SELECT * FROM t AT (VERSION => 3)) from t"],
  ["show t at (version => 3)", "DESCRIBE SELECT * FROM t at (version => 3)"],
  [
    "from t /* version as of 1 */ version /**/ as -- of\n of 3",
    "from t /* version as of 1 */ AT (VERSION => 3)",
  ],
  ["select 'ü' from t version as of 3", "select 'ü' from t AT (VERSION => 3)"],
];

const UNTOUCHED: readonly string[] = [
  "select version from t",
  "select version as of_x from t",
  "select version as of from t",
  "select version as of, timestamp as x from t",
  "select timestamp as of from t",
  "select t.version as of from t",
  "select distinct version as of from t",
  "select distinct on (a) version as of from t",
  "select 1 + version as of from t",
  "select max(version) as of from t",
  "select case when true then version end as of from t",
  "from t version",
  "from t as version",
  "from version",
  "from version as of",
  "from t, version as of",
  "from t join version as of on true",
  "with version as (from t) from version as of",
  "select timestamp '2024-01-01' as of",
  "select now() at time zone 'UTC'",
  "select 'from t version as of 3', $$t@v3$$, \"t@v3\"",
  "select 1 -- from t version as of 3",
  "select /* t@v3 */ 1",
  "select @v3 from t",
  "select a[1:2] from t at",
  "from range(3) version",
];

describe("normalizeTimeTravel", () => {
  test.each(SPELLINGS)("%s", async (sql, expected) => {
    const { text } = normalizeTimeTravel(sql);
    expect(blanksAsOne(text)).toBe(expected);
    const { error } = await session.parse(text);
    expect(error).toBe(false);
  });

  test.each(UNTOUCHED)("leaves %s", (sql) => {
    expect(normalizeTimeTravel(sql).text).toBe(sql);
  });

  test("is at rest after one pass", () => {
    for (const [sql] of SPELLINGS) {
      const { text } = normalizeTimeTravel(sql);
      expect(normalizeTimeTravel(text).text).toBe(text);
    }
  });

  test("keeps the tree that the plain spelling has", async () => {
    const { text } = normalizeTimeTravel("from t version as of 3 as x(a,b) where x.a = 1");
    const withoutPlaces = (tree: unknown): string =>
      JSON.stringify(tree, (key, value) => (key === "query_location" ? 0 : value));
    const plain = await session.parse("from t as x(a,b) at (version => 3) where x.a = 1");
    expect(withoutPlaces(await session.parse(text))).toBe(withoutPlaces(plain));
  });

  test.each([
    ["from t version as of latest", "a version is missing after AS OF at line 1, column 22"],
    ["from t\ntimestamp as of", "a timestamp is missing after AS OF at line 2, column 16"],
    ["from t version as of join u", "a version is missing after AS OF at line 1, column 22"],
  ])("%j is refused", (sql, message) => {
    expect(() => normalizeTimeTravel(sql)).toThrow(message);
  });

  test("maps offsets back to what was written", () => {
    const sql = "select `a b`, * from t version as of 3 as x where oops oops";
    const { text, mapOffset } = normalizeTimeTravel(sql);
    for (const word of ["select", "from", "3", "x ", "where", "oops"]) {
      expect(mapOffset(text.indexOf(word))).toBe(sql.indexOf(word));
    }
    expect(mapOffset(text.indexOf("AT ("))).toBe(sql.indexOf("version"));
    expect(mapOffset(text.length)).toBe(sql.length);
  });
});

test("knows every word that the grammar takes for no name", async () => {
  const rows = await session.rows(
    "SELECT keyword_name AS word, keyword_category IN ('reserved', 'type_function') AS taken FROM duckdb_keywords()",
  );
  const taken = rows.filter((row) => row["taken"] === true).map((row) => String(row["word"]));
  expect(taken.filter(isNameKeyword)).toEqual([]);
  const free = rows.filter((row) => row["taken"] === false).map((row) => String(row["word"]));
  expect(free.filter((word) => !isNameKeyword(word) && !taken.includes(word))).toEqual([]);
});
