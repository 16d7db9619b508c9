import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

// What a table asks of its rows holds for rows that land: defaults, generated and numbered columns, rules.

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
});

async function lines(name: string, ...rows: readonly object[]): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return file;
}

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

async function run(sql: string): Promise<void> {
  await (await lake.sql(sql)).close();
}

describe("a table with rules", () => {
  it("gives rows what they do not bring, and numbers them over several sources and commits", async () => {
    await run(`CREATE TABLE orders (
      id BIGINT GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5),
      day DATE, year INT GENERATED ALWAYS AS (year(day)), state STRING DEFAULT 'new', amount DECIMAL(10,2) NOT NULL)`);
    const first = path.join(folder, "a.csv");
    await writeFile(first, "day,amount\n2024-05-01,1\n2025-01-01,2\n");
    const second = await lines("b.jsonl", { state: "old", amount: 3 });
    const report = await lake.ingest([first, second], { into: "orders" });
    expect(report.sources[0]?.notes).toEqual(
      expect.arrayContaining(["no state: the default in its rows", "no year: generated", "no id: numbered"]),
    );
    await lake.ingest([second], { into: "orders", again: true });
    expect(await rows("SELECT id, year, state, amount::VARCHAR AS amount FROM orders ORDER BY id")).toEqual([
      { id: 10n, year: 2024, state: "new", amount: "1.00" },
      { id: 15n, year: 2025, state: "new", amount: "2.00" },
      { id: 20n, year: null, state: "old", amount: "3.00" },
      { id: 25n, year: null, state: "old", amount: "3.00" },
    ]);
  });

  it("refuses what breaks a rule, naming file, rule and row, and commits nothing", async () => {
    await run("CREATE TABLE people (age INT, name STRING NOT NULL, CONSTRAINT grown CHECK (age >= 18))");
    const bad = await lines("young.jsonl", { age: 20, name: "a" }, { age: 7, name: "b" });
    await expect(lake.ingest([bad], { into: "people" })).rejects.toMatchObject({
      kind: "invalid-input",
      code: "constraint",
      message: expect.stringMatching(/young\.jsonl.*grown \(age >= 18\).*age = 7/),
    });
    const nameless = await lines("nameless.jsonl", { age: 20, name: null });
    await expect(lake.ingest([nameless], { into: "people" })).rejects.toMatchObject({
      message: expect.stringMatching(/nameless\.jsonl.*NOT NULL of column name/),
    });
    expect(await rows("SELECT count(*) AS n FROM people")).toEqual([{ n: 0n }]);
    expect((await (await lake.table("people")).describe()).version).toBe(0n);
  });

  it("checks a generated column that is brought, and does not take numbers that are made", async () => {
    await run(
      "CREATE TABLE made (a INT, twice INT GENERATED ALWAYS AS (a * 2), id BIGINT GENERATED ALWAYS AS IDENTITY)",
    );
    const right = await lines("right.jsonl", { a: 1, twice: 2 });
    const wrong = await lines("wrong.jsonl", { a: 1, twice: 3 });
    const numbered = await lines("numbered.jsonl", { a: 1, id: 7 });
    await lake.ingest([right], { into: "made" });
    await expect(lake.ingest([wrong], { into: "made" })).rejects.toMatchObject({ code: "constraint" });
    await expect(lake.ingest([numbered], { into: "made" })).rejects.toMatchObject({ code: "identity-given" });
    expect(await rows("SELECT a, twice, id FROM made")).toEqual([{ a: 1, twice: 2, id: 1n }]);
  });
});

describe("a table with column mapping", () => {
  it("writes files with physical names and ids, new columns of a merge included", async () => {
    await run(`CREATE TABLE mapped ("a b" INT, s STRUCT<x: INT>, p STRING) PARTITIONED BY (p)
      TBLPROPERTIES ('delta.columnMapping.mode' = 'name')`);
    const file = await lines("m.jsonl", { "a b": 1, s: { x: 2 }, p: "é/1" });
    const wider = await lines("w.jsonl", { "a b": 3, s: { x: 4, y: "new" }, p: "é/1", more: true });
    await lake.ingest([file], { into: "mapped" });
    await lake.ingest([wider], { into: "mapped", schema: "merge" });
    expect(await rows('SELECT "a b", s.x AS x, s.y AS y, p, more FROM mapped ORDER BY 1')).toEqual([
      { "a b": 1, x: 2, y: null, p: "é/1", more: null },
      { "a b": 3, x: 4, y: "new", p: "é/1", more: true },
    ]);
    expect(await rows("SELECT count(*) AS n FROM mapped WHERE \"a b\" > 1 AND p = 'é/1'")).toEqual([
      { n: 1n },
    ]);
    const log = path.join(fileURLToPath((await lake.table("mapped")).location), "_delta_log");
    const entry = await readFile(path.join(log, "00000000000000000002.json"), "utf8");
    const add = JSON.parse(entry.split("\n").find((line) => line.startsWith('{"add"')) ?? "{}").add;
    expect(Object.keys(add.partitionValues)[0]).toMatch(/^col-/);
    expect(Object.keys(JSON.parse(add.stats).minValues)[0]).toMatch(/^col-/);
  });
});
