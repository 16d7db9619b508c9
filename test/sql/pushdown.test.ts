import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Engine, type Parameters, type Session } from "../../engine/index.js";
import { PLANNER_DISABLED_OPTIMIZERS, pushdown, type TableScan } from "../../src/sql/pushdown.js";
import { createStubs, type Stubs, type StubTable } from "../../src/sql/stubs.js";
import type { Predicate } from "../../table-format/index.js";

const TABLES: readonly StubTable[] = [
  {
    name: "gl_ref_0",
    columns: [
      { name: "a", engineType: "INTEGER" },
      { name: "we ird", engineType: "VARCHAR" },
      { name: "b", engineType: "VARCHAR" },
      { name: "s", engineType: 'STRUCT(x INTEGER, Y STRUCT(z VARCHAR), "or" INTEGER, flag BOOLEAN)' },
      { name: "odd", engineType: 'STRUCT(x INTEGER, "x>3 OR gl" INTEGER, "it\'s" INTEGER)' },
      { name: "p", engineType: "DATE" },
      { name: "c", engineType: "TIMESTAMP WITH TIME ZONE" },
      { name: "d", engineType: "DECIMAL(10,3)" },
      { name: "f", engineType: "DOUBLE" },
      { name: "g", engineType: "BOOLEAN" },
      { name: "l", engineType: "BIGINT" },
      { name: "li", engineType: "INTEGER[]" },
      { name: "ts", engineType: "TIMESTAMP" },
      { name: "bl", engineType: "BLOB" },
      { name: "ti", engineType: "TINYINT" },
      { name: "fl", engineType: "FLOAT" },
      { name: "j", engineType: "JSON" },
    ],
  },
  {
    name: "gl_ref_1",
    columns: [
      { name: "a", engineType: "INTEGER" },
      { name: "b", engineType: "VARCHAR" },
    ],
  },
];

let engine: Engine;
let session: Session;
let stubs: Stubs;
beforeAll(async () => {
  engine = await Engine.open({ threads: 1, disabledOptimizers: PLANNER_DISABLED_OPTIMIZERS });
  session = await engine.acquire();
  stubs = await createStubs(session, TABLES);
});
afterAll(async () => {
  await engine.release(session);
  await engine.close();
});

async function scanOf(sql: string, table = "gl_ref_0", parameters?: Parameters): Promise<TableScan> {
  const scan = (await pushdown(session, sql, parameters, stubs)).get(table);
  if (scan === undefined) throw new Error(`no ${table}`);
  return scan;
}

/** The predicate of a WHERE clause in short. */
async function filterOf(where: string, parameters?: Parameters): Promise<string> {
  const { predicate } = await scanOf(`SELECT a FROM gl_ref_0 AS q WHERE ${where}`, "gl_ref_0", parameters);
  return short(predicate);
}

function short(predicate: Predicate): string {
  switch (predicate.kind) {
    case "and":
      return `(${predicate.operands.map(short).join(" & ")})`;
    case "or":
      return `(${predicate.operands.map(short).join(" | ")})`;
    case "not":
      return `!${short(predicate.operand)}`;
    case "compare":
      return `${predicate.column.join(".")} ${predicate.op} ${predicate.value.text}`;
    case "in":
      return `${predicate.column.join(".")} in ${predicate.values.map(({ text }) => text).join(" ")}`;
    case "is-null":
      return `${predicate.column.join(".")} is null`;
    case "is-not-null":
      return `${predicate.column.join(".")} is not null`;
    case "constant":
      return String(predicate.value);
    case "unknown":
      return "?";
  }
}

