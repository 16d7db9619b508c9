import { describe, expect, test } from "vitest";
import { parseScript, type Statement } from "../../src/sql/statements.js";

function parse(sql: string): Statement | undefined {
  return parseScript(sql)[0];
}

/** Expects a refusal that says `message` at a column of the first line. */
function expectRefusal(sql: string, message: string, column: number): void {
  expect(() => parse(sql)).toThrow(
    expect.objectContaining({
      kind: "invalid-input",
      code: "sql-syntax",
      message: expect.stringContaining(message),
      context: expect.objectContaining({ line: 1, column }),
    }),
  );
}

const T = { kind: "name", namespace: undefined, name: "t" };

describe("INSERT", () => {
  const plain = { table: T, columns: undefined, byName: false, mode: { kind: "append" }, evolve: false };

  test.each([
    ["insert into t select 1", { query: "select 1" }],
    ["INSERT INTO TABLE t VALUES (1, 'a;b'), (2, NULL)", { query: "VALUES (1, 'a;b'), (2, NULL)" }],
    ["insert into t from u", { query: "from u" }],
    ["insert into t table u", { query: "table u" }],
    ["insert into t (select 1) union all (select 2)", { query: "(select 1) union all (select 2)" }],
    ["insert into t ((select 1))", { query: "((select 1))" }],
    ["insert into t with x as (select 1) select * from x", { query: "with x as (select 1) select * from x" }],
    [
      'insert into t (a, b.c, "d e") values (1, 2, 3)',
      { columns: [["a"], ["b", "c"], ["d e"]], query: "values (1, 2, 3)" },
    ],
    ["insert into t (a) (select 1)", { columns: [["a"]], query: "(select 1)" }],
    ["insert into t (values, a) values (1, 2)", { columns: [["values"], ["a"]], query: "values (1, 2)" }],
    ["insert into t (values (1))", { query: "(values (1))" }],
    ["insert into t by name select 1 as a", { byName: true, query: "select 1 as a" }],
    ["insert with schema evolution into t by name select 1 as z", { evolve: true, byName: true }],
    ["insert overwrite t select 1", { mode: { kind: "overwrite" } }],
    ["insert overwrite table t (a) values (1)", { mode: { kind: "overwrite" }, columns: [["a"]] }],
    ["insert into n.t select 1", { table: { kind: "name", namespace: "n", name: "t" } }],
    ["insert into delta.`/a/b` select 1", { table: { kind: "path", path: "/a/b" } }],
    [
      "with x as (select 1), y as (select 2) insert into t select * from x, y",
      { query: "with x as (select 1), y as (select 2) select * from x, y" },
    ],
  ])("%s", (sql, expected) => {
    expect(parse(sql)).toMatchObject({ ...plain, kind: "insert", ...expected });
  });

  test.each([
    ["day = '2025-01-31'", "select * from u"],
    ["day in (select day from u)", "select * from u"],
    ["a is distinct from b", "from u"],
    ["at >= TIMESTAMP WITH TIME ZONE '2025-01-31'", "with x as (select 1) from x"],
    ["case when a then b else true end", "values (1)"],
    ['t."select" = 1 and t.values = 2', "table u"],
  ])("REPLACE WHERE %s ends where its query %s begins", (condition, query) => {
    expect(parse(`insert into t replace where ${condition} ${query}`)).toMatchObject({
      mode: { kind: "replace-where", condition },
      query,
    });
  });

  test.each([
    ["insert t select 1", "INTO, OVERWRITE or WITH SCHEMA EVOLUTION", 8],
    ["insert or replace into t select 1", "no INSERT OR REPLACE", 8],
    ["insert into t", "expected a query, found the end", 14],
    ["insert into t set a = 1", "expected a query", 15],
    ["insert into t () values (1)", "the name of a column", 16],
    ["insert into t (a) by name select 1", "BY NAME stands with a list of columns", 22],
    ["insert into t default values", "no DEFAULT VALUES", 15],
    ["insert into t partition (day = '2025-01-31') select 1", "takes no PARTITION", 15],
    ["insert into t replace select 1", "expected WHERE", 23],
    ["insert into t replace where select 1", "expected a condition", 29],
    ["insert into t replace where a = 1", "expected a query, found the end", 34],
    ["insert overwrite t replace where a = 1 select 1", "expected a query", 20],
    ["with x as (select 1) insert into t with y as (select 2) select 1", "a WITH before INSERT already", 36],
  ])("%s is refused at its place", (sql, message, column) => {
    expectRefusal(sql, message, column);
  });
});

