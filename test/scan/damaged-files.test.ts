import { open, rm, stat, truncate } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { field, HandmadeTable } from "./handmade-table.js";

/** Takes the end away that makes a file Parquet, and leaves its size. */
async function blankEnd(file: string): Promise<void> {
  const { size } = await stat(file);
  const handle = await open(file, "r+");
  await handle.write(Buffer.alloc(8), 0, 8, size - 8);
  await handle.close();
}

/** Three files of three shapes, so that they are read in three groups. */
async function threeGroups(): Promise<HandmadeTable> {
  const table = await HandmadeTable.make();
  await table.commit({ fields: [field("id", "long")] }, [
    await table.file("SELECT 1::BIGINT AS id"),
    await table.file("SELECT 2::INTEGER AS id"),
    await table.file("SELECT i::SMALLINT AS id FROM range(3, 5) AS r(i)", await table.vector(1)),
  ]);
  return table;
}

describe("a data file", () => {
  test("that is not there is named, at the first look and when its shape is known", async () => {
    for (const first of [true, false]) {
      const table = await threeGroups();
      if (!first) expect(await table.rows("SELECT count(*) AS n FROM t")).toEqual([{ n: 3n }]);
      const file = path.join(table.folder, "part-1.parquet");
      await rm(file);
      await expect(table.rows("SELECT sum(id) AS s FROM t")).rejects.toMatchObject({
        kind: "corrupt",
        code: "data-file-missing",
        context: { file },
      });
    }
  });

  test("that is cut off is named", async () => {
    const table = await threeGroups();
    const file = path.join(table.folder, "part-1.parquet");
    await truncate(file, 100);
    await expect(table.rows("SELECT sum(id) AS s FROM t")).rejects.toMatchObject({
      kind: "corrupt",
      code: "data-file-unreadable",
      context: { file },
    });
  });

  test("that is encrypted is refused by what it is", async () => {
    const table = await HandmadeTable.make();
    await table.execute("SET GLOBAL force_mbedtls_unsafe = 'true'");
    await table.execute("PRAGMA add_parquet_key('k', '0123456789112345')");
    const add = await table.file("SELECT 1::BIGINT AS id", {}, "ENCRYPTION_CONFIG {footer_key: 'k'}");
    await table.commit({ fields: [field("id", "long")] }, [add, await table.file("SELECT 2::BIGINT AS id")]);
    await expect(table.rows("SELECT sum(id) AS s FROM t")).rejects.toMatchObject({
      kind: "unsupported",
      code: "data-file-encrypted",
      context: { file: path.join(table.folder, "part-0.parquet") },
    });
  });

  test("that changed its columns under its name is looked at again", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: [field("id", "long")] }, [await table.file("SELECT 1::INTEGER AS id")]);
    expect(await table.rows("SELECT id FROM t")).toEqual([{ id: 1n }]);
    const file = path.join(table.folder, "part-0.parquet");
    await table.execute(`COPY (SELECT 7::BIGINT AS id, 'x' AS other) TO '${file}' (FORMAT parquet)`);
    await table.commit(undefined, [
      { path: "part-0.parquet", partitionValues: {}, size: 1, modificationTime: 2, dataChange: true },
    ]);
    expect(await table.localRows("SELECT id FROM t")).toEqual([{ id: 7n }]);
    // Far away a file is another one by its size.
    const { size } = await stat(file);
    await table.commit(undefined, [
      { path: "part-0.parquet", partitionValues: {}, size, modificationTime: 2, dataChange: true },
    ]);
    expect(await table.rows("SELECT id FROM t")).toEqual([{ id: 7n }]);
  });

  test("that is far away and damaged is named by its URI", async () => {
    for (const [damage, error] of [
      [(file: string) => rm(file), { kind: "corrupt", code: "data-file-missing" }],
      [(file: string) => truncate(file, 100), { kind: "corrupt" }],
      [blankEnd, { kind: "corrupt", code: "data-file-unreadable" }],
    ] as const) {
      const table = await threeGroups();
      await damage(path.join(table.folder, "part-1.parquet"));
      const file = `${table.uri}/part-1.parquet`;
      const failure = await table.farRows("SELECT sum(id) AS s FROM t").then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(failure).toMatchObject({ ...error, message: expect.stringContaining(file) });
      expect(failure).toMatchObject({ message: expect.not.stringContaining(table.folder) });
    }
  });
});