describe("filters of a WHERE clause", () => {
  test.each([
    ["a >= 1 AND a <= 3", "(a >= 1 & a <= 3)"],
    ["3 < a", "a > 3"],
    ["a + 1 > 3", "a > 2"],
    ["a != 3", "a != 3"],
    ["a = -5", "a = -5"],
    ["a > '5'", "a > 5"],
    ["a = 5 AND b = 'it''s'", "(a = 5 & b = it's)"],
    ["\"we ird\" = 'x'", "we ird = x"],
    ["b LIKE 'abc%'", "(b >= abc & b < abd)"],
    ["b LIKE 'a_c%'", "(b >= a & b < b)"],
    ["b = ''", "b = "],
    ["b = 'optional: (''c0'' AND'", "b = optional: ('c0' AND"],
    ["b IS NULL OR b = 'z'", "(b is null | b = z)"],
    ["b IS NOT NULL", "b is not null"],
    ["NOT (b IS NULL)", "!b is null"],
    ["s.x > 3 AND s.y.z = 'q'", "(s.x > 3 & s.Y.z = q)"],
    ["s.x IS NULL", "s.x is null"],
    ["s.y.z IS NOT NULL OR s.x = 3", "(s.Y.z is not null | s.x = 3)"],
    ['s."or" = 3 AND a = 1', "a = 1"],
    ["s.flag", "s.flag = true"],
    ["p >= '2020-01-01'", "p >= 2020-01-01"],
    ["p > DATE '2020-01-01' + INTERVAL 1 MONTH", "p > 2020-02-01"],
    ["p BETWEEN '2020-01-01' AND '2020-01-31'", "(p >= 2020-01-01 & p <= 2020-01-31)"],
    ["date_trunc('month', p) = '2020-01-01'", "(p >= 2020-01-01 & p < 2020-02-01)"],
    ["p::TIMESTAMP > '2020-01-01 10:00:00'", "p > 2020-01-01"],
    ["p::TIMESTAMP >= '2020-01-01 10:00:00'", "p > 2020-01-01"],
    ["p::TIMESTAMP < '2020-01-01 10:00:00'", "p <= 2020-01-01"],
    ["p < DATE '2020-01-01' + INTERVAL 1 YEAR", "p < 2021-01-01"],
    ["p = DATE '2020-01-01' + INTERVAL 1 YEAR", "p = 2021-01-01"],
    ["p::TIMESTAMP = '2020-01-01 10:00:00'", "true"],
    [
      "p BETWEEN DATE '2020-01-01' AND DATE '2020-01-01' + INTERVAL 1 MONTH",
      "(p >= 2020-01-01 & p <= 2020-02-01)",
    ],
    ["c > '2026-11-19 05:45:22.8+00'", "c > 2026-11-19 05:45:22.8+00"],
    ["ts::DATE = '2020-01-01'", "(ts >= 2020-01-01 00:00:00 & ts < 2020-01-02 00:00:00)"],
    ["d > 1.5", "d > 1.500"],
    ["d = -1.5", "d = -1.500"],
    ["d IN (1.5, 2)", "(d in 1.500 2.000 & (d = 1.500 | d = 2.000))"],
    ["f = 'nan'::DOUBLE", "f = nan"],
    ["f > 'inf'::DOUBLE", "f > inf"],
    ["f < '-inf'::DOUBLE", "f < -inf"],
    ["f > 0.1", "f > 0.1"],
    ["fl = 1.1", "fl = 1.1"],
    ["f < 1e300", "f < 1e+300"],
    ["bl = '\\x00\\xFFa'::BLOB", "bl = \\x00\\xFFa"],
    ["l > 5000000000", "l > 5000000000"],
    ["l = 9223372036854775807", "l = 9223372036854775807"],
    ["g", "g = true"],
    ["NOT g", "!g = true"],
    ["g = false", "g = false"],
    ["g IS TRUE", "(g is not null & g = true)"],
    ["g IS NOT TRUE", "(g is null | g != true)"],
    ["a IN (1, 2, 3)", "(a >= 1 & a <= 3)"],
    ["a IN (1, 5, 9)", "(a in 1 5 9 & (a = 1 | a = 5 | a = 9))"],
    ["a NOT IN (1, 2)", "!a in 1 2"],
    ["a IS DISTINCT FROM 3", "(a is null | a != 3)"],
    ["a IS NOT DISTINCT FROM 3", "(a is not null & a = 3)"],
    ["a IS NOT DISTINCT FROM NULL", "a is null"],
    ["a IS DISTINCT FROM NULL", "a is not null"],
    ["NOT (a >= 3 AND a <= 9)", "!(a >= 3 & a <= 9)"],
    ["a < 1 OR a > 9", "((a < 1 | a > 9) & (a < 1 | a > 9))"],
    ["(a = 1 AND b = 'x') OR l = 2", "(l = 2 | (a = 1 & b = x))"],
    [
      "(a = 1 OR a = 5) AND (a < 2 OR a > 4)",
      "((a = 1 | (a = 5 & a < 2) | a > 4) & ((a = 1 | a = 5) & (a < 2 | a > 4)))",
    ],
    ["a > 1 AND random() < 0.5", "a > 1"],
    ["a > 1 AND upper(b) = 'X'", "a > 1"],
    ["g AND a = 1", "(a = 1 & g = true)"],
  ])("%s", async (where, expected) => {
    expect(await filterOf(where)).toBe(expected);
  });

  test.each([
    "true",
    "upper(b) = 'X'",
    "b ILIKE 'x%'",
    "b COLLATE nocase = 'x'",
    "a = 1.5",
    "a = l",
    "l > a",
    "a % 2 = 0",
    "random() < 0.5",
    "a = 1 OR random() < 0.5",
    "coalesce(a, 1) = 1",
    "CASE WHEN a = 1 AND g THEN true ELSE false END",
    "CASE a WHEN 1 THEN b = 'x' ELSE g END",
    "(a > 1) IS NULL",
    "(a > 1) = g",
    "li = [1, 2]",
    "list_contains(li, 1)",
    "s = {'x': 1, 'Y': {'z': 'q'}, 'or': 1, 'flag': true}",
    "j = '{}'",
    "b = 'line\nbreak'",
    "b = 'line\n\nbreak'",
    "b = chr(0) || 'x'",
    "odd.x > 3",
    'odd."x>3 OR gl" = 1',
    'odd."it\'s" = 1',
    "a > (SELECT max(a) FROM gl_ref_1)",
    "a NOT IN (SELECT a FROM gl_ref_1)",
    "a = 1 OR b = 'line\nbreak'",
    "b LIKE '%'",
    "f IN (1, NULL)",
    "s.x IS NULL OR a = 1",
  ])("%s keeps every file", async (where) => {
    const { predicate } = await scanOf(`SELECT a FROM gl_ref_0 AS q WHERE ${where}`);
    expect(short(predicate)).toBe("true");
  });

  test("a literal is of the column's type", async () => {
    const { predicate } = await scanOf("SELECT a FROM gl_ref_0 WHERE d > 1.5");
    expect(predicate).toEqual({
      kind: "compare",
      column: ["d"],
      op: ">",
      value: { type: "DECIMAL(10,3)", text: "1.500" },
    });
    const inside = await scanOf("SELECT a FROM gl_ref_0 WHERE s.x = 1");
    expect(inside.predicate).toEqual({
      kind: "compare",
      column: ["s", "x"],
      op: "=",
      value: { type: "INTEGER", text: "1" },
    });
  });

  test("parameters are constants", async () => {
    expect(await filterOf("a = $1 AND b = $2", [5, "q'"])).toBe("(a = 5 & b = q')");
    expect(await filterOf("a > $low + 1", { low: 5 })).toBe("a > 6");
  });

  test("a literal of many characters is whole", async () => {
    const text = "x".repeat(10_000);
    expect(await filterOf(`b = '${text}'`)).toBe(`b = ${text}`);
  });

  test("a long IN list is whole", async () => {
    const numbers = Array.from({ length: 500 }, (_, index) => index * 3);
    const { predicate } = await scanOf(`SELECT a FROM gl_ref_0 WHERE a IN (${numbers.join(",")})`);
    expect(predicate.kind === "in" && predicate.values.length).toBe(500);
  });
});

