import path from "node:path";
import { describe, expect, test } from "vitest";
import type { JsonObject } from "../../core/index.js";
import { field, HandmadeTable, mappedField } from "./handmade-table.js";

describe("the column _metadata", () => {
  test("tells of each row its file and its place there, and no star shows it", async () => {
    const table = await HandmadeTable.make();
    const add = (p: string): JsonObject => ({ partitionValues: { p }, modificationTime: 1_700_000_000_123 });
    await table.commit({ fields: [field("id", "long"), field("p", "string")], partitionColumns: ["p"] }, [
      await table.file("SELECT i AS id FROM range(0, 3) AS r(i)", add("a")),
      await table.file("SELECT i AS id FROM range(3, 6) AS r(i)", {
        ...add("b"),
        ...(await table.vector(1)),
      }),
    ]);
    const places = `SELECT *, _metadata.row_index AS i, _metadata.file_name AS name, _metadata.file_path AS path
      FROM t WHERE _metadata.row_index > 0 ORDER BY id`;
    const found = [
      { id: 1n, p: "a", i: 1n, name: "part-0.parquet" },
      { id: 2n, p: "a", i: 2n, name: "part-0.parquet" },
      { id: 5n, p: "b", i: 2n, name: "part-1.parquet" },
    ];
    expect(await table.localRows(places)).toEqual(
      found.map((row) => ({ ...row, path: `file:${path.join(table.folder, row.name)}` })),
    );
    expect(await table.farRows(places)).toEqual(
      found.map((row) => ({ ...row, path: `${table.uri}/${row.name}` })),
    );
    expect(
      await table.rows("SELECT DISTINCT x._metadata.file_modification_time::VARCHAR AS at FROM t x"),
    ).toEqual([{ at: "2023-11-14 22:13:20.123+00" }]);
    expect(await table.rows("SELECT * FROM t WHERE id = 0")).toEqual([{ id: 0n, p: "a" }]);
    expect(await table.rows("SELECT count(*) AS n FROM t WHERE _metadata.file_size > 0")).toEqual([
      { n: 5n },
    ]);
    await expect(table.rows("SELECT _metadata.row_id FROM t")).rejects.toMatchObject({
      kind: "invalid-input",
    });
  });

  test("has the ids and commit versions of rows, materialised or not", async () => {
    const table = await HandmadeTable.make();
    const configuration = {
      "delta.enableRowTracking": "true",
      "delta.columnMapping.mode": "name",
      "delta.rowTracking.materializedRowIdColumnName": "_row-id-1",
      "delta.rowTracking.materializedRowCommitVersionColumnName": "_row-commit-1",
    };
    await table.commit({ fields: [mappedField(1, "id", "c-1", "long")], configuration }, [
      await table.file(`SELECT i AS "c-1" FROM range(0, 2) AS r(i)`, {
        baseRowId: 10,
        defaultRowCommitVersion: 4,
      }),
      await table.file(
        `SELECT i AS "c-1", CASE WHEN i = 2 THEN 7 END::BIGINT AS "_row-id-1", CASE WHEN i = 2 THEN 1 END::BIGINT AS "_row-commit-1"
         FROM range(2, 4) AS r(i)`,
        { baseRowId: 12, defaultRowCommitVersion: 5 },
      ),
    ]);
    expect(
      await table.rows(
        `SELECT id, _metadata.row_id, _metadata.row_commit_version, _metadata.base_row_id FROM t ORDER BY id`,
      ),
    ).toEqual([
      { id: 0n, row_id: 10n, row_commit_version: 4n, base_row_id: 10n },
      { id: 1n, row_id: 11n, row_commit_version: 4n, base_row_id: 10n },
      { id: 2n, row_id: 7n, row_commit_version: 1n, base_row_id: 12n },
      { id: 3n, row_id: 13n, row_commit_version: 5n, base_row_id: 12n },
    ]);
    expect(await table.rows("SELECT * FROM t WHERE id = 3")).toEqual([{ id: 3n }]);
  });

  test("is the table's own where it has one of that name", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: [field("_Metadata", "string")] }, [
      await table.file(`SELECT 'own' AS "_Metadata"`),
    ]);
    expect(await table.rows("SELECT * FROM t WHERE _metadata = 'own'")).toEqual([{ _Metadata: "own" }]);
  });
});
