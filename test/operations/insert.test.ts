import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Parameters, Row } from "../../src/index.js";
import { folderListing } from "../support/folder-listing.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { lastEntry, only } from "./table-log.js";

let lake: Lake;
beforeEach(async () => {
  ({ lake } = await temporaryLake());
});

async function rows(sql: string, parameters?: Parameters): Promise<Row[]> {
  return (await lake.sql(sql, { parameters })).toArray();
}

async function version(): Promise<bigint> {
  return (await (await lake.table("t")).describe()).version;
}

describe("INSERT INTO", () => {
  it("takes columns by position, by a list and by name", async () => {
    await rows("CREATE TABLE t (a BIGINT, b STRING, c DOUBLE)");
    await rows("INSERT INTO t VALUES (1, 'x', 0.5), (2, NULL, NULL)");
    await rows("INSERT INTO t (C, a) SELECT 9.99, 3");
    await rows("INSERT INTO t BY NAME SELECT 'y' AS B, 4 AS a");
    await rows("INSERT INTO t SELECT b AS a, a AS b, c FROM (SELECT 5 AS b, 'z' AS a, 1 AS c)");
    expect(await rows("SELECT * FROM t ORDER BY a")).toEqual([
      { a: 1n, b: "x", c: 0.5 },
      { a: 2n, b: null, c: null },
      { a: 3n, b: null, c: 9.99 },
      { a: 4n, b: "y", c: null },
      { a: 5n, b: "z", c: 1 },
    ]);
  });

  it.each([
    ["INSERT INTO t VALUES (1)", "column-count"],
    ["INSERT INTO t VALUES (1, 'x', 2)", "column-count"],
    ["INSERT INTO t (a) VALUES (1, 'x')", "column-count"],
    ["INSERT INTO t (a, A) VALUES (1, 2)", "column-duplicate"],
    ["INSERT INTO t (a, nothing) VALUES (1, 2)", "column-not-found"],
    ["INSERT INTO t BY NAME SELECT 1 AS nothing", "column-unknown"],
    ["INSERT INTO t BY NAME SELECT 1 AS a, 2 AS a", "column-duplicate"],
    ["INSERT INTO t VALUES ('x', 'y')", "column-type-mismatch"],
    ["INSERT INTO t SELECT a, b FROM nowhere", "table-not-found"],
  ])("%s is refused", async (statement, code) => {
    await rows("CREATE TABLE t (a BIGINT, b STRING)");
    await expect(lake.sql(statement)).rejects.toMatchObject({ code });
    expect(await version()).toBe(0n);
  });

  it.each([
    ["TINYINT", "300", "300"],
    ["INT", "1e10", "10000000000"],
    ["INT", "1.5", "1.5"],
    ["DECIMAL(4,1)", "1.55", "1.55"],
    ["DECIMAL(4,1)", "0.1::DOUBLE + 0.2::DOUBLE", "0.3000000000"],
    ["FLOAT", "0.1::DOUBLE", "0.1"],
    ["DOUBLE", "9007199254740993", "9007199254740993"],
    ["DOUBLE", "0.12345678901234567890", "0.1234567890123456789"],
    ["ARRAY<INT>", "[1.5]", "1.5"],
  ])("a %s refuses %s, naming column and value", async (type, value, named) => {
    await rows(`CREATE TABLE t (c ${type})`);
    const failure = expect(lake.sql(`INSERT INTO t SELECT ${value}`)).rejects;
    await failure.toMatchObject({ kind: "invalid-input", message: expect.stringContaining(named) });
    await expect(lake.sql(`INSERT INTO t SELECT ${value}`)).rejects.toThrow(/^c[.:]/);
  });

  it.each([
    ["INT", "2.0", 2],
    ["INT", "3::DOUBLE", 3],
    ["DECIMAL(4,1)", "1.50", "1.5"],
    ["DECIMAL(20,2)", "1.25::DOUBLE", "1.25"],
    ["FLOAT", "0.1", Math.fround(0.1)],
    ["DOUBLE", "1.1", 1.1],
    ["BIGINT", "sum(x) FROM range(3) AS r(x)", 3n],
    ["DATE", "NULL", null],
    ["STRUCT<a: STRING, b: INT>", "{'a': NULL, 'b': 1}", { a: null, b: 1 }],
    ["ARRAY<STRING>", "[NULL]", [null]],
  ])("a %s takes %s", async (type, value, expected) => {
    await rows(`CREATE TABLE t (c ${type})`);
    await rows(`INSERT INTO t SELECT ${value}`);
    expect(await rows("SELECT * FROM t")).toEqual([{ c: expected }]);
  });

  it("puts defaults in the place of DEFAULT and of columns that are not named", async () => {
    await rows(
      `CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY, a STRING DEFAULT 'd, (x)', b INT, c INT GENERATED ALWAYS AS (b * 2))
       TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')`,
    );
    await rows(
      "INSERT INTO t VALUES (DEFAULT, DEFAULT, ?, DEFAULT), (DEFAULT, 'DEFAULT', abs(-2), DEFAULT)",
      [1],
    );
    await rows("INSERT INTO t (b) VALUES (DEFAULT), (3)");
    await rows("INSERT INTO t (id) VALUES (DEFAULT)");
    const found = await rows("SELECT a, b, c, count(*) OVER ()::INT AS n FROM t ORDER BY id");
    expect(found.map((row) => [row["a"], row["b"], row["c"]])).toEqual([
      ["d, (x)", 1, 2],
      ["DEFAULT", 2, 4],
      ["d, (x)", null, null],
      ["d, (x)", 3, 6],
      ["d, (x)", null, null],
    ]);
    expect(await rows("SELECT count(DISTINCT id)::INT AS n FROM t")).toEqual([{ n: 5 }]);
    await expect(lake.sql("INSERT INTO t (id, b) VALUES (DEFAULT, 1), (7, 1)")).rejects.toMatchObject({
      code: "default-for-some",
    });
  });

  it("names the rule and the row that breaks it", async () => {
    await rows("CREATE TABLE t (a INT NOT NULL, b INT, CONSTRAINT order_kept CHECK (a < b))");
    await expect(lake.sql("INSERT INTO t VALUES (1, 2), (4, 3)")).rejects.toMatchObject({
      code: "constraint",
      context: { constraint: "order_kept" },
      message: expect.stringContaining("a = 4, b = 3"),
    });
    await expect(lake.sql("INSERT INTO t VALUES (NULL, 2)")).rejects.toMatchObject({ code: "constraint" });
    await expect(lake.sql("INSERT INTO t (b) VALUES (2)")).rejects.toMatchObject({ code: "column-missing" });
    expect(await version()).toBe(0n);
  });

  it("binds parameters in queries", async () => {
    await rows("CREATE TABLE t (a BIGINT, b STRING)");
    await rows("INSERT INTO t VALUES (?, ?), (?, 'c')", [1n, "it's", 2n]);
    await rows("INSERT INTO t SELECT a + $more, b FROM t WHERE b = $b", { more: 10, b: "c" });
    expect(await rows("SELECT * FROM t ORDER BY a")).toEqual([
      { a: 1n, b: "it's" },
      { a: 2n, b: "c" },
      { a: 12n, b: "c" },
    ]);
  });

  it("writes a file a partition, and tells the log what Spark tells it", async () => {
    await rows("CREATE TABLE t (a INT, p STRING) PARTITIONED BY (p)");
    await rows("INSERT INTO t SELECT x::INT, 'p' || (x % 3) FROM range(3000) AS r(x)");
    const entry = await lastEntry(lake, "t");
    expect(entry.filter((action) => action["add"] !== undefined)).toHaveLength(3);
    expect(only(entry, "commitInfo")).toMatchObject({
      operation: "WRITE",
      operationParameters: { mode: "Append", partitionBy: '["p"]' },
      operationMetrics: { numFiles: "3", numOutputRows: "3000" },
      isBlindAppend: true,
    });
    await rows("INSERT INTO t SELECT a + 1, p FROM t WHERE p = 'p1'");
    expect(only(await lastEntry(lake, "t"), "commitInfo")).toMatchObject({ isBlindAppend: false });
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("commits nothing where the query has no row", async () => {
    await rows("CREATE TABLE t (a INT)");
    await rows("INSERT INTO t SELECT 1 WHERE false");
    expect(await version()).toBe(0n);
  });

  it("leaves nothing behind when it fails", async () => {
    await rows("CREATE TABLE t (a INT NOT NULL, p INT) PARTITIONED BY (p)");
    const table = fileURLToPath((await lake.table("t")).location);
    const before = await folderListing(table);
    const query = "SELECT CASE WHEN x < 9999 THEN x::INT END, x % 5 FROM range(10000) AS r(x)";
    await expect(lake.sql(`INSERT INTO t ${query}`)).rejects.toMatchObject({ code: "constraint" });
    expect(await folderListing(table)).toEqual(before);
  });
});

describe("INSERT OVERWRITE", () => {
  it("replaces every row, by those of a query that may read them", async () => {
    await rows("CREATE TABLE t (a INT)");
    await rows("INSERT INTO t VALUES (1), (2), (3)");
    await rows("INSERT OVERWRITE t SELECT a * 10 FROM t WHERE a > 1");
    expect(await rows("SELECT a FROM t ORDER BY a")).toEqual([{ a: 20 }, { a: 30 }]);
    expect(only(await lastEntry(lake, "t"), "commitInfo")).toMatchObject({
      operation: "WRITE",
      operationParameters: { mode: "Overwrite", partitionBy: "[]" },
    });
    const report = await (await lake.table("t")).insert({ query: "SELECT 1 WHERE false", mode: "overwrite" });
    expect(report).toMatchObject({ rowsInserted: 0n, rowsDeleted: 2n, filesRemoved: 1, filesAdded: 0 });
    expect(await rows("SELECT * FROM t")).toEqual([]);
  });

  it("is refused by an append-only table", async () => {
    await rows("CREATE TABLE t (a INT) TBLPROPERTIES ('delta.appendOnly' = 'true')");
    await rows("INSERT INTO t VALUES (1)");
    for (const how of ["OVERWRITE t", "INTO t REPLACE WHERE a = 1"]) {
      await expect(lake.sql(`INSERT ${how} VALUES (1)`)).rejects.toMatchObject({ code: "append-only" });
    }
  });
});

describe.each([
  ["copy on write", ""],
  ["deletion vectors", "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')"],
  ["the change data feed", "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')"],
])("INSERT ... REPLACE WHERE with %s", (_, properties) => {
  it("puts rows in the place of those of the condition", async () => {
    await rows(`CREATE TABLE t (a INT, b STRING) ${properties}`);
    await rows("INSERT INTO t SELECT x::INT, 'old' FROM range(10) AS r(x)");
    const before = await version();
    await rows(
      "INSERT INTO t REPLACE WHERE t.a >= ? AND b = 'old' SELECT x::INT, 'old' FROM range(?, 9) AS r(x)",
      [5, 7],
    );
    expect(await rows("SELECT a FROM t ORDER BY a")).toEqual([0, 1, 2, 3, 4, 7, 8].map((a) => ({ a })));
    expect(only(await lastEntry(lake, "t"), "commitInfo")).toMatchObject({
      operation: "WRITE",
      operationParameters: { mode: "Overwrite", predicate: expect.stringContaining("t.a >=") },
      operationMetrics: { numDeletedRows: "5", numOutputRows: "2" },
    });
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
    if (!properties.includes("ChangeDataFeed")) return;
    const changes = await rows(
      `SELECT a, _change_type AS type FROM table_changes('t', ${before + 1n}) ORDER BY type, a`,
    );
    expect(changes.map((row) => `${row["type"]} ${row["a"]}`)).toEqual([
      ...[5, 6, 7, 8, 9].map((a) => `delete ${a}`),
      ...[7, 8].map((a) => `insert ${a}`),
    ]);
  });

  it("refuses a row that does not meet the condition, naming it", async () => {
    await rows(`CREATE TABLE t (a INT, b STRING) ${properties}`);
    await rows("INSERT INTO t VALUES (1, 'x')");
    for (const row of ["(1, 'y')", "(NULL, 'y')"]) {
      await expect(
        lake.sql(`INSERT INTO t REPLACE WHERE a > 5 VALUES (7, 'x'), ${row}`),
      ).rejects.toMatchObject({
        code: "replace-where",
        message: expect.stringContaining("b = y"),
      });
    }
    expect(await rows("SELECT * FROM t")).toEqual([{ a: 1, b: "x" }]);
  });
});