test("a query may call a table insert", () => {
  expect(parse("with x as (select 1) select * from (select 2) insert")).toMatchObject({ kind: "query" });
});

test.each([
  ["with x as (select 1) update t set a = 1", "UPDATE has no WITH before it", 22],
  ["with x as (select 1) delete from t", "DELETE has no WITH before it", 22],
  ["with x as (select 1) merge into t using x on true when matched then delete", "MERGE has no WITH", 22],
])("%s is refused at its place", (sql, message, column) => {
  expectRefusal(sql, message, column);
});

describe("UPDATE", () => {
  test.each([
    ["update t set a = 1", { set: [{ column: ["a"], value: "1" }], where: undefined }],
    [
      "UPDATE t AS x SET x.a = x.a + 1, b = DEFAULT, s.f = 'where, set' WHERE x.a > 3",
      {
        alias: "x",
        set: [
          { column: ["a"], value: "x.a + 1" },
          { column: ["b"], value: undefined },
          { column: ["s", "f"], value: "'where, set'" },
        ],
        where: "x.a > 3",
      },
    ],
    ["update t x set a = 1", { alias: "x" }],
    ["update t set t.a = 1, n.t.b = 2", { set: [{ column: ["a"] }, { column: ["n", "t", "b"] }] }],
    ["update n.t set n.t.a = 1, T.b = 2", { set: [{ column: ["a"] }, { column: ["b"] }] }],
    ["update t x set t.a = 1", { set: [{ column: ["t", "a"] }] }],
    ["update t set set = default", { set: [{ column: ["set"], value: undefined }] }],
    ["update t set a = default where b", { set: [{ value: undefined }], where: "b" }],
    [
      "update t set a = case when b then 1 else case c when 2 then 3 end end, d = (select max(e) from u where u.x = t.x) where f",
      {
        set: [
          { value: "case when b then 1 else case c when 2 then 3 end end" },
          { value: "(select max(e) from u where u.x = t.x)" },
        ],
        where: "f",
      },
    ],
    ["update t set a = b is distinct from c where d", { set: [{ value: "b is distinct from c" }] }],
    [
      "update t set a = [1, 2], b = {'x': 1, 'y': 2}",
      { set: [{ value: "[1, 2]" }, { value: "{'x': 1, 'y': 2}" }] },
    ],
    ["update t set a = x.where where x.end = 1", { set: [{ value: "x.where" }], where: "x.end = 1" }],
    [
      "update t set a = 1 -- one\n, b = 2 /* two, where */ where c -- three",
      { set: [{ value: "1" }, { value: "2" }], where: "c" },
    ],
  ])("%s", (sql, expected) => {
    expect(parse(sql)).toMatchObject({ kind: "update", ...expected });
  });

  test.each([
    ["update t", "expected SET, found the end", 9],
    ["update t set", "the name of a column", 13],
    ["update t set a", 'expected "=", found the end', 15],
    ["update t set a =", "expected an expression, found the end", 17],
    ["update t set a = , b = 1", "expected an expression", 18],
    ["update t set a = 1,", "the name of a column", 20],
    ["update t set (a, b) = (1, 2)", "the name of a column", 14],
    ["update t set a = 1 where", "expected a condition, found the end", 25],
    ["update t set a = u.b from u where u.k = t.k", "UPDATE takes no FROM", 22],
    ["update t set a = 1 where b returning *", 'expected the end of the statement, found "returning"', 28],
    ["update t set a = 1)", "expected the end of the statement", 19],
    ["update t set a = (1", "expected an expression, found the end", 20],
  ])("%s is refused at its place", (sql, message, column) => {
    expectRefusal(sql, message, column);
  });
});

