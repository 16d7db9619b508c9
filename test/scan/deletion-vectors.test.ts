import { appendFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { field, HandmadeTable } from "./handmade-table.js";

const FIELDS = [field("id", "long"), field("p", "string")];

describe("rows that deletion vectors delete", () => {
  test("are in no result, and files without one keep theirs", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: FIELDS, partitionColumns: ["p"] }, [
      await table.file("SELECT i AS id FROM range(0, 10) AS r(i)", {
        partitionValues: { p: "a" },
        ...(await table.vector(0, 3, 9)),
      }),
      await table.file("SELECT i AS id FROM range(10, 20) AS r(i)", { partitionValues: { p: "b" } }),
      await table.file("SELECT i AS id FROM range(20, 30) AS r(i)", {
        partitionValues: { p: null },
        ...(await table.vector(5)),
      }),
      // The narrower column makes a group of its own.
      await table.file("SELECT i::INTEGER AS id FROM range(30, 40) AS r(i)", {
        partitionValues: { p: "b" },
        ...(await table.vector(...Array.from({ length: 10 }, (_, row) => row))),
      }),
    ]);
    const left = Array.from({ length: 30 }, (_, id) => id).filter((id) => ![0, 3, 9, 25].includes(id));
    expect(await table.rows("SELECT id FROM t ORDER BY id")).toEqual(left.map((id) => ({ id: BigInt(id) })));
    expect(await table.rows("SELECT count(*) AS n FROM t")).toEqual([{ n: 26n }]);
    expect(await table.rows("SELECT count(*) AS n FROM t WHERE id BETWEEN 2 AND 4")).toEqual([{ n: 2n }]);
    expect(
      await table.rows("SELECT p, count(*) AS n, min(id) AS least FROM t GROUP BY p ORDER BY least"),
    ).toEqual([
      { p: "a", n: 7n, least: 1n },
      { p: "b", n: 10n, least: 10n },
      { p: null, n: 9n, least: 20n },
    ]);
    expect(
      await table.rows("SELECT a.id FROM t a JOIN t b ON a.id = b.id WHERE b.id > 27 ORDER BY 1"),
    ).toEqual([{ id: 28n }, { id: 29n }]);
  });

  test("are found by their place in the file, whatever row groups a filter skips", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: [field("id", "long")] }, [
      await table.file(
        "SELECT i AS id FROM range(100000) AS r(i)",
        await table.vector(1, 70_001, 70_002, 99_999),
        "ROW_GROUP_SIZE 10000",
      ),
    ]);
    expect(await table.rows("SELECT id FROM t WHERE id BETWEEN 70000 AND 70003")).toEqual([
      { id: 70_000n },
      { id: 70_003n },
    ]);
    expect(await table.rows("SELECT count(*) AS n, sum(id)::BIGINT AS sum FROM t")).toEqual([
      { n: 99_996n, sum: 4_999_950_000n - 1n - 70_001n - 70_002n - 99_999n },
    ]);
  });

  test("are found when there are many of them in many files", async () => {
    const table = await HandmadeTable.make();
    const files = 30;
    const gone = Array.from({ length: 1_000 }, (_, index) => index * 2);
    const vector = await table.vector(...gone);
    const adds = [];
    for (let file = 0; file < files; file++) {
      adds.push(
        await table.file(
          `SELECT i + ${file} * 2000 AS id FROM range(2000) AS r(i)`,
          file % 3 === 0 ? {} : vector,
        ),
      );
    }
    await table.commit({ fields: [field("id", "long")] }, adds);
    const [row] = await table.rows(
      "SELECT count(*) AS n, count(*) FILTER (id % 2 = 0) AS even, count(DISTINCT id // 2000) AS files FROM t",
    );
    expect(row).toEqual({ n: 40_000n, even: 10_000n, files: 30n });
  });

  test("are found whether the log tells how many rows a file has or not", async () => {
    const table = await HandmadeTable.make();
    const half = (rows: number): number[] =>
      Array.from({ length: Math.floor(rows / 2) }, (_, index) => index * 2 + 1);
    const sizes = [10_001, 20_000, 8_192, 30_008];
    const adds = [];
    for (const [file, size] of sizes.entries()) {
      const vector = await table.vector(...half(size));
      const select = `SELECT i AS id, ${file} AS file FROM range(${size}) AS r(i)`;
      const add = await table.file(select, vector);
      adds.push(file === 1 ? { ...add, stats: undefined } : add);
    }
    await table.commit({ fields: [field("id", "long"), field("file", "integer")] }, adds);
    for (const where of ["true", "id >= 5000"]) {
      const rows = await table.rows(
        `SELECT file, count(*) AS n, bool_and(id % 2 = 0) AS even FROM t WHERE ${where} GROUP BY file ORDER BY file`,
      );
      const from = where === "true" ? 0 : 5_000;
      expect(rows).toEqual(
        sizes.map((size, file) => ({
          file,
          n: BigInt(Math.ceil((size - from) / 2)),
          even: true,
        })),
      );
    }
  });

  test("do not count in what the table is described with", async () => {
    const table = await HandmadeTable.make();
    await table.commit({ fields: [field("id", "long")] }, [
      await table.file("SELECT i AS id FROM range(10) AS r(i)", await table.vector(0, 3)),
      await table.file("SELECT i AS id FROM range(10) AS r(i)"),
    ]);
    const opened = await table.lake.table(table.folder);
    expect(await opened.describe()).toMatchObject({ numFiles: 2, numRows: 18n });
  });
});

