import { copyFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { AddFile } from "../../../table-format/index.js";
import { RawTable } from "./raw-table.js";

test("files of equal content stay apart", async () => {
  const table = await RawTable.make(
    "(id BIGINT, name STRING) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
  );
  const rows = [{ id: 1, name: "a" }, { id: 2 }, { id: 3, name: "c" }];
  await table.landRows("a.jsonl", rows);
  await table.land(table.file("a.jsonl"));
  const [file] = await table.rows("SELECT min(_metadata.file_name) AS name FROM t");
  await table.lake.sql(`DELETE FROM t WHERE id = 2 AND _metadata.file_name = '${String(file?.["name"])}'`);
  expect(await table.rows("SELECT id, count(*) AS n FROM t GROUP BY id ORDER BY id")).toEqual([
    { id: 1n, n: 2n },
    { id: 2n, n: 1n },
    { id: 3n, n: 2n },
  ]);
  expect((await (await table.lake.table("t")).fsck({ deep: true })).findings).toEqual([]);
  await table.lake.sql("OPTIMIZE t");
  expect(await table.rows("SELECT count(*) AS n FROM t")).toEqual([{ n: 5n }]);
});

test("a list of files that is too long for a statement is read as any", async () => {
  const table = await RawTable.make("(id BIGINT, kind STRING) PARTITIONED BY (kind)");
  await table.lake.sql("INSERT INTO t VALUES (7, 'parquet')");
  const { add } = await table.landRows("a.jsonl", [
    { id: 1, kind: "x" },
    { id: 2, kind: "x" },
  ]);
  if (add === undefined) throw new Error("nothing landed");
  const folder = fileURLToPath((await table.lake.table("t")).location);
  const adds = await Promise.all(
    Array.from({ length: 1_100 }, async (_, index): Promise<AddFile> => {
      const name = `copy-${index}.jsonl`;
      await copyFile(table.file("a.jsonl"), path.join(folder, name));
      return { ...add, path: name };
    }),
  );
  const target = await table.operations.target("t");
  await table.operations.run(target, {
    name: "WRITE",
    prepare: async () => ({
      status: "staged",
      staged: {
        operation: "WRITE",
        operationParameters: {},
        operationMetrics: {},
        adds,
        replaces: { kind: "none" },
        engineInfo: "test",
      },
      files: { discard: async () => {} },
      result: () => undefined,
    }),
  });
  const query = "SELECT kind, count(*) AS n, sum(id)::BIGINT AS s FROM t GROUP BY kind ORDER BY kind";
  const rows = [
    { kind: "parquet", n: 1n, s: 7n },
    { kind: "x", n: 2_202n, s: 3_303n },
  ];
  expect(await table.rows(query)).toEqual(rows);
  expect(await table.rows("SELECT count(DISTINCT _metadata.file_path) AS n FROM t")).toEqual([{ n: 1_102n }]);
  await table.lake.sql("OPTIMIZE t");
  expect(await table.rows(query)).toEqual(rows);
});
