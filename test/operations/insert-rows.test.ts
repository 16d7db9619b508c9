import { Int64, Null, RecordBatch, Table, tableFromArrays, vectorFromArray } from "apache-arrow";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
beforeEach(async () => {
  ({ lake } = await temporaryLake());
});

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

async function insert(...objects: object[]) {
  return (await lake.table("t")).insert({ rows: objects });
}

// A few rows and many take different ways into the engine.
describe.each([
  ["a few objects", 0],
  ["many objects", 70],
])("inserting %s", (_, more) => {
  // Value that is given, and what a query then gives.
  it.each([
    ["TINYINT", -128, -128],
    ["SMALLINT", 32767n, 32767],
    ["INT", -2147483648, -2147483648],
    ["BIGINT", 9223372036854775807n, 9223372036854775807n],
    ["BIGINT", 42, 42n],
    ["FLOAT", 0.1, Math.fround(0.1)],
    ["FLOAT", 1e300 * 1e300, Infinity],
    ["DOUBLE", 0.1, 0.1],
    ["DOUBLE", 2n ** 53n, 2 ** 53],
    ["DOUBLE", Number.NaN, Number.NaN],
    ["DECIMAL(38,2)", "-123456789012345678901234567890123456.78", "-123456789012345678901234567890123456.78"],
    ["DECIMAL(10,2)", "12.5", "12.50"],
    ["DECIMAL(10,2)", "12.500", "12.50"],
    ["DECIMAL(10,2)", 0.29, "0.29"],
    ["DECIMAL(10,2)", 7n, "7.00"],
    ["DECIMAL(4,2)", "1.5e1", "15.00"],
    ["STRING", "grün ✓ '\"", "grün ✓ '\""],
    ["STRING", "", ""],
    ["STRING", "a\0b", "a\0b"],
    ["DOUBLE", -0, -0],
    ["DECIMAL(3,3)", "-0.007", "-0.007"],
    ["DATE", "0001-01-01", "0001-01-01"],
    ["TIMESTAMP", "1900-06-01T00:00:00.000001Z", "1900-06-01T00:00:00.000001Z"],
    ["BOOLEAN", true, true],
    ["BINARY", new Uint8Array([0, 255, 7]), Buffer.from([0, 255, 7])],
    ["DATE", "2024-02-29", "2024-02-29"],
    ["DATE", new Date(Date.UTC(1969, 11, 31)), "1969-12-31"],
    ["TIMESTAMP", "2024-01-31T10:00:00.123456Z", "2024-01-31T10:00:00.123456Z"],
    ["TIMESTAMP", "2024-01-31 10:00+02:00", "2024-01-31T08:00:00Z"],
    ["TIMESTAMP", new Date(Date.UTC(2024, 0, 31, 10, 0, 0, 7)), "2024-01-31T10:00:00.007Z"],
    ["TIMESTAMP_NTZ", "2024-01-31 10:00:00.5", "2024-01-31 10:00:00.5"],
    ["TIMESTAMP_NTZ", "2024-01-31", "2024-01-31 00:00:00"],
    ["ARRAY<INT>", [1, null, 3], [1, null, 3]],
    ["ARRAY<ARRAY<STRING>>", [["a"], [], null], [["a"], [], null]],
    ["MAP<STRING, BIGINT>", new Map([["k", 1n]]), new Map([["k", 1n]])],
    [
      "MAP<STRING, BIGINT>",
      { k: 1, l: null },
      new Map<string, bigint | null>([
        ["k", 1n],
        ["l", null],
      ]),
    ],
    ["STRUCT<a: INT, b: STRUCT<c: DECIMAL(5,1)>>", { A: 1, b: { c: "2.5" } }, { a: 1, b: { c: "2.5" } }],
    ["STRUCT<a: INT, b: STRING>", { b: "x" }, { a: null, b: "x" }],
    ["ARRAY<STRUCT<a: INT>>", [{ a: 1 }, null], [{ a: 1 }, null]],
    ["STRING", null, null],
  ])("%s takes %s", async (type, given, expected) => {
    await rows(`CREATE TABLE t (i INT, c ${type})`);
    const others = Array.from({ length: more }, (_, n) => ({ i: 100 + n }));
    await insert({ i: 0, c: given }, { i: 1, c: null }, { i: 2, C: given }, { i: 3 }, ...others);
    const found = await rows("SELECT c FROM t WHERE i < 100 ORDER BY i");
    expect(found.map((row) => row["c"])).toEqual([expected, null, expected, null]);
  });

  it.each([
    ["TINYINT", 128],
    ["INT", 1.5],
    ["INT", "1"],
    ["BIGINT", 2 ** 53],
    ["BIGINT", 2n ** 63n],
    ["FLOAT", 0.123456789],
    ["DOUBLE", "1"],
    ["DECIMAL(5,2)", "1.234"],
    ["DECIMAL(5,2)", "1000"],
    ["DECIMAL(5,2)", "twelve"],
    ["STRING", 5],
    ["BOOLEAN", "true"],
    ["BINARY", "text"],
    ["DATE", "2023-02-29"],
    ["DATE", new Date(5)],
    ["TIMESTAMP", "2024-01-31 10:00:00"],
    ["TIMESTAMP_NTZ", "2024-01-31T10:00:00Z"],
    ["TIMESTAMP_NTZ", new Date(0)],
    ["ARRAY<INT>", 1],
    ["MAP<INT, INT>", { 1: 1 }],
    ["STRUCT<a: INT>", [1]],
  ])("%s refuses %s, naming row and field", async (type, given) => {
    await rows(`CREATE TABLE t (c ${type})`);
    const others = Array.from({ length: more }, () => ({ c: null }));
    await expect(insert({ c: null }, { c: given }, ...others)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "row-value",
      context: { row: 1, column: "c" },
    });
    expect(await rows("SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 0 }]);
  });
});

describe("inserting objects", () => {
  it("names the place inside a value", async () => {
    await rows("CREATE TABLE t (c ARRAY<STRUCT<a: INT>>, m MAP<STRING, INT>)");
    await expect(insert({ c: [] }, { c: [{ a: 1 }, { a: "x" }] })).rejects.toMatchObject({
      context: { row: 1, column: "c[1].a" },
    });
    await expect(insert({ m: new Map([[null, 1]]) })).rejects.toMatchObject({ context: { row: 0 } });
    await expect(insert({ c: [{ a: 1, b: 2 }] })).rejects.toMatchObject({
      code: "row-field",
      context: { row: 0, column: "c[0].b" },
    });
  });

  it("leaves columns that no row has to the table's rules", async () => {
    await rows(
      `CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY, d STRING DEFAULT 'none', n INT, g INT GENERATED ALWAYS AS (n + 1))
       TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')`,
    );
    expect(await insert({ n: 1 }, { n: 2 })).toMatchObject({ rowsInserted: 2n, filesAdded: 1, version: 1n });
    expect(await insert({}, {}, {})).toMatchObject({ rowsInserted: 3n });
    const found = await rows("SELECT * FROM t ORDER BY id");
    expect(found.map((row) => [row["id"], row["d"], row["n"], row["g"]])).toEqual([
      [1n, "none", 1, 2],
      [2n, "none", 2, 3],
      [3n, "none", null, null],
      [4n, "none", null, null],
      [5n, "none", null, null],
    ]);
    await expect(insert({ id: 9 })).rejects.toMatchObject({ code: "identity-given" });
  });

  it("checks every row, and keeps none when one breaks a rule", async () => {
    await rows("CREATE TABLE t (n INT NOT NULL, CONSTRAINT small CHECK (n < 10))");
    await expect(insert({ n: 1 }, { n: 10 })).rejects.toMatchObject({
      code: "constraint",
      context: { constraint: "small" },
      message: expect.stringContaining("n = 10"),
    });
    await expect(insert({ n: 1 }, { n: null })).rejects.toMatchObject({ context: { constraint: "n" } });
    expect((await (await lake.table("t")).describe()).numRows).toBe(0n);
  });

  it("refuses fields that the table does not have, and one column twice", async () => {
    await rows("CREATE TABLE t (a INT)");
    await expect(insert({ a: 1 }, { b: 1 })).rejects.toMatchObject({
      code: "row-field",
      context: { row: 1, column: "b" },
    });
    await expect(insert({ a: 1, A: 2 })).rejects.toMatchObject({ code: "row-field" });
  });

  it("commits nothing for no rows, and many rows in one file", async () => {
    await rows("CREATE TABLE t (a BIGINT)");
    expect(await insert()).toMatchObject({ version: 0n, rowsInserted: 0n });
    const many = Array.from({ length: 40_000 }, (_, a) => ({ a }));
    expect(await insert(...many)).toMatchObject({ version: 1n, rowsInserted: 40_000n, filesAdded: 1 });
    expect(await rows("SELECT sum(a)::BIGINT AS s FROM t")).toEqual([{ s: 799_980_000n }]);
  });

  it("overwrites, and replaces the rows of a condition", async () => {
    await rows("CREATE TABLE t (a INT, p STRING) PARTITIONED BY (p)");
    const table = await lake.table("t");
    await insert({ a: 1, p: "x" }, { a: 2, p: "y" });
    expect(await table.insert({ rows: [{ a: 3, p: "x" }], replaceWhere: "p = 'x'" })).toMatchObject({
      rowsInserted: 1n,
      rowsDeleted: 1n,
      filesAdded: 1,
      filesRemoved: 1,
    });
    expect(await rows("SELECT a FROM t ORDER BY a")).toEqual([{ a: 2 }, { a: 3 }]);
    expect(await table.insert({ rows: [{ a: 9 }], mode: "overwrite" })).toMatchObject({ rowsDeleted: 2n });
    expect(await rows("SELECT * FROM t")).toEqual([{ a: 9, p: null }]);
  });

  it("is done once for an application and its version", async () => {
    await rows("CREATE TABLE t (a INT)");
    const table = await lake.table("t");
    const once = { rows: [{ a: 1 }], application: { appId: "job", version: 7n } };
    expect((await table.insert(once)).skipped).toBeUndefined();
    expect(await table.insert(once)).toMatchObject({ skipped: { committedVersion: 7n }, rowsInserted: 0n });
    expect(await rows("SELECT * FROM t")).toEqual([{ a: 1 }]);
  });
});

describe("inserting Arrow", () => {
  it("takes tables and record batches by the names of their columns", async () => {
    await rows("CREATE TABLE t (s STRING, n BIGINT)");
    const table = await lake.table("t");
    const given = tableFromArrays({ N: new Int32Array([1, 2]), s: ["a", "b"] });
    await table.insert({ arrow: given });
    await table.insert({ arrow: given.batches });
    const [batch] = given.batches;
    if (!(batch instanceof RecordBatch)) throw new Error("no batch");
    expect(await table.insert({ arrow: batch })).toMatchObject({ rowsInserted: 2n });
    expect(await rows("SELECT s, n FROM t GROUP BY ALL ORDER BY n")).toEqual([
      { s: "a", n: 1n },
      { s: "b", n: 2n },
    ]);
  });

  it("takes a column of nothing but NULL for any type", async () => {
    await rows("CREATE TABLE t (n BIGINT, d DATE, s STRUCT<a: INT>)");
    const arrow = new Table({
      n: vectorFromArray([1n], new Int64()),
      d: vectorFromArray([null], new Null()),
      s: vectorFromArray([null], new Null()),
    });
    await (await lake.table("t")).insert({ arrow });
    expect(await rows("SELECT * FROM t")).toEqual([{ n: 1n, d: null, s: null }]);
  });

  it("brings new columns where they may join the table", async () => {
    await rows("CREATE TABLE t (n BIGINT)");
    const table = await lake.table("t");
    const arrow = tableFromArrays({ n: new Int32Array([1]), extra: new Float64Array([0.5]) });
    await expect(table.insert({ arrow })).rejects.toMatchObject({ code: "column-unknown" });
    expect(await table.insert({ arrow, schema: "merge" })).toMatchObject({ columnsAdded: ["extra"] });
    expect(await rows("SELECT * FROM t")).toEqual([{ n: 1n, extra: 0.5 }]);
    await expect(table.insert({ arrow: new Table() })).rejects.toMatchObject({ kind: "invalid-input" });
  });
});
