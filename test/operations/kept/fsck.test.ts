import { readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { RawTable } from "./raw-table.js";

async function landedTwice(): Promise<{ readonly table: RawTable; readonly files: readonly string[] }> {
  const table = await RawTable.make("(id BIGINT NOT NULL, name STRING)");
  await table.landRows("a.jsonl", [
    { id: 1, name: "a" },
    { id: 2, name: "b" },
  ]);
  await table.landRows("b.jsonl", [{ id: 3, name: "c" }, { id: 4 }], { inPlace: true });
  await table.lake.sql("DELETE FROM t WHERE id = 2");
  const folder = fileURLToPath((await table.lake.table("t")).location);
  const names = (await readdir(folder)).filter((name) => name.endsWith(".jsonl"));
  return { table, files: names.map((name) => path.join(folder, name)) };
}

test("fsck finds nothing in a sound table with raw files", async () => {
  const table = await RawTable.make(
    "(id BIGINT NOT NULL, name STRING) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
  );
  await table.landRows("a.jsonl", [
    { id: 1, name: "a" },
    { id: 2, name: "b" },
  ]);
  await table.landRows("b.jsonl", [{ id: 3, name: "c" }, { id: 4 }], { inPlace: true });
  await table.lake.sql("DELETE FROM t WHERE id = 2");
  const t = await table.lake.table("t");
  for (const deep of [false, true]) {
    expect(await t.fsck({ deep })).toMatchObject({ findings: [], numFiles: 2n });
  }
  await t.checkpoint();
  expect(await t.fsck({ deep: true })).toMatchObject({ findings: [] });
});

test("fsck tells raw files that are missing, or have other bytes", async () => {
  const { table } = await landedTwice();
  await writeFile(table.file("b.jsonl"), '{"id":3,"name":"c"}\n{"id":5}\n');
  const t = await table.lake.table("t");
  expect((await t.fsck()).findings).toMatchObject([
    { code: "data-file-changed", place: { file: expect.stringContaining("b.jsonl") } },
  ]);
  await rm(table.file("b.jsonl"));
  expect((await t.fsck()).findings).toMatchObject([
    { code: "data-file-missing", place: { file: expect.stringContaining("b.jsonl") } },
  ]);
});