describe("scans of a query", () => {
  test.each<[string, string, readonly string[] | "all", string]>([
    ["SELECT count(*) FROM gl_ref_1", "gl_ref_1", [], "true"],
    ["SELECT a FROM gl_ref_1 WHERE b = 'q'", "gl_ref_1", ["a", "b"], "b = q"],
    ["SELECT 1 FROM gl_ref_1 WHERE b = 'q'", "gl_ref_1", ["b"], "b = q"],
    ["SELECT s.x FROM gl_ref_0", "gl_ref_0", ["s"], "true"],
    ["SELECT a FROM gl_ref_0 WHERE upper(b) = 'X'", "gl_ref_0", ["a", "b"], "true"],
    ["FROM gl_ref_1", "gl_ref_1", ["a", "b"], "true"],
    ["SELECT x.a FROM gl_ref_0 x JOIN gl_ref_1 y ON x.a = y.a WHERE x.a = 3", "gl_ref_1", ["a"], "a = 3"],
    [
      "SELECT x.a FROM gl_ref_0 x LEFT JOIN gl_ref_1 y ON x.a = y.a AND y.b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "b = q",
    ],
    [
      "SELECT x.a FROM gl_ref_1 x LEFT JOIN gl_ref_0 y ON x.a = y.a AND x.b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "true",
    ],
    [
      "SELECT x.a FROM gl_ref_1 x FULL JOIN gl_ref_0 y ON x.a = y.a WHERE x.b = 'q' OR y.b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "true",
    ],
    [
      "SELECT x.a FROM gl_ref_1 x ANTI JOIN gl_ref_0 y ON x.a = y.a WHERE x.b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "b = q",
    ],
    [
      "SELECT a FROM gl_ref_0 WHERE a NOT IN (SELECT a FROM gl_ref_1 WHERE b = 'q')",
      "gl_ref_1",
      ["a", "b"],
      "b = q",
    ],
    [
      "SELECT a FROM gl_ref_0 WHERE EXISTS (FROM gl_ref_1 r WHERE r.a = gl_ref_0.a AND r.b = 'q')",
      "gl_ref_1",
      ["a", "b"],
      "b = q",
    ],
    ["SELECT * FROM gl_ref_1 WHERE b = 'q' ORDER BY a LIMIT 3", "gl_ref_1", ["a", "b"], "b = q"],
    [
      "SELECT a, row_number() OVER (PARTITION BY b) r FROM gl_ref_1 QUALIFY r = 1 AND b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "b = q",
    ],
    [
      "SELECT a, row_number() OVER (PARTITION BY a) r FROM gl_ref_1 QUALIFY r = 1 AND b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "true",
    ],
    ["SELECT a FROM gl_ref_1 TABLESAMPLE 10% WHERE b = 'q'", "gl_ref_1", ["a", "b"], "true"],
    [
      "SELECT * FROM gl_ref_1 POSITIONAL JOIN gl_ref_0 WHERE gl_ref_1.b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "true",
    ],
    [
      "SELECT * FROM (SELECT a, b FROM gl_ref_1 UNION ALL SELECT a, b FROM gl_ref_0) WHERE b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "b = q",
    ],
    [
      "SELECT a FROM gl_ref_1 WHERE a = 3 UNION ALL SELECT a FROM gl_ref_1 WHERE b = 'q'",
      "gl_ref_1",
      ["a", "b"],
      "(a = 3 | b = q)",
    ],
    ["SELECT a FROM gl_ref_1 WHERE a = 3 UNION ALL SELECT a FROM gl_ref_1", "gl_ref_1", ["a"], "true"],
    [
      "WITH RECURSIVE r AS (SELECT a FROM gl_ref_1 WHERE b = 'q' UNION ALL SELECT g.a FROM gl_ref_1 g JOIN r ON g.a = r.a + 1 WHERE g.b = 'q') FROM r",
      "gl_ref_1",
      ["a", "b"],
      "(b = q | b = q)",
    ],
    ["DESCRIBE gl_ref_1", "gl_ref_1", "all", "true"],
    ["SELECT a FROM gl_ref_1 WHERE false", "gl_ref_1", "all", "true"],
    ["SELECT 1", "gl_ref_1", "all", "true"],
    ["SELECT a AS gl_c1 FROM gl_ref_1 WHERE b = 'q'", "gl_ref_1", "all", "true"],
  ])("%s", async (sql, table, columns, filter) => {
    const scan = await scanOf(sql, table);
    expect([scan.columns, short(scan.predicate)]).toEqual([columns, filter]);
  });

  test("a CTE used twice gets either filter", async () => {
    const { predicate } = await scanOf(
      "WITH k AS (FROM gl_ref_1) SELECT * FROM k x, k y WHERE x.a = 3 AND y.a = 4",
      "gl_ref_1",
    );
    expect(short(predicate)).toBe("((a = 3 | a = 4) & (a = 3 | a = 4))");
  });

  test("a query that does not bind is refused", async () => {
    await expect(pushdown(session, "SELECT nope FROM gl_ref_1", undefined, stubs)).rejects.toMatchObject({
      kind: "invalid-input",
    });
  });
});

