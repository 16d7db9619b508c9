import { describe, expect, test } from "vitest";
import { openLake } from "../../../src/index.js";
import { alterOperation } from "../../../src/operations/alter-table.js";
import { optimizeOperation } from "../../../src/operations/compact/compact.js";
import { RawTable } from "./raw-table.js";

const ids = (rows: readonly { readonly [column: string]: unknown }[]): unknown[] => rows.map(({ id }) => id);

describe("raw files in the history of a table", () => {
  test("are found again through checkpoints, time travel and restore", async () => {
    const table = await RawTable.make("(id BIGINT) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')");
    await table.landRows("a.jsonl", [{ id: 1 }, { id: 2 }]);
    await table.landRows("b.jsonl", [{ id: 3 }, { id: 4 }], { inPlace: true });
    await table.lake.sql("DELETE FROM t WHERE id = 2");
    await (await table.lake.table("t")).checkpoint();
    await table.lake.sql("TRUNCATE TABLE t");
    expect(ids(await table.rows("SELECT id FROM t VERSION AS OF 3 ORDER BY id"))).toEqual([1n, 3n, 4n]);
    expect(ids(await table.rows("SELECT id FROM t VERSION AS OF 2 ORDER BY id"))).toEqual([1n, 2n, 3n, 4n]);
    await table.lake.sql("RESTORE t TO VERSION AS OF 2");
    await table.wipe();
    expect(ids(await table.rows("SELECT id FROM t ORDER BY id"))).toEqual([1n, 2n, 3n, 4n]);
  });

  test("are read by another process, from commits, a checkpoint and a log compaction", async () => {
    for (const shorten of ["nothing", "checkpoint", "compactLog"] as const) {
      const table = await RawTable.make("(id BIGINT)");
      await table.landRows("a.jsonl", [{ id: 1 }]);
      await table.landRows("b.jsonl", [{ id: 2 }]);
      await table.lake.sql("INSERT INTO t VALUES (3)");
      const t = await table.lake.table("t");
      if (shorten !== "nothing") await t[shorten]();
      const other = await openLake(table.lake.uri, { cache: { directory: table.file("other") } });
      const rows = await (await other.sql("SELECT id FROM t ORDER BY id")).toArray();
      await other.close();
      expect(ids(rows)).toEqual([1n, 2n, 3n]);
    }
  });

  test("get row ids where the table begins to track its rows", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", [{ id: 1 }, { id: 2 }]);
    await table.lake.sql("ALTER TABLE t SET TBLPROPERTIES ('delta.enableRowTracking' = 'true')");
    await table.lake.sql("OPTIMIZE t");
    await table.landRows("b.jsonl", [{ id: 3 }]);
    const rows = await table.rows("SELECT id, _metadata.row_id AS row_id FROM t ORDER BY id");
    expect(rows.slice(0, 2)).toEqual([
      { id: 1n, row_id: 0n },
      { id: 2n, row_id: 1n },
    ]);
    expect(new Set(rows.map((row) => row["row_id"])).size).toBe(3);
  });

  test("come back when a transaction that rewrote them and dropped the feature is taken back", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", [{ id: 1 }]);
    const undone = table.lake.transaction(async (transaction) => {
      await transaction.sql("OPTIMIZE t");
      await transaction.sql("ALTER TABLE t DROP FEATURE 'grizzly.multiFormat'");
      expect(ids(await (await transaction.sql("SELECT id FROM t")).toArray())).toEqual([1n]);
      throw new Error("no more");
    });
    await expect(undone).rejects.toThrow("no more");
    expect(ids(await table.rows("SELECT id FROM t"))).toEqual([1n]);
    expect((await (await table.lake.table("t")).describe()).features).toContain("grizzly.multiFormat");
  });

  test("are told by the change data feed, those that were rewritten since as well", async () => {
    const table = await RawTable.make("(id BIGINT) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')");
    await table.landRows("a.jsonl", [{ id: 1 }, { id: 2 }]);
    await table.lake.sql("OPTIMIZE t");
    await table.lake.sql("ALTER TABLE t DROP FEATURE grizzly.multiFormat");
    await table.lake.sql("DELETE FROM t WHERE id = 1");
    const t = await table.lake.table("t");
    const changes = await (await t.changes({ from: 0 })).toArray();
    expect(
      changes.map((row) => `${row["_commit_version"]} ${row["_change_type"]} ${row["id"]}`).sort(),
    ).toEqual(["1 insert 1", "1 insert 2", "4 delete 1"]);
  });
});

describe("OPTIMIZE beside other writers", () => {
  test("follows an append, and begins again when a file of its is changed", async () => {
    const table = await RawTable.make("(id BIGINT) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')");
    await table.landRows("a.jsonl", [{ id: 1 }, { id: 2 }]);
    const { operations } = table;
    const target = await operations.target("t");
    const operation = optimizeOperation(operations.context, target);
    let prepared = 0;
    await operations.run(target, {
      name: operation.name,
      prepare: async (read) => {
        const change = await operation.prepare(read);
        prepared++;
        if (prepared === 1) await table.lake.sql("INSERT INTO t VALUES (3)");
        if (prepared === 1) await table.lake.sql("DELETE FROM t WHERE id = 1");
        return change;
      },
    });
    expect(prepared).toBe(2);
    expect(ids(await table.rows("SELECT id FROM t ORDER BY id"))).toEqual([2n, 3n]);
    expect(
      await table.rows("SELECT DISTINCT _metadata.file_name LIKE '%.parquet' AS is_parquet FROM t"),
    ).toEqual([{ is_parquet: true }]);
    const [last] = await (await table.lake.table("t")).history({ limit: 1 });
    expect(last).toMatchObject({ operation: "OPTIMIZE", operationMetrics: { numRemovedFiles: "1" } });
    expect((await (await table.lake.table("t")).fsck({ deep: true })).findings).toEqual([]);
  });

  test("puts small files together, and keeps the order of their rows", async () => {
    const table = await RawTable.make("(id BIGINT)");
    for (let file = 0; file < 5; file++) {
      await table.landRows(`${file}.jsonl`, [{ id: file * 10 }, { id: file * 10 + 1 }]);
    }
    const report = await (await table.lake.table("t")).optimize();
    expect(report).toMatchObject({ changed: true, filesRemoved: 5, filesAdded: 1, rows: 10n });
    expect(ids(await table.rows("SELECT id FROM t ORDER BY _metadata.row_index"))).toEqual(
      [0, 1, 10, 11, 20, 21, 30, 31, 40, 41].map(BigInt),
    );
  });
});

test("a feature is not dropped while another writer lands a raw file", async () => {
  const table = await RawTable.make("(id BIGINT)");
  await table.landRows("a.jsonl", [{ id: 1 }]);
  await table.lake.sql("OPTIMIZE t");
  const { operations } = table;
  const target = await operations.target("t");
  const feature = { kind: "drop-feature", feature: "grizzly.multiFormat" } as const;
  const operation = alterOperation(operations.context, target, feature);
  let landed = false;
  const dropping = operations.run(target, {
    name: operation.name,
    prepare: async (read) => {
      const change = await operation.prepare(read);
      if (!landed) await table.landRows("b.jsonl", [{ id: 2 }]);
      landed = true;
      return change;
    },
  });
  await expect(dropping).rejects.toMatchObject({ code: "feature-in-use" });
  expect(ids(await table.rows("SELECT id FROM t ORDER BY id"))).toEqual([1n, 2n]);
});
