import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { type RecordBatch, tableFromIPC } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { quoteString } from "../../engine/index.js";
import { type Lake, openLake, type Row } from "../../src/index.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";

// `t`: twelve files of ten rows; the file of day d holds k from 10 d to 10 d + 9. Partitioned by day.

const DAYS = Array.from({ length: 12 }, (_, day) => day);

describe("a scan", () => {
  let folder: SharedFolder;
  let lake: Lake;

  beforeAll(async () => {
    folder = await sharedFolder();
    lake = await openLake(path.join(folder.path, "lake"));
    const rows = DAYS.flatMap((day) =>
      Array.from({ length: 10 }, (_, n) => ({
        k: day * 10 + n,
        day: `d ${day}`,
        deep: { x: day },
        odd: { "a b": `v${n}` },
      })),
    );
    const file = path.join(folder.path, "rows.jsonl");
    await writeFile(file, rows.map((row) => JSON.stringify(row)).join("\n"));
    await lake.ingest([file], { into: "t", partitionBy: ["day"] });
  });
  afterAll(async () => {
    await lake.close();
    await folder.remove();
  });

  async function answer(sql: string): Promise<Row[]> {
    return (await lake.sql(sql)).toArray();
  }

  async function filesRead(where: string): Promise<unknown> {
    const [row] = await answer(`EXPLAIN SELECT count(*) FROM t WHERE ${where}`);
    expect(Number(row?.["files_read"]) + Number(row?.["files_skipped"])).toBe(12);
    return row?.["files_read"];
  }

  it.each([
    ["k = 57", 1n],
    ["k BETWEEN 38 AND 41", 2n],
    ["k < 10 OR k >= 110", 2n],
    ["day = 'd 3'", 1n],
    ["day IN ('d 3', 'd 4', 'no')", 2n],
    ["day IS NULL", 0n],
    ["deep.x > 9", 2n],
    ["k = 57 AND day = 'd 4'", 0n],
    ["k + 0 = 57 OR random() < 2", 12n],
    ["k % 10 = 3", 12n],
  ])("of %s reads %i files", async (where, expected) => {
    expect(await filesRead(where)).toBe(expected);
  });

  it("tells files and bytes of each table in a query, with its version, columns and filter", async () => {
    const rows = await answer("EXPLAIN SELECT a.k FROM t a JOIN t@v0 b ON a.k = b.k WHERE b.day = 'd 1'");
    expect(rows).toMatchObject([
      {
        table: "t",
        version: 0n,
        files_read: 12n,
        files_skipped: 0n,
        bytes_skipped: 0n,
        columns: "k",
        filter: null,
      },
      { table: "t", version: 0n, files_read: 1n, files_skipped: 11n, filter: "day = 'd 1'" },
    ]);
  });

  it("gives the partition values and the columns that a query needs, and no row too many", async () => {
    expect(
      await answer(
        "SELECT day, count(*) AS n, min(k) AS least FROM t WHERE k > 105 GROUP BY day ORDER BY least",
      ),
    ).toEqual([
      { day: "d 10", n: 4n, least: 106n },
      { day: "d 11", n: 10n, least: 110n },
    ]);
    expect(await answer(`SELECT odd."a b" AS v FROM t WHERE k = 57`)).toEqual([{ v: "v7" }]);
    expect(await answer("SELECT * FROM t WHERE k = 57")).toEqual([
      { k: 57n, day: "d 5", deep: { x: 5n }, odd: { "a b": "v7" } },
    ]);
  });

  it("reads no file for a query without one", async () => {
    expect(await answer("SELECT count(*) AS n, max(k) AS k FROM t WHERE day = 'nope'")).toEqual([
      { n: 0n, k: null },
    ]);
  });

  it("names a data file that is gone", async () => {
    const copy = path.join(folder.path, "damaged");
    await lake.ingest([path.join(folder.path, "rows.jsonl")], { into: copy });
    const [victim = ""] = (await readdir(copy)).filter((name) => name.endsWith(".parquet"));
    await rm(path.join(copy, victim));
    await expect(answer(`SELECT sum(k) FROM delta_scan(${quoteString(copy)})`)).rejects.toMatchObject({
      kind: "corrupt",
      code: "data-file-missing",
      message: expect.stringContaining(victim),
    });
  });

  it("of a table object yields Arrow batches of chosen columns and rows", async () => {
    const table = await lake.table("t");
    const result = await table.scan({
      version: 0,
      columns: ["day", "k"],
      filter: "k >= $least",
      parameters: { least: 118 },
    });
    const batches: RecordBatch[] = [];
    for await (const batch of result.batches()) batches.push(batch);
    expect(batches.flatMap((batch) => batch.schema.names)).toEqual(["day", "k"]);
    const rows = batches.flatMap((batch) => [...batch].map((row) => row?.toJSON()));
    expect(rows).toHaveLength(2);
    expect(rows).toEqual(expect.arrayContaining([118n, 119n].map((k) => ({ day: "d 11", k }))));
    await expect(table.scan({ columns: ["nope"] })).rejects.toMatchObject({ kind: "invalid-input" });
    await expect(table.scan({ version: 7 })).rejects.toMatchObject({ kind: "not-found" });
  });

  it.each(["parquet", "csv", "json", "jsonl"])("writes a result to a .%s file, whole", async (extension) => {
    const target = path.join(folder.path, `out.${extension}`);
    const written = await (await lake.sql("SELECT k, day FROM t WHERE k < 15 ORDER BY k")).writeTo(target);
    expect(written.rows).toBe(15n);
    const reader = { parquet: "read_parquet", csv: "read_csv", json: "read_json", jsonl: "read_json" }[
      extension
    ];
    expect(
      await answer(`SELECT sum(k)::BIGINT AS k, max(day) AS day FROM ${reader}(${quoteString(target)})`),
    ).toEqual([{ k: 105n, day: "d 1" }]);
    expect((await readdir(folder.path)).filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("writes a result to an .arrow file", async () => {
    const target = path.join(folder.path, "out.arrow");
    await (await lake.sql("SELECT k, day FROM t ORDER BY k")).writeTo(target);
    const arrow = tableFromIPC(await readFile(target));
    expect(arrow.numRows).toBe(120);
    expect(arrow.getChild("k")?.get(57)).toBe(57n);
    await expect(
      (await lake.sql("SELECT 1")).writeTo(path.join(folder.path, "out.doc")),
    ).rejects.toMatchObject({
      kind: "invalid-input",
      code: "output-format",
    });
  });

  it("is cancelled in the middle, and the lake works on", async () => {
    const stop = new AbortController();
    const result = await lake.sql("SELECT a.k FROM t a, t b, t c, t d, t e", { signal: stop.signal });
    const read = async (): Promise<void> => {
      for await (const _ of result.rows()) stop.abort();
    };
    await expect(read()).rejects.toMatchObject({ kind: "cancelled" });
    expect(await answer("SELECT count(*) AS n FROM t")).toEqual([{ n: 120n }]);
  });
});
