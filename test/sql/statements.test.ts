import { describe, expect, test } from "vitest";
import { LakeError } from "../../core/index.js";
import { parseScript } from "../../src/sql/statements.js";

describe("parseScript", () => {
  test("splits at semicolons that are not inside anything", () => {
    const script = " select 'a;b' ; -- c;\n/* ; */ from t;; with x as (select $$;$$) from x ;";
    const statements = parseScript(script);
    expect(statements.map(({ slice }) => slice.text)).toEqual([
      "select 'a;b'",
      "from t",
      "with x as (select $$;$$) from x",
    ]);
    for (const { slice } of statements) {
      expect(script.slice(slice.offset, slice.offset + slice.text.length)).toBe(slice.text);
    }
  });

  test.each(["", "  ", "-- nothing\n", ";;"])("%j holds no statement", (script) => {
    expect(parseScript(script)).toEqual([]);
  });

  test.each([
    "select 1",
    "SELECT 1",
    "with a as (select 1) from a",
    "from t",
    "values (1)",
    "table t",
    "(select 1) union (select 2)",
    "describe t",
    "desc t",
    "summarize t",
    "show t",
    "/* c */ select 1",
  ])("%s is a query", (sql) => {
    const [statement] = parseScript(sql);
    expect(statement?.kind).toBe("query");
  });

  test.each([
    ["explain select 1", "explain", "select 1"],
    ["EXPLAIN  ANALYZE from t", "EXPLAIN  ANALYZE", "from t"],
    ["explain (format json) select 1", "explain (format json)", "select 1"],
    ["explain (select 1)", "explain", "(select 1)"],
  ])("%s", (sql, prefix, query) => {
    expect(parseScript(sql)[0]).toMatchObject({ kind: "explain", prefix, query: { text: query } });
  });

  test("reads the parts of CREATE VIEW", () => {
    const plain = { columns: [], orReplace: false, ifNotExists: false, temporary: false };
    const view = (sql: string): unknown => parseScript(sql)[0];
    expect(view("create view v as select 1")).toMatchObject({
      ...plain,
      kind: "create-view",
      name: { namespace: undefined, name: "v" },
      query: { text: "select 1", offset: 17 },
    });
    expect(view('create or replace temp view "n s".`v``w` (a, "b c") as from t')).toMatchObject({
      ...plain,
      name: { namespace: "n s", name: "v`w" },
      columns: ["a", "b c"],
      orReplace: true,
      temporary: true,
      query: { text: "from t" },
    });
    expect(view("create temporary view if not exists n.v as values (1)")).toMatchObject({
      ...plain,
      name: { namespace: "n", name: "v" },
      ifNotExists: true,
      temporary: true,
    });
  });

  test("takes default for a namespace", () => {
    expect(
      parseScript("create view default.v as from t; drop view default.v; show tables in default"),
    ).toMatchObject([
      { name: { namespace: "default", name: "v" } },
      { name: { namespace: "default", name: "v" } },
      { namespace: "default" },
    ]);
  });

  test("reads DROP VIEW and SHOW", () => {
    expect(
      parseScript(
        "drop view n.v; drop view if exists v; show tables; show all tables; show tables from n; show namespaces; show schemas",
      ),
    ).toMatchObject([
      { kind: "drop-view", name: { namespace: "n", name: "v" }, ifExists: false },
      { kind: "drop-view", name: { namespace: undefined, name: "v" }, ifExists: true },
      { kind: "show-tables", namespace: undefined },
      { kind: "show-tables", namespace: undefined },
      { kind: "show-tables", namespace: "n" },
      { kind: "show-namespaces" },
      { kind: "show-namespaces" },
    ]);
  });

  test.each([
    ["vacuum t", "sql-statement", "VACUUM is not a statement of this SQL (line 1, column 1)"],
    [
      "select 1;\n  create index i on t (a)",
      "sql-statement",
      "CREATE INDEX is not a statement of this SQL (line 2, column 3)",
    ],
    ["drop schema s", "sql-statement", "DROP SCHEMA is not a statement of this SQL (line 1, column 1)"],
    ["delete t", "sql-statement", "DELETE is not a statement of this SQL (line 1, column 1)"],
    ["pivot t on a", "sql-statement", "PIVOT is not a statement of this SQL (line 1, column 1)"],
    ["set x = 1", "sql-statement", "SET is not a statement of this SQL (line 1, column 1)"],
    [") select", "sql-statement", ") is not a statement of this SQL (line 1, column 1)"],
    [
      "create view a.b.c as select 1",
      "sql-syntax",
      'expected a name of the form [namespace.]name, found "." at line 1, column 16',
    ],
    ["create view v select 1", "sql-syntax", 'expected AS and a query, found "select" at line 1, column 15'],
    ["create view v as drop", "sql-syntax", 'expected a query, found "drop" at line 1, column 18'],
    [
      "drop view v cascade",
      "sql-syntax",
      'expected the end of the statement, found "cascade" at line 1, column 13',
    ],
    ["drop view", "sql-syntax", "expected the name of a view, found the end at line 1, column 10"],
    ["explain insert", "sql-syntax", 'expected a query after EXPLAIN, found "insert" at line 1, column 9'],
  ])("%s is refused", (sql, code, message) => {
    let caught: unknown;
    try {
      parseScript(sql);
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(LakeError);
    expect(caught).toMatchObject({ kind: "invalid-input", code, message });
  });
});
