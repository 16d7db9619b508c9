import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { RawTable } from "./raw-table.js";

const ROWS = [{ id: 1 }, { id: 2 }];
const READ = [{ id: 1n }, { id: 2n }];

async function dataFile(table: RawTable): Promise<string> {
  const folder = fileURLToPath((await table.lake.table("t")).location);
  const [name] = (await readdir(folder)).filter((each) => each.endsWith(".jsonl"));
  return path.join(folder, name ?? "");
}

describe("a raw file that is copied into the table", () => {
  test("is the file, byte for byte, and needs the source no more", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", ROWS);
    const bytes = await readFile(table.file("a.jsonl"));
    expect(await readFile(await dataFile(table))).toEqual(bytes);
    await rm(table.file("a.jsonl"));
    expect(await table.rows("SELECT id FROM t ORDER BY id")).toEqual(READ);
    await table.wipe();
    expect(await table.rows("SELECT id FROM t ORDER BY id")).toEqual(READ);
  });

  test("stays readable when its table is copied, which changes the times of files", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", ROWS);
    await utimes(await dataFile(table), 1, 1);
    expect(await table.rows("SELECT id FROM t ORDER BY id")).toEqual(READ);
  });

  test("is missed by name when it is gone, and refused when it was written over", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", ROWS);
    const file = await dataFile(table);
    await writeFile(file, '{"id":1}\n{"id":3}\n');
    await expect(table.rows("SELECT id FROM t")).rejects.toMatchObject({
      kind: "corrupt",
      code: "data-file-changed",
      context: { file },
    });
    await rm(file);
    await expect(table.rows("SELECT id FROM t")).rejects.toMatchObject({
      kind: "corrupt",
      code: "data-file-missing",
      context: { file },
    });
  });
});

describe("a raw file in its place", () => {
  test("is read where it lies, told by its path, and never deleted or copied", async () => {
    const table = await RawTable.make("(id BIGINT) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')");
    const landed = await table.landRows("a b.jsonl", ROWS, { inPlace: true });
    expect(landed.add).toMatchObject({
      path: `file://${table.folder}/a%20b.jsonl`,
      tags: { "grizzly.inPlace": "true" },
    });
    expect(landed.bytesWritten).toBe(0n);
    expect(await table.rows("SELECT DISTINCT _metadata.file_path AS file FROM t")).toEqual([
      { file: `file:${table.file("a b.jsonl")}` },
    ]);
    await table.lake.sql("DELETE FROM t WHERE id = 1");
    expect(await table.rows("SELECT id FROM t")).toEqual([{ id: 2n }]);
    await table.lake.sql("OPTIMIZE t");
    await rm(table.file("a b.jsonl"));
    await table.wipe();
    expect(await table.rows("SELECT id FROM t")).toEqual([{ id: 2n }]);
  });

  test("is read from its copy after it was written over, and refused without a copy", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", ROWS, { inPlace: true });
    expect(await table.rows("SELECT id FROM t ORDER BY id")).toEqual(READ);
    await writeFile(table.file("a.jsonl"), '{"id":1}\n{"id":3}\n');
    expect(await table.rows("SELECT id FROM t ORDER BY id")).toEqual(READ);
    await table.wipe();
    await expect(table.rows("SELECT id FROM t")).rejects.toMatchObject({ code: "data-file-changed" });
  });

  test("does not lie in the folder of its table, or come from standard input", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", ROWS);
    await expect(table.land(await dataFile(table), { inPlace: true })).rejects.toMatchObject({
      code: "kept-in-place",
      message: expect.stringContaining("own folder"),
    });
    const stdin = (async function* () {
      yield Buffer.from('{"id":1}\n{"id":2}\n');
    })();
    await expect(
      table.lake.ingest(["-"], { into: "t", as: "jsonl", inPlace: true, stdin }),
    ).rejects.toMatchObject({ code: "kept-in-place" });
  });

  test("is in a table once", async () => {
    const table = await RawTable.make("(id BIGINT)");
    await table.landRows("a.jsonl", ROWS, { inPlace: true });
    await expect(table.land(table.file("a.jsonl"), { inPlace: true })).rejects.toMatchObject({
      kind: "already-exists",
      code: "kept-in-place",
    });
    await table.land(table.file("a.jsonl"));
    expect(await table.rows("SELECT count(*) AS n FROM t")).toEqual([{ n: 4n }]);
  });
});

for (const inPlace of [false, true]) {
  test(`a file that changes while it lands ${inPlace ? "in its place " : ""}does not land, and leaves no copy of it`, async () => {
    const table = await RawTable.make("(id BIGINT)");
    const text = await sourceOf(table, ROWS);
    const change = (): Promise<void> => writeFile(table.file("a.jsonl"), text.replace("2", "3"));
    await expect(table.land(table.file("a.jsonl"), { inPlace, beforeRead: change })).rejects.toMatchObject({
      kind: "unavailable",
      code: "source-changed",
    });
    await writeFile(table.file("a.jsonl"), text);
    await table.land(table.file("a.jsonl"), { inPlace });
    expect(await table.rowsWhereLanded("SELECT id FROM t ORDER BY id")).toEqual(READ);
  });
}

async function sourceOf(table: RawTable, rows: readonly unknown[]): Promise<string> {
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  await writeFile(table.file("a.jsonl"), text);
  return text;
}

test("what is wrong with a landing leaves no file behind", async () => {
  const table = await RawTable.make("(id BIGINT NOT NULL)");
  await expect(table.landRows("a.jsonl", [{ id: 1 }, { id: null }])).rejects.toMatchObject({
    kind: "invalid-input",
  });
  const folder = fileURLToPath((await table.lake.table("t")).location);
  expect((await readdir(folder)).filter((name) => !name.startsWith("_"))).toEqual([]);
});
