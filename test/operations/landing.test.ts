import { appendFile, mkdir, readdir, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import type { IngestOptions, Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { lastEntry, only } from "./table-log.js";

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
  await mkdir(path.join(folder, "raw"));
});

function file(name: string): string {
  return path.join(folder, "raw", name);
}

function put(name: string, text: string): Promise<void> {
  return writeFile(file(name), text);
}

function land(options: Partial<IngestOptions> = {}) {
  return lake.ingest([path.join(folder, "raw")], { into: "t", ...options });
}

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

async function numbers(): Promise<unknown[]> {
  return (await rows("SELECT n FROM t ORDER BY n")).map(({ n }) => n);
}

async function checkSound(): Promise<void> {
  expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
}

describe("a folder that is landed again", () => {
  it("lands new files only, and says what it passed over", async () => {
    await put("a.jsonl", '{"n":1}\n{"n":2}\n');
    await put("b.csv", "n\n3\n");
    expect(await land()).toMatchObject({
      version: 0n,
      commits: 1,
      rows: 3n,
      sourceFiles: { landed: 2, replaced: 0, unchanged: 0, touched: 0 },
    });
    await put("c.jsonl", '{"n":4}\n');
    expect(await land()).toMatchObject({
      version: 1n,
      rows: 1n,
      sourceFiles: { landed: 1, replaced: 0, unchanged: 2, touched: 0 },
      passedOver: [file("a.jsonl"), file("b.csv")],
    });
    expect(await land()).toMatchObject({ version: 1n, commits: 0, rows: 0n, created: false });
    expect(await numbers()).toEqual([1n, 2n, 3n, 4n]);
    await checkSound();
  });

  it("lands all of it once more when asked to", async () => {
    await put("a.jsonl", '{"n":1}\n');
    await land();
    expect(await land({ again: true })).toMatchObject({ version: 1n, rows: 1n, sourceFiles: { landed: 1 } });
    expect(await numbers()).toEqual([1n, 1n]);
    expect(await land()).toMatchObject({ commits: 0 });
  });

  it("passes over files that were written again with the same content, and reads them once", async () => {
    await put("a.jsonl", '{"n":1}\n');
    await land();
    await utimes(file("a.jsonl"), 1_000, 1_000);
    const sourceFiles = { landed: 0, replaced: 0, unchanged: 0, touched: 1 };
    expect(await land()).toMatchObject({ version: 1n, rows: 0n, sourceFiles, passedOver: [file("a.jsonl")] });
    expect(await land()).toMatchObject({ version: 1n, sourceFiles: { unchanged: 1, touched: 0 } });
    expect(await numbers()).toEqual([1n]);
  });

  it("begins anew with an overwrite", async () => {
    await put("a.jsonl", '{"n":1}\n');
    await put("b.jsonl", '{"n":2}\n');
    await land();
    await lake.ingest([file("a.jsonl")], { into: "t", mode: "overwrite" });
    expect(await land()).toMatchObject({ rows: 1n, sourceFiles: { landed: 1, unchanged: 1 } });
    expect(await numbers()).toEqual([1n, 2n]);
  });

  it("keeps the rows of a file that is deleted", async () => {
    await put("a.jsonl", '{"n":1}\n');
    await land();
    await rm(file("a.jsonl"));
    await put("b.jsonl", '{"n":2}\n');
    await land();
    expect(await numbers()).toEqual([1n, 2n]);
  });

  it("does not know standard input again", async () => {
    const once = () => lake.ingest(["-"], { into: "t", stdin: chunks('{"n":1}\n') });
    await once();
    expect(await once()).toMatchObject({ version: 1n, rows: 1n });
  });
});

async function* chunks(text: string): AsyncIterable<Uint8Array> {
  yield Buffer.from(text);
}

