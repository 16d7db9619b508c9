import { describe, expect, test } from "vitest";
import { array, field, HandmadeTable, map, mappedField, struct } from "./handmade-table.js";

const BY_NAME = { "delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "20" };
const BY_ID = { "delta.columnMapping.mode": "id", "delta.columnMapping.maxColumnId": "20" };

const NESTED = [
  mappedField(1, "id", "c-1", "long"),
  mappedField(
    2,
    "place",
    "c-2",
    struct(mappedField(3, "x", "c-3", "long"), mappedField(4, "y", "c-4", "string")),
  ),
  mappedField(5, "items", "c-5", array(struct(mappedField(6, "n", "c-6", "long")))),
  mappedField(7, "by name", "c-7", map("string", struct(mappedField(8, "m", "c-8", "long")))),
];
const NESTED_FILE = `SELECT 1::BIGINT AS "c-1", {'c-3': 2::BIGINT, 'c-4': 'b'} AS "c-2", [{'c-6': 3::BIGINT}, NULL] AS "c-5",
  MAP {'k': {'c-8': 4::BIGINT}} AS "c-7"`;
const NESTED_ROW = {
  id: 1n,
  place: { x: 2n, y: "b" },
  items: [{ n: 3n }, null],
  "by name": new Map([["k", { m: 4n }]]),
};

describe("columns mapped by name", () => {
  test("have their names at every depth, and NULL stays NULL", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: NESTED, configuration: BY_NAME }, [
      await table.file(NESTED_FILE),
      await table.file(`SELECT 2::BIGINT AS "c-1", NULL::STRUCT("c-3" BIGINT, "c-4" VARCHAR) AS "c-2",
        NULL::STRUCT("c-6" BIGINT)[] AS "c-5", NULL::MAP(VARCHAR, STRUCT("c-8" BIGINT)) AS "c-7"`),
    ]);
    expect(await table.rows("SELECT * FROM t ORDER BY id")).toEqual([
      NESTED_ROW,
      { id: 2n, place: null, items: null, "by name": null },
    ]);
    expect(await table.rows("SELECT place.y AS y, items[1].n AS n FROM t WHERE place.x = 2")).toEqual([
      { y: "b", n: 3n },
    ]);
  });

  test("do not see a dropped column whose name came back, nor the field ids", async () => {
    const table = await HandmadeTable.make();
    const old = [mappedField(1, "id", "id", "long"), mappedField(2, "v", "v", "string")];
    await table.commit({ fields: old, configuration: BY_NAME }, [
      await table.file("SELECT 1::BIGINT AS id, 'old' AS v"),
    ]);
    const added = [mappedField(1, "key", "id", "long"), mappedField(3, "v", "c-3", "long")];
    await table.commit({ fields: added, configuration: BY_NAME }, [
      await table.file(`SELECT 7::BIGINT AS "c-3", 2::BIGINT AS id`, {}, `FIELD_IDS {"c-3": 1, id: 3}`),
    ]);
    expect(await table.rows("SELECT * FROM t ORDER BY key")).toEqual([
      { key: 1n, v: null },
      { key: 2n, v: 7n },
    ]);
  });

  test("partition a table and skip files by the physical names", async () => {
    const table = await HandmadeTable.make();
    const fields = [mappedField(1, "day", "c-1", "date"), mappedField(2, "v", "c-2", "long")];
    const add = async (day: string, v: number): Promise<Awaited<ReturnType<HandmadeTable["file"]>>> =>
      table.file(`SELECT ${v}::BIGINT AS "c-2"`, {
        partitionValues: { "c-1": day },
        stats: `{"numRecords":1,"minValues":{"c-2":${v}},"maxValues":{"c-2":${v}},"nullCount":{"c-2":0}}`,
      });
    await table.commit({ fields, configuration: BY_NAME, partitionColumns: ["day"] }, [
      await add("2024-01-01", 1),
      await add("2024-01-02", 2),
      await add("2024-01-03", 3),
    ]);
    expect(await table.rows("SELECT day::VARCHAR AS day, v FROM t ORDER BY v")).toEqual([
      { day: "2024-01-01", v: 1n },
      { day: "2024-01-02", v: 2n },
      { day: "2024-01-03", v: 3n },
    ]);
    for (const where of ["day = DATE '2024-01-02'", "v = 2"]) {
      expect(await table.localRows(`EXPLAIN SELECT v FROM t WHERE ${where}`)).toMatchObject([
        { files_read: 1n, files_skipped: 2n },
      ]);
      expect(await table.rows(`SELECT v FROM t WHERE ${where}`)).toEqual([{ v: 2n }]);
    }
  });
});

