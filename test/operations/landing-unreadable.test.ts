import { writeFile } from "node:fs/promises";
import path from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lake } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
});

async function put(name: string, text: string): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, text);
  return file;
}

describe("a file of which no record can be read", () => {
  it.each([
    ["nonsense.jsonl", "nonsense\nmore\n"],
    ["cut.jsonl", '{"a": \n'],
  ])("makes no table, rescued or not: %s", async (name, text) => {
    const file = await put(name, text);
    await expect(lake.ingest([file], { into: "t", rescue: true })).rejects.toMatchObject({
      kind: "invalid-input",
      code: "no-readable-records",
      message: expect.stringContaining("no record of the file can be read"),
      hint: expect.stringContaining("Create the table first"),
      context: { file },
    });
    await expect(lake.ingest([file], { into: "t" })).rejects.toMatchObject({
      kind: "invalid-input",
      context: { file, line: 1 },
    });
  });

  it("is rescued beside one that tells the columns, and into a table that is there", async () => {
    const broken = await put("nonsense.jsonl", "nonsense\nmore\n");
    const sound = await put("sound.jsonl", '{"n":1}\n');
    for (const [into, files] of [
      ["beside", [broken, sound]],
      ["there", [sound]],
      ["there", [broken]],
    ] as const) {
      await lake.ingest(files, { into, rescue: true });
    }
    for (const table of ["beside", "there"]) {
      const rows = await (
        await lake.sql(
          `SELECT n, _rescued_data->>'$.record' AS record FROM ${table} ORDER BY n NULLS LAST, record`,
        )
      ).toArray();
      expect(rows).toEqual([
        { n: 1n, record: null },
        { n: null, record: "more" },
        { n: null, record: "nonsense" },
      ]);
    }
  });
});

describe("a record whose values nest without end", () => {
  it.each([
    ["a small file", 1],
    ["a large file", 6000],
  ])("is rescued, and the others land: %s", async (_, count) => {
    const record = `{"n":0,"a":${'{"k":'.repeat(100_000)}1${"}".repeat(100_000)}}`;
    const usual = `{"n":1,"f":"${"f".repeat(1000)}"}\n`.repeat(count);
    const file = await put("deep.jsonl", `${usual}${record}\n${usual}`);
    await expect(lake.ingest([file], { into: "t" })).rejects.toMatchObject({
      code: "broken-json",
      context: { file, line: count + 1 },
    });
    await lake.ingest([file], { into: "t", rescue: true });
    const [found] = await (
      await lake.sql(
        `SELECT count(*) AS landed, sum(n) AS n, max(_rescued_data->>'$.record') AS record FROM t`,
      )
    ).toArray();
    expect(found).toMatchObject({ landed: BigInt(2 * count + 1), record });
    expect(Number(found?.["n"])).toBe(2 * count);
  });
});