describe("a file that changed since it landed", () => {
  beforeEach(async () => {
    await put("a.jsonl", '{"n":1}\n{"n":2}\n');
    await put("b.jsonl", '{"n":3}\n');
  });

  it("is refused, with nothing committed", async () => {
    await land();
    await appendFile(file("a.jsonl"), '{"n":9}\n');
    await put("c.jsonl", '{"n":4}\n');
    await expect(land()).rejects.toMatchObject({
      code: "source-file-changed",
      context: { file: file("a.jsonl") },
      hint: expect.stringContaining("--on-change"),
    });
    expect(await numbers()).toEqual([1n, 2n, 3n]);
  });

  it("adds the rows that it has now", async () => {
    await land();
    await appendFile(file("a.jsonl"), '{"n":9}\n');
    const report = await land({ onChange: "append" });
    expect(report).toMatchObject({ rows: 3n, sourceFiles: { landed: 1, replaced: 0, unchanged: 1 } });
    expect(await numbers()).toEqual([1n, 1n, 2n, 2n, 3n, 9n]);
  });

  it.each([
    ["with deletion vectors", "'delta.enableDeletionVectors' = 'true'"],
    ["without", "'delta.enableDeletionVectors' = 'false'"],
    ["with a change data feed", "'delta.enableChangeDataFeed' = 'true'"],
    [
      "with a change data feed and column mapping",
      "'delta.enableChangeDataFeed' = 'true', 'delta.columnMapping.mode' = 'name'",
    ],
    [
      "with a change data feed and deletion vectors",
      "'delta.enableChangeDataFeed' = 'true', 'delta.enableDeletionVectors' = 'true'",
    ],
  ])("takes the place of its former rows (%s)", async (_, properties) => {
    await rows(`CREATE TABLE t (n BIGINT, _source_file STRING) TBLPROPERTIES (${properties})`);
    await land();
    // One data file holds rows of both files.
    await rows("CREATE TABLE all_rows AS SELECT * FROM t");
    await rows("INSERT OVERWRITE t SELECT * FROM all_rows");
    await put("a.jsonl", '{"n":2}\n{"n":7}\n');
    const report = await land({ onChange: "replace" });
    expect(report).toMatchObject({
      rows: 2n,
      rowsReplaced: 2n,
      sourceFiles: { landed: 1, replaced: 1, unchanged: 1, touched: 0 },
    });
    expect(await numbers()).toEqual([2n, 3n, 7n]);
    expect(await land({ onChange: "replace" })).toMatchObject({ commits: 0 });
    await checkSound();
    if (!properties.includes("Feed")) return;
    const told = await rows(
      `SELECT _change_type AS c, n FROM table_changes('t', ${report.version}) ORDER BY c, n`,
    );
    expect(told.map(({ c, n }) => `${c} ${n}`)).toEqual(["delete 1", "delete 2", "insert 2", "insert 7"]);
  });

  it("has its column in a new table that is to replace", async () => {
    await land({ onChange: "replace" });
    await put("a.jsonl", '{"n":5}\n');
    await land({ onChange: "replace" });
    expect(await rows("SELECT n, _source_file AS f FROM t ORDER BY n")).toEqual([
      { n: 3n, f: pathToFileURL(file("b.jsonl")).href },
      { n: 5n, f: pathToFileURL(file("a.jsonl")).href },
    ]);
  });

  it("cannot replace what nobody can tell", async () => {
    await land();
    await put("a.jsonl", '{"n":5}\n');
    await expect(land({ onChange: "replace" })).rejects.toMatchObject({ code: "source-file-untold" });
    await expect(land({ onChange: "replace", sourceColumn: true })).rejects.toMatchObject({
      code: "source-file-untold",
    });
    await rows("ALTER TABLE t ADD COLUMN _source_file STRING");
    await expect(land({ onChange: "replace" })).rejects.toMatchObject({ code: "source-file-untold" });
    await rows(`UPDATE t SET _source_file = '${pathToFileURL(file("a.jsonl")).href}' WHERE n < 3`);
    await land({ onChange: "replace" });
    expect(await numbers()).toEqual([3n, 5n]);
  });

  it("lands anew in the place of what it landed, when asked to land again", async () => {
    await land({ sourceColumn: true });
    const report = await land({ onChange: "replace", again: true });
    expect(report).toMatchObject({ rows: 3n, rowsReplaced: 3n, sourceFiles: { landed: 2, replaced: 2 } });
    expect(await numbers()).toEqual([1n, 2n, 3n]);
  });
});

describe("batches", () => {
  it("are commits of their own, and land the set", async () => {
    for (const n of [1, 2, 3, 4, 5]) await put(`${n}.jsonl`, `{"n":${n}}\n`);
    const report = await land({ batch: { files: 2 } });
    expect(report).toMatchObject({
      version: 2n,
      commits: 3,
      rows: 5n,
      sourceFiles: { landed: 5 },
      created: true,
    });
    expect(await numbers()).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(await land({ batch: { files: 2 } })).toMatchObject({ commits: 0 });
  });

  it("stay when a later one fails, and the next run lands the rest", async () => {
    for (const n of [1, 2, 3]) await put(`${n}.jsonl`, `{"n":${n}}\n`);
    await put("4.jsonl", '{"n":4}\n{"n":\n');
    await expect(land({ batch: { files: 2 } })).rejects.toMatchObject({
      context: { commits: 1, files: 2 },
      hint: expect.stringContaining("1 earlier commit of this ingest, with 2 files, stay"),
    });
    expect(await numbers()).toEqual([1n, 2n]);
    await put("4.jsonl", '{"n":4}\n');
    expect(await land()).toMatchObject({ rows: 2n, sourceFiles: { landed: 2, unchanged: 2 } });
    expect(await numbers()).toEqual([1n, 2n, 3n, 4n]);
  });

  it("bring columns of their own to a table that they make", async () => {
    await put("1.jsonl", '{"n":1}\n');
    await put("2.jsonl", '{"n":2,"m":"x"}\n');
    const report = await land({ batch: { files: 1 } });
    expect(report.changes).toEqual(["column added: m string"]);
    expect(await rows("SELECT n, m FROM t ORDER BY n")).toEqual([
      { n: 1n, m: null },
      { n: 2n, m: "x" },
    ]);
  });
});

