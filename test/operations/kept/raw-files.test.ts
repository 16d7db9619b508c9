import { describe, expect, test } from "vitest";
import { RawTable } from "./raw-table.js";

const PEOPLE = [
  { id: 2, name: "two", made: "2024-01-02T00:00:00Z", tags: ["a", "b"] },
  { name: "three", id: 3 },
  { id: 4, name: "four", made: null, tags: [] },
];

describe("a JSONL file as a data file", () => {
  test("is read as the table has its columns", async () => {
    const table = await RawTable.make("(id BIGINT, name STRING, made TIMESTAMP, tags ARRAY<STRING>)");
    await table.lake.sql("INSERT INTO t VALUES (1, 'one', TIMESTAMP '2024-01-01 00:00:00', ['x'])");
    const landed = await table.landRows("a.jsonl", PEOPLE);
    expect(landed.rows).toBe(3n);
    expect(
      await table.rows("SELECT id, name, made::VARCHAR AS made, tags::VARCHAR AS tags FROM t ORDER BY id"),
    ).toEqual([
      { id: 1n, name: "one", made: "2024-01-01 00:00:00+00", tags: "[x]" },
      { id: 2n, name: "two", made: "2024-01-02 00:00:00+00", tags: "[a, b]" },
      { id: 3n, name: "three", made: null, tags: null },
      { id: 4n, name: "four", made: null, tags: "[]" },
    ]);
    expect(await table.rows("SELECT _metadata.file_path LIKE '%.jsonl' AS raw FROM t WHERE id = 2")).toEqual([
      { raw: true },
    ]);
  });

  test("is skipped by its statistics", async () => {
    const table = await RawTable.make("(id BIGINT, name STRING)");
    await table.landRows("a.jsonl", [
      { id: 1, name: "a" },
      { id: 5, name: "b" },
    ]);
    await table.landRows("b.jsonl", [
      { id: 10, name: "c" },
      { id: 12, name: "d" },
    ]);
    const [plan] = await table.rows("EXPLAIN SELECT name FROM t WHERE id = 11");
    expect(plan).toMatchObject({ files_read: 1n, files_skipped: 1n });
    expect(await table.rows("SELECT name FROM t WHERE id = 12")).toEqual([{ name: "d" }]);
  });

  for (const vectors of [true, false]) {
    test(`can be changed row by row, ${vectors ? "with" : "without"} deletion vectors`, async () => {
      const table = await RawTable.make(
        `(id BIGINT, name STRING) TBLPROPERTIES ('delta.enableDeletionVectors' = '${vectors}', 'delta.enableRowTracking' = 'true', 'delta.enableChangeDataFeed' = 'true')`,
      );
      await table.landRows(
        "a.jsonl",
        [1, 2, 3, 4, 5].map((id) => ({ id, name: `n${id}` })),
      );
      const before = await table.rows("SELECT id, _metadata.row_id AS row_id FROM t ORDER BY id");
      await table.lake.sql("DELETE FROM t WHERE id = 2");
      await table.lake.sql("UPDATE t SET name = 'changed' WHERE id = 3");
      await table.lake.sql(
        `MERGE INTO t USING (VALUES (4, 'merged'), (9, 'new')) AS s(id, name) ON t.id = s.id
         WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)`,
      );
      const rows = [
        { id: 1n, name: "n1" },
        { id: 3n, name: "changed" },
        { id: 4n, name: "merged" },
        { id: 5n, name: "n5" },
        { id: 9n, name: "new" },
      ];
      expect(await table.rows("SELECT id, name FROM t ORDER BY id")).toEqual(rows);
      const ids = await table.rows("SELECT id, _metadata.row_id AS row_id FROM t WHERE id < 9 ORDER BY id");
      expect(ids).toEqual(before.filter(({ id }) => id !== 2n));
      expect(await table.rows("SELECT id, name FROM t VERSION AS OF 1 ORDER BY id")).toEqual(
        [1, 2, 3, 4, 5].map((id) => ({ id: BigInt(id), name: `n${id}` })),
      );
      const changes = (await (await table.lake.table("t")).changes({ from: 0 })).toArray();
      expect(
        (await changes)
          .map((row) => `${row["_commit_version"]} ${row["_change_type"]} ${row["id"]} ${row["name"]}`)
          .sort(),
      ).toEqual(
        [
          ...[1, 2, 3, 4, 5].map((id) => `1 insert ${id} n${id}`),
          "2 delete 2 n2",
          "3 update_preimage 3 n3",
          "3 update_postimage 3 changed",
          "4 update_preimage 4 n4",
          "4 update_postimage 4 merged",
          "4 insert 9 new",
        ].sort(),
      );
      const report = await (await table.lake.table("t")).optimize();
      expect(report.changed).toBe(vectors);
      expect(await table.rows("SELECT id, name FROM t ORDER BY id")).toEqual(rows);
      expect(
        await table.rows("SELECT id, _metadata.row_id AS row_id FROM t WHERE id < 9 ORDER BY id"),
      ).toEqual(ids);
    });
  }
});

describe("the feature grizzly.multiFormat", () => {
  test("is dropped once no raw file is live", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", [{ id: 1 }]);
    await table.landRows("b.jsonl", [{ id: 2 }]);
    const drop = "ALTER TABLE t DROP FEATURE 'grizzly.multiFormat'";
    await expect(table.lake.sql(drop)).rejects.toMatchObject({
      code: "feature-in-use",
      message: expect.stringMatching(/\.jsonl and 1 more are not Parquet/),
    });
    await table.lake.sql("OPTIMIZE t");
    await table.lake.sql(drop);
    expect(await (await table.lake.table("t")).describe()).toMatchObject({
      minReaderVersion: 1,
      minWriterVersion: 2,
      numRows: 2n,
    });
    expect(await table.rows("SELECT id FROM t ORDER BY id")).toEqual([{ id: 1n }, { id: 2n }]);
    expect(await table.rows("SELECT id FROM t VERSION AS OF 1")).toEqual([{ id: 1n }]);
    await table.lake.sql("RESTORE t TO VERSION AS OF 2");
    expect(await table.rows("SELECT id FROM t ORDER BY id")).toEqual([{ id: 1n }, { id: 2n }]);
    await expect(table.lake.sql(drop)).rejects.toMatchObject({ code: "feature-in-use" });
  });

  test("is nothing to OPTIMIZE for in a table of Parquet files", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.lake.sql("INSERT INTO t VALUES (1)");
    expect(await (await table.lake.table("t")).optimize()).toMatchObject({ changed: false, version: 1n });
  });
});