describe("columns mapped by id", () => {
  const IDS = `FIELD_IDS {"c-1": 1, "c-2": {__duckdb_field_id: 2, "c-3": 3, "c-4": 4},
    "c-5": {__duckdb_field_id: 5, element: {"c-6": 6}}, "c-7": {__duckdb_field_id: 7, value: {"c-8": 8}}}`;

  test("are found by the ids of the file alone, at every depth", async () => {
    const table = await HandmadeTable.make();
    const other = NESTED_FILE.replaceAll("c-", "other-");
    const swapped = `SELECT {'b': 'b', 'a': 2::BIGINT} AS "c-1", 1::BIGINT AS "c-2", [{'q': 3::BIGINT}, NULL] AS z,
      MAP {'k': {'q': 4::BIGINT}} AS y`;
    await table.commit({ fields: NESTED, configuration: BY_ID }, [
      await table.file(NESTED_FILE, {}, IDS),
      await table.file(other, {}, IDS.replaceAll("c-", "other-")),
      await table.file(
        swapped,
        {},
        `FIELD_IDS {"c-1": {__duckdb_field_id: 2, a: 3, b: 4}, "c-2": 1, z: {__duckdb_field_id: 5, element: {q: 6}},
         y: {__duckdb_field_id: 7, value: {q: 8}}}`,
      ),
    ]);
    expect(await table.rows("SELECT * FROM t")).toEqual([NESTED_ROW, NESTED_ROW, NESTED_ROW]);
  });

  test("are NULL in a file without ids", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: [mappedField(1, "id", "c-1", "long")], configuration: BY_ID }, [
      await table.file(`SELECT 1::BIGINT AS "c-1"`),
    ]);
    expect(await table.rows("SELECT * FROM t")).toEqual([{ id: null }]);
  });
});

describe("columns that are not mapped", () => {
  test("are found in whatever case and order, missing ones are NULL, others are passed over", async () => {
    const table = await HandmadeTable.make();
    const fields = [
      field("id", "long"),
      field("Name", "string"),
      field("s", struct(field("A", "long"), field("b", "long"))),
    ];
    await table.commit({ fields }, [
      await table.file(
        "SELECT 'x' AS name, 1::BIGINT AS ID, 5 AS other, {'b': 2::BIGINT, 'a': 1::BIGINT} AS S",
      ),
      await table.file("SELECT 2::BIGINT AS id, {'A': 3::BIGINT} AS s"),
      await table.file("SELECT 'nothing' AS other"),
    ]);
    expect(await table.rows("SELECT * FROM t ORDER BY id NULLS LAST")).toEqual([
      { id: 1n, Name: "x", s: { A: 1n, b: 2n } },
      { id: 2n, Name: null, s: { A: 3n, b: null } },
      { id: null, Name: null, s: null },
    ]);
    expect(await table.rows("SELECT count(*) AS n FROM t")).toEqual([{ n: 3n }]);
  });

  test("may be called as the columns that the engine's reader adds", async () => {
    const table = await HandmadeTable.make();
    const fields = [field("file_index", "long"), field("filename", "string"), field("p", "string")];
    const file =
      "SELECT 7::BIGINT AS file_index, 'own' AS filename, 8 AS file_row_number UNION ALL SELECT 9, 'gone', 8";
    await table.commit({ fields, partitionColumns: ["p"] }, [
      await table.file(file, { partitionValues: { p: "x" }, ...(await table.vector(1)) }),
      await table.file(file, { partitionValues: { p: "y" } }),
    ]);
    expect(await table.rows("SELECT * FROM t ORDER BY ALL")).toEqual([
      { file_index: 7n, filename: "own", p: "x" },
      { file_index: 7n, filename: "own", p: "y" },
      { file_index: 9n, filename: "gone", p: "y" },
    ]);
  });
});