describe("many small files", () => {
  it.each(["csv", "jsonl"])("of %s share data files, in their order", async (format) => {
    const names = Array.from({ length: 300 }, (_, n) => `${String(n).padStart(3, "0")}.${format}`);
    for (const [n, name] of names.entries()) {
      await put(
        name,
        format === "csv" ? `n\n${n * 2}\n${n * 2 + 1}\n` : `{"n":${n * 2}}\n{"n":${n * 2 + 1}}\n`,
      );
    }
    const report = await land({ sourceColumn: true });
    expect(report).toMatchObject({ rows: 600n, sourceFiles: { landed: 300 } });
    expect(report.filesAdded).toBeLessThanOrEqual(2);
    expect(report.sources.reduce((sum, { files }) => sum + files, 0)).toBe(300);
    expect(report.sources.reduce((sum, { rows: landed }) => sum + landed, 0n)).toBe(600n);
    const found = await rows(
      "SELECT n, _source_file AS f FROM t ORDER BY _metadata.file_name, _metadata.row_index",
    );
    const expected = names.flatMap((name, n) => [2 * n, 2 * n + 1].map((each) => [BigInt(each), name]));
    const inFiles = found.map(({ n, f }) => [n, path.basename(String(f))]);
    expect(inFiles.toSorted((a, b) => Number(a[0]) - Number(b[0]))).toEqual(expected);
    for (const [index, [n]] of inFiles.entries()) {
      const before = inFiles[index - 1]?.[0];
      // Within each data file the rows are in the order of the sources.
      if (before !== undefined && Number(n) < Number(before)) expect(Number(n) % 400).toBe(0);
    }
  });

  it("of which one does not fit are refused by its name, and rescued alone", async () => {
    await rows("CREATE TABLE t (n BIGINT)");
    for (const n of [1, 2, 3]) await put(`${n}.csv`, `n\n${n}\n`);
    await put("4.csv", "n\nfour\n");
    await expect(land()).rejects.toMatchObject({ context: { file: file("4.csv"), line: 2 } });
    const report = await land({ rescue: true });
    expect(report).toMatchObject({ rows: 4n, rescued: { rows: 1n } });
    expect(await numbers()).toEqual([1n, 2n, 3n, null]);
  });
});

describe("a landing", () => {
  it("says in its commit what landed", async () => {
    await put("a.jsonl", '{"n":1}\n');
    await land();
    const info = only(await lastEntry(lake, "t"), "commitInfo");
    expect(info).toMatchObject({
      operationMetrics: { numSourceFiles: "1", numRescuedRows: "0" },
      grizzlySources: [
        { uri: pathToFileURL(file("a.jsonl")).href, size: 8, hash: expect.stringMatching(/^[0-9a-f]{32}$/) },
      ],
    });
  });

  it("adds columns and widens types in its one commit, and says so", async () => {
    await rows("CREATE TABLE t (n INT) TBLPROPERTIES ('delta.enableTypeWidening' = 'true')");
    await put("a.jsonl", '{"n":5000000000,"m":{"x":1}}\n');
    const report = await land({ schema: "merge" });
    expect(report).toMatchObject({
      version: 1n,
      changes: ["type changed: n from integer to long", "column added: m struct<x: long>"],
    });
  });

  it("that fails leaves no file", async () => {
    await put("a.jsonl", '{"n":1}\n');
    await land();
    const table = fileURLToPath((await lake.table("t")).location);
    const before = await readdir(table, { recursive: true });
    await put("b.csv", "n\nx\n");
    await expect(land()).rejects.toMatchObject({ kind: "invalid-input" });
    expect((await readdir(table, { recursive: true })).sort()).toEqual(before.sort());
  });

  it.each([
    [{ mode: "overwrite", onChange: "append" }],
    [{ inPlace: true }],
    [{ as: "keep", mode: "overwrite-partitions" }],
    [{ sourceColumn: false, onChange: "replace" }],
    [{ batch: { files: 0 } }],
  ] as const)("refuses options that contradict one another: %o", async (options) => {
    await expect(land(options)).rejects.toMatchObject({ code: "ingest-options" });
  });
});