describe("a deletion vector", () => {
  test("that is not what its descriptor says is named, with its file", async () => {
    const table = await HandmadeTable.make();
    const vector = await table.vector(1, 2);
    const [file = "no file"] = /deletion_vector_.*\.bin/.exec(await listing(table.folder)) ?? [];
    const wrong = { ...vector, deletionVector: { ...asObject(vector["deletionVector"]), cardinality: 3 } };
    await table.commit({ fields: [field("id", "long")] }, [
      await table.file("SELECT i AS id FROM range(10) AS r(i)", wrong),
    ]);
    await expect(table.rows("SELECT * FROM t")).rejects.toMatchObject({
      kind: "corrupt",
      message: expect.stringContaining(file),
    });
  });

  test("that is missing or changed is named, and a query that needs it not goes on", async () => {
    const table = await HandmadeTable.make();
    const vector = await table.vector(1, 2);
    const [file = "no file"] = /deletion_vector_.*\.bin/.exec(await listing(table.folder)) ?? [];
    await table.commit({ fields: FIELDS, partitionColumns: ["p"] }, [
      await table.file("SELECT 1::BIGINT AS id FROM range(5)", { partitionValues: { p: "a" }, ...vector }),
      await table.file("SELECT 2::BIGINT AS id", { partitionValues: { p: "b" } }),
    ]);
    const target = path.join(table.folder, file);
    const bytes = await readFile(target);
    const refused = { kind: "corrupt", message: expect.stringContaining(file) };
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await writeFile(target, bytes);
    await expect(table.rows("SELECT * FROM t")).rejects.toMatchObject(refused);
    await rm(target);
    await expect(table.rows("SELECT * FROM t")).rejects.toMatchObject(refused);
    expect(await table.rows("SELECT id FROM t WHERE p = 'b'")).toEqual([{ id: 2n }]);
    await appendFile(target, "");
    await expect(table.rows("SELECT count(*) FROM t")).rejects.toMatchObject(refused);
  });
});

function asObject(value: unknown): Readonly<Record<string, never>> {
  if (typeof value !== "object" || value === null) throw new Error("not an object");
  return { ...value };
}

async function listing(folder: string): Promise<string> {
  return (await readdir(folder)).join("\n");
}
