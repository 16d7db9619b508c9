import type { RecordBatch } from "apache-arrow";
import { beforeEach, describe, expect, test } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

describe("the methods of a table", () => {
  let lake: Lake;
  beforeEach(async () => {
    lake = (await temporaryLake()).lake;
  });

  async function rows(sql: string): Promise<Row[]> {
    return (await lake.sql(sql)).toArray();
  }

  test("insert, update, merge, delete, truncate and restore", async () => {
    await lake.createTable("n.t", {
      columns: [
        { name: "id", type: "BIGINT" },
        { name: "a", type: "STRING" },
      ],
    });
    const table = await lake.table("n.t");
    expect(await table.insert({ query: "SELECT ?, ?", parameters: [1, "one"] })).toMatchObject({
      table: "n.t",
      version: 1n,
      rowsInserted: 1n,
    });
    expect(await table.insert({ query: "VALUES (2), (3)", columns: ["id"] })).toMatchObject({
      rowsInserted: 2n,
    });
    expect(
      await table.update({
        alias: "x",
        set: { a: "$new || x.id" },
        where: "x.a IS NULL",
        parameters: { new: "n" },
      }),
    ).toMatchObject({ version: 3n, rowsUpdated: 2n });
    expect(
      await table.merge({
        source: "(SELECT 3 AS id, 'three' AS a UNION ALL SELECT 4, 'four')",
        sourceAlias: "s",
        on: "t.id = s.id",
        whenMatched: [{ update: "all" }],
        whenNotMatched: [{ insert: "all" }],
        whenNotMatchedBySource: [{ if: "t.id = 1", delete: true }],
      }),
    ).toMatchObject({ version: 4n, rowsInserted: 1n, rowsUpdated: 1n, rowsDeleted: 1n });
    expect(await rows("SELECT * FROM n.t ORDER BY id")).toEqual([
      { id: 2n, a: "n2" },
      { id: 3n, a: "three" },
      { id: 4n, a: "four" },
    ]);
    expect(await table.delete({ where: "id = ?", parameters: [2] })).toMatchObject({ rowsDeleted: 1n });
    expect(await table.insert({ query: "SELECT 4, 'vier'", replaceWhere: "id > 3" })).toMatchObject({
      rowsInserted: 1n,
      rowsDeleted: 1n,
    });
    expect(await table.truncate()).toMatchObject({ version: 7n, rowsDeleted: 2n });
    expect(await table.restore({ version: 6 })).toMatchObject({
      version: 8n,
      restoredVersion: 6n,
      changed: true,
    });
    expect(await rows("SELECT a FROM n.t ORDER BY id")).toEqual([{ a: "three" }, { a: "vier" }]);
    await expect(table.restore({})).rejects.toMatchObject({ code: "as-of" });
  });

  test("insert takes rows of a program", async () => {
    await lake.createTable("t", {
      columns: [
        { name: "id", type: "BIGINT" },
        { name: "day", type: "DATE" },
      ],
    });
    const table = await lake.table("t");
    const application = { appId: "job", version: 1n };
    expect(
      await table.insert({ rows: [{ id: 1n, day: "2025-01-31" }, { id: 2 }], application }),
    ).toMatchObject({
      version: 1n,
      rowsInserted: 2n,
      skipped: undefined,
    });
    expect(await table.insert({ rows: [{ id: 1n }], application })).toMatchObject({
      skipped: { committedVersion: 1n },
    });
    const batches: RecordBatch[] = [];
    for await (const batch of (await lake.sql("SELECT 3::BIGINT AS id")).batches()) batches.push(batch);
    expect(await table.insert({ arrow: batches, replaceWhere: "id > 1" })).toMatchObject({ rowsDeleted: 1n });
    await expect(table.insert({ arrow: batches, replaceWhere: "id > 3" })).rejects.toMatchObject({
      kind: "invalid-input",
    });
    expect(await rows("SELECT * FROM t ORDER BY id")).toEqual([
      { id: 1n, day: "2025-01-31" },
      { id: 3n, day: null },
    ]);
    await expect(table.insert({ rows: [{ id: "x" }] })).rejects.toMatchObject({ kind: "invalid-input" });
  });

  test("insert adds columns, or takes those of the query, when it is asked to", async () => {
    await lake.createTable("t", { as: "SELECT 1 AS a" });
    const table = await lake.table("t");
    const query = "SELECT 2 AS a, 'x' AS b";
    await expect(table.insert({ query, byName: true })).rejects.toMatchObject({ kind: "invalid-input" });
    expect(await table.insert({ query, byName: true, schema: "merge" })).toMatchObject({
      columnsAdded: ["b"],
    });
    await table.insert({ query: "SELECT true AS c", mode: "overwrite", schema: "overwrite" });
    expect(await rows("SELECT * FROM t")).toEqual([{ c: true }]);
  });

  test("createTable makes a table of a query", async () => {
    const created = await lake.createTable(
      "n.t",
      { as: "SELECT i AS id, i % 2 AS p FROM range($n) r(i)", partitionBy: ["p"], comment: "numbers" },
      { parameters: { n: 4 } },
    );
    expect(created).toMatchObject({ table: "n.t", version: 0n, rowsInserted: 4n, skipped: undefined });
    expect(await (await lake.table("n.t")).describe()).toMatchObject({
      description: "numbers",
      partitionColumns: ["p"],
      numRows: 4n,
    });
    await expect(lake.createTable("n.t", { as: "SELECT 1 AS x" })).rejects.toMatchObject({
      code: "table-exists",
    });
    expect(await lake.createTable("n.t", { as: "SELECT 1 AS x" }, { ifNotExists: true })).toMatchObject({
      changed: false,
    });
    expect(await lake.createTable("n.t", { as: "SELECT 1 AS x" }, { orReplace: true })).toMatchObject({
      version: 1n,
    });
  });

  test("comment says what a table and a column are for", async () => {
    await lake.createTable("t", { as: "SELECT 1 AS a" });
    const table = await lake.table("t");
    await table.comment("numbers");
    await table.comment("one of them", { column: "a" });
    expect(await table.describe()).toMatchObject({ version: 2n, description: "numbers" });
    await table.comment(undefined);
    expect((await table.describe()).description).toBeUndefined();
  });
});