describe("DELETE", () => {
  test.each([
    ["delete from t", { table: T, alias: undefined, where: undefined }],
    ["delete from t where a in (select a from u)", { where: "a in (select a from u)" }],
    ["delete from n.t as x where x.a", { table: { namespace: "n" }, alias: "x", where: "x.a" }],
    ["delete from t x", { alias: "x", where: undefined }],
  ])("%s", (sql, expected) => {
    expect(parse(sql)).toMatchObject({ kind: "delete", ...expected });
  });

  test.each([
    ["delete from t where", "expected a condition, found the end", 20],
    ["delete from t using u where t.k = u.k", "DELETE takes no USING", 15],
    ["delete from t where a returning b", 'expected the end of the statement, found "returning"', 23],
    ["delete from", "the name of a table", 12],
  ])("%s is refused at its place", (sql, message, column) => {
    expectRefusal(sql, message, column);
  });
});

describe("MERGE", () => {
  const DELETES = "when matched then delete";

  test("reads every clause, in its order", () => {
    const merge = parse(`merge with schema evolution into n.t as x using (select * from u where k > ?) as s
      on x.k = s.k and case when x.a then s.b else false end
      when matched and case when s.gone then true else x.a is distinct from s.a end then delete
      when matched and s.a > 1 then update set x.a = s.a, b = default, c.d = case when s.x then 1 end
      when matched then update set *
      when not matched by target and s.a = ? then insert (k, x.a) values (s.k, default)
      when not matched then insert *
      when not matched by source and x.a = 3 then update set a = x.a + ?
      when not matched by source then delete`);
    expect(merge).toMatchObject({
      kind: "merge",
      evolve: true,
      table: { kind: "name", namespace: "n", name: "t" },
      alias: "x",
      source: "(select * from u where k > $1)",
      sourceAlias: "s",
      on: "x.k = s.k and case when x.a then s.b else false end",
      clauses: [
        {
          when: "matched",
          condition: "case when s.gone then true else x.a is distinct from s.a end",
          action: { kind: "delete" },
        },
        {
          when: "matched",
          condition: "s.a > 1",
          action: {
            kind: "update",
            set: [
              { column: ["a"], value: "s.a" },
              { column: ["b"], value: undefined },
              { column: ["c", "d"], value: "case when s.x then 1 end" },
            ],
          },
        },
        { when: "matched", condition: undefined, action: { kind: "update", set: "all" } },
        {
          when: "not-matched",
          condition: "s.a = $2",
          action: {
            kind: "insert",
            values: [
              { column: ["k"], value: "s.k" },
              { column: ["a"], value: undefined },
            ],
          },
        },
        { when: "not-matched", condition: undefined, action: { kind: "insert", values: "all" } },
        {
          when: "not-matched-by-source",
          condition: "x.a = 3",
          action: { kind: "update", set: [{ column: ["a"], value: "x.a + $3" }] },
        },
        { when: "not-matched-by-source", condition: undefined, action: { kind: "delete" } },
      ],
    });
  });

  test.each([
    ["u", "u", undefined],
    ["n.u s", "n.u", "s"],
    ["default.u as s", "default.u", "s"],
    ["u@v3 as s", "u@v3", "s"],
    ["u version as of 3 s", "u version as of 3", "s"],
    ["u timestamp as of now() - interval 1 day as s", "u timestamp as of now() - interval 1 day", "s"],
    ["u for system_version as of (1 + ?) s", "u for system_version as of (1 + $1)", "s"],
    ["u at (version => 2) s", "u at (version => 2)", "s"],
    ["delta.`/a b/c` s", "delta.`/a b/c`", "s"],
    ["delta_scan('/a', version => 3) as s", "delta_scan('/a', version => 3)", "s"],
    ["table_changes('u', 1, 2) s", "table_changes('u', 1, 2)", "s"],
    ["'new/*.parquet' as s", "'new/*.parquet'", "s"],
    ["(values (1, 'a')) as s(k, \"v w\")", '(SELECT * FROM (values (1, \'a\')) AS "s"(k, "v w"))', "s"],
    ["(with x as (select 1 as k) from x) s", "(with x as (select 1 as k) from x)", "s"],
    ["((select 1 as k))", "((select 1 as k))", undefined],
  ])("USING %s", (using, source, sourceAlias) => {
    expect(parse(`merge into t using ${using} on true ${DELETES}`)).toMatchObject({
      source,
      sourceAlias,
      on: "true",
      alias: undefined,
    });
  });

  test.each([
    ["merge t using u on true when matched then delete", "expected INTO", 7],
    ["merge into t u on true when matched then delete", "expected USING", 16],
    ["merge into t using on true when matched then delete", "a table, or a query in parentheses", 20],
    ["merge into t using (u) on true when matched then delete", "expected a query", 21],
    ["merge into t using u when matched then delete", "expected ON", 22],
    ["merge into t using u on when matched then delete", "expected a condition", 25],
    ["merge into t using u on true", "WHEN: a MERGE has at least one clause", 29],
    ["merge into t using u on true when matched", "expected THEN", 42],
    ["merge into t using u on true when matched and then delete", "expected a condition", 47],
    ["merge into t using u on true when matched then", "expected UPDATE or DELETE", 47],
    ["merge into t using u on true when matched then do nothing", "there is no DO NOTHING", 48],
    ["merge into t using u on true when matched then insert *", "is not inserted", 48],
    ["merge into t using u on true when matched then update", "expected SET", 54],
    ["merge into t using u on true when matched then update set a", 'expected "="', 60],
    ["merge into t using u on true when matched by source then delete", "expected THEN", 43],
    ["merge into t using u on true when not matched by then insert *", "BY TARGET or BY SOURCE", 47],
    ["merge into t using u on true when not matched then delete", "not in the table: expected INSERT", 52],
    ["merge into t using u on true when not matched then update set *", "not in the table", 52],
    [
      "merge into t using u on true when not matched then insert values (1)",
      "INSERT of a MERGE names the columns",
      59,
    ],
    [
      "merge into t using u on true when not matched then insert (a, b) values (1)",
      "there are 2 columns and 1 values",
      73,
    ],
    ["merge into t using u on true when not matched then insert by name", "the columns in parentheses", 59],
    ["merge into t using u on true when not matched by source then update set *", "no row of the source", 73],
    ["merge into t using u on true when not matched by source then insert *", "is not inserted", 62],
    [
      "merge into t using u on true when matched then delete when matched then update set *",
      "only the last WHEN MATCHED clause",
      55,
    ],
    [
      "merge into t using u on true when not matched then insert * when not matched and a then insert *",
      "only the last WHEN NOT MATCHED clause",
      61,
    ],
    ["merge into t using u on true when matched then delete returning *", "expected WHEN", 55],
    ["merge into t using u@3 on true when matched then delete", "a version as in t@v3", 22],
  ])("%s is refused at its place", (sql, message, column) => {
    expectRefusal(sql, message, column);
  });
});

test("parameters are numbered by their place in the statement, and start again with the next", () => {
  const script = "update t set a = ?, b = $5, c = ? where d = $name and '?' = ?; delete from t where a = ?";
  expect(parseScript(script)).toMatchObject([
    {
      set: [{ value: "$1" }, { value: "$5" }, { value: "$6" }],
      where: "d = $name and '?' = $7",
    },
    { where: "a = $1" },
  ]);
});
