import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import type { IngestOptions, Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
  await mkdir(path.join(folder, "raw"));
});

function file(name: string): string {
  return path.join(folder, "raw", name);
}

function land(options: Partial<IngestOptions> = {}) {
  return lake.ingest([path.join(folder, "raw")], { into: "t", ...options });
}

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

async function dataFiles(): Promise<string[]> {
  const names = await readdir(fileURLToPath((await lake.table("t")).location));
  return names.filter((name) => !name.startsWith("_"));
}

describe("files that land as they are", () => {
  beforeEach(async () => {
    await writeFile(file("a.jsonl"), '{"n":1}\n{"n":2}\n');
    await writeFile(file("b.csv"), "n\n3\n");
  });

  it("are the table's data files, and others beside them are rewritten", async () => {
    const report = await land({ as: "keep" });
    expect(report).toMatchObject({ rows: 3n, filesAdded: 2, sourceFiles: { landed: 2 } });
    expect(report.sources[1]?.notes).toEqual(expect.arrayContaining([expect.stringContaining("as Parquet")]));
    expect((await dataFiles()).map((name) => path.extname(name)).sort()).toEqual([".jsonl", ".parquet"]);
    expect(await rows("SELECT n FROM t ORDER BY n")).toEqual([1n, 2n, 3n].map((n) => ({ n })));
    expect((await (await lake.table("t")).describe()).features).toContain("grizzly.multiFormat");
    expect(await land({ as: "keep" })).toMatchObject({ commits: 0 });
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("are refused where the format is another", async () => {
    await expect(land({ as: "avro" })).rejects.toMatchObject({ code: "kept-format" });
    await expect(land({ as: "jsonl" })).rejects.toMatchObject({
      code: "kept-format",
      context: { file: file("b.csv") },
    });
  });

  it("stay where they are, in place", async () => {
    await lake.ingest([file("a.jsonl")], { into: "t", as: "jsonl", inPlace: true });
    expect(await dataFiles()).toEqual([]);
    expect(await rows("SELECT n, _metadata.file_name AS f FROM t ORDER BY n")).toEqual([
      { n: 1n, f: "a.jsonl" },
      { n: 2n, f: "a.jsonl" },
    ]);
  });

  it("take the place of what they replace, and rescue what does not fit", async () => {
    await rows("CREATE TABLE t (n BIGINT, _source_file STRING, _rescued_data STRING)");
    await land({ as: "keep" });
    await writeFile(file("a.jsonl"), '{"n":7}\n{"n":"x"}\n');
    const report = await land({ as: "keep", onChange: "replace" });
    expect(report).toMatchObject({ rows: 2n, rowsReplaced: 2n, rescued: { rows: 1n, records: 0n } });
    expect(await rows("SELECT n, _source_file AS f FROM t ORDER BY n NULLS LAST")).toEqual([
      { n: 3n, f: pathToFileURL(file("b.csv")).href },
      { n: 7n, f: pathToFileURL(file("a.jsonl")).href },
      { n: null, f: pathToFileURL(file("a.jsonl")).href },
    ]);
  });
});