test("columns called like a stub's columns get stubs of another name", async () => {
  const tables: StubTable[] = [
    {
      name: "gl own",
      columns: [
        { name: "gl_c1", engineType: "INTEGER" },
        { name: "GL_C0", engineType: "INTEGER" },
      ],
    },
  ];
  await engine.withSession(async (other) => {
    const own = await createStubs(other, tables);
    const scan = (
      await pushdown(other, 'SELECT "gl_c1" FROM "gl own" WHERE "GL_C0" = 2', undefined, own)
    ).get("gl own");
    expect(scan).toEqual({
      columns: ["gl_c1", "GL_C0"],
      predicate: { kind: "compare", column: ["GL_C0"], op: "=", value: { type: "INTEGER", text: "2" } },
      probed: ["GL_C0"],
    });
  });
});

describe("the columns of which one value may be looked for", () => {
  test.each<readonly [string, TableScan["probed"]]>([
    ["SELECT a FROM gl_ref_1 WHERE a > 1 AND a <= 3", []],
    ["SELECT sum(f) FROM gl_ref_0 WHERE p >= DATE '2024-01-01' AND d < 3 AND f > -1e3", []],
    ["SELECT b, count(*) FROM gl_ref_1 WHERE a < 3 GROUP BY b ORDER BY 2 LIMIT 3", []],
    ["SELECT a FROM gl_ref_1 WHERE a = 3 AND b > 'x'", ["a"]],
    ["SELECT a FROM gl_ref_1 WHERE b LIKE 'x'", ["b"]],
    ["SELECT a FROM gl_ref_1 WHERE a IN (1, 7)", ["a"]],
    ["SELECT a FROM gl_ref_1 WHERE a IS NOT DISTINCT FROM 7", ["a"]],
    ["SELECT a FROM gl_ref_1 WHERE a = 1 OR b < 'x'", ["a", "b"]],
    ["SELECT x.a FROM gl_ref_1 AS x JOIN gl_ref_0 AS y ON x.a = y.a", "all"],
    ["SELECT a FROM gl_ref_1 WHERE a = (SELECT max(a) FROM gl_ref_0)", "all"],
    ["SELECT a FROM gl_ref_1 WHERE a IN (SELECT a FROM gl_ref_0)", "all"],
  ])("%s", async (sql, probed) => {
    expect((await scanOf(sql, sql.includes("FROM gl_ref_1") ? "gl_ref_1" : "gl_ref_0")).probed).toEqual(
      probed,
    );
  });
});
