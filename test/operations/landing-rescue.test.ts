import { writeFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import { isJsonObject, parseJson } from "../../core/index.js";
import type { IngestOptions, Lake, Row } from "../../src/index.js";
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

async function parquet(name: string, query: string): Promise<string> {
  const file = path.join(folder, name);
  await (await lake.sql(query)).writeTo(file);
  return file;
}

function land(file: string, options: Partial<IngestOptions> = {}) {
  return lake.ingest([file], { into: "t", ...options });
}

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

/** What was rescued, without the name of the file. */
async function rescued(): Promise<unknown[]> {
  const found = await rows("SELECT _rescued_data AS r FROM t WHERE _rescued_data IS NOT NULL ORDER BY 1");
  return found.map(({ r }) => {
    const value = parseJson(String(r));
    if (!isJsonObject(value)) throw new Error(`no object: ${r}`);
    const { file, ...others } = value;
    expect(file).toContain(folder);
    return others;
  });
}

/** A file with a record that does not fit at all, and one whose columns the table has. */
const TEXTS = [
  [
    "a.jsonl",
    '{"n":1,"d":"2024-01-31"}\n{"n":"x","d":"2024-02-30","more":5}\n{"n":3}\n',
    '{"n":1}\n{"n":2}\n{"n":"x"}\n',
  ],
  ["a.csv", "n,d,more\n1,2024-01-31,\nx,2024-02-30,5\n3,,\n", "n,d\n1,\nx,\n"],
] as const;

describe.each(TEXTS)("what does not fit of %s", (name, text, known) => {
  beforeEach(async () => {
    await rows("CREATE TABLE t (n BIGINT, d DATE)");
  });

  it("is refused, with its place, where rescue is not asked for", async () => {
    const file = await put(name, known);
    await expect(land(file)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "value-does-not-fit",
      message: expect.stringContaining('line 3: column "n": "x" is not BIGINT'),
      hint: expect.stringContaining("--rescue"),
      context: { file, line: 3, column: "n" },
    });
    expect(await rows("SELECT * FROM t")).toEqual([]);
  });

  it("goes to _rescued_data where it is", async () => {
    const report = await land(await put(name, text), { rescue: true });
    expect(report).toMatchObject({ rows: 3n, rescued: { rows: 1n, records: 0n } });
    expect(report.changes).toEqual(["column added: _rescued_data string"]);
    expect(await rows("SELECT n, d::VARCHAR AS d FROM t ORDER BY n NULLS LAST")).toEqual([
      { n: 1n, d: "2024-01-31" },
      { n: 3n, d: null },
      { n: null, d: null },
    ]);
    const more = name.endsWith("csv") ? "5" : 5;
    const line = name.endsWith("csv") ? 3 : 2;
    expect(await rescued()).toEqual([{ line, values: { n: "x", d: "2024-02-30", more } }]);
  });

  it("does so by itself in a table that has the column, unless told not to", async () => {
    await rows("ALTER TABLE t ADD COLUMN _rescued_data STRING");
    const file = await put(name, text);
    await expect(land(file, { rescue: false })).rejects.toMatchObject({ kind: "invalid-input" });
    expect(await land(file)).toMatchObject({ rescued: { rows: 1n } });
  });

  it("joins the table first, where new columns may", async () => {
    await land(await put(name, text), { rescue: true, schema: "merge" });
    const line = name.endsWith("csv") ? 3 : 2;
    expect(await rescued()).toEqual([{ line, values: { n: "x", d: "2024-02-30" } }]);
    expect((await rows("SELECT more FROM t WHERE more IS NOT NULL")).length).toBe(1);
  });
});

describe("rescue", () => {
  it("costs clean data nothing, and leaves the column empty", async () => {
    const report = await land(await put("a.jsonl", '{"n":1}\n{"n":2}\n'), { rescue: true });
    expect(report).toMatchObject({ rows: 2n, rescued: { rows: 0n, records: 0n } });
    expect(await rows("SELECT n, _rescued_data AS r FROM t ORDER BY n")).toEqual([
      { n: 1n, r: null },
      { n: 2n, r: null },
    ]);
  });

  it("keeps records that cannot be read, in a new table too", async () => {
    const text = '{"n":1}\n{"n":\n{"n":3}\nno json\n';
    const report = await land(await put("a.jsonl", text), { rescue: true });
    expect(report).toMatchObject({ rows: 4n, rescued: { rows: 2n, records: 2n } });
    expect(await rescued()).toMatchObject([
      { line: 2, record: '{"n":' },
      { line: 4, record: "no json" },
    ]);
    expect(await rows("SELECT sum(n)::BIGINT AS s FROM t")).toEqual([{ s: 4n }]);
  });

  it("takes the value far down a file that a sample did not tell", async () => {
    await rows("CREATE TABLE t (n BIGINT)");
    const lines = Array.from({ length: 400_000 }, (_, n) => `{"n":${n}}\n`);
    const file = await put("a.jsonl", `${lines.join("")}{"n":"late"}\n`);
    await expect(land(file)).rejects.toMatchObject({ message: expect.stringContaining("line 400001") });
    expect(await land(file, { rescue: true })).toMatchObject({ rows: 400_001n, rescued: { rows: 1n } });
    expect(await rescued()).toEqual([{ line: 400_001, values: { n: "late" } }]);
  });

  it("takes values of typed files that overflow, and columns that the table lacks", async () => {
    await rows("CREATE TABLE t (n INT, s STRUCT<x: INT>)");
    const file = await parquet(
      "a.parquet",
      "SELECT * FROM (VALUES (1::BIGINT, {'x': 1, 'y': 2}, NULL), (5000000000, {'x': 2, 'y': NULL}, 1.50)) AS v(n, s, more)",
    );
    await expect(land(file)).rejects.toMatchObject({ code: "column-unknown" });
    const report = await land(file, { rescue: true });
    expect(report).toMatchObject({ rows: 2n, rescued: { rows: 2n, records: 0n } });
    expect(await rows("SELECT n, s FROM t ORDER BY n")).toEqual([
      { n: 1, s: { x: 1 } },
      { n: null, s: { x: 2 } },
    ]);
    expect(await rescued()).toEqual([
      { row: 1, values: { "s.y": 2 } },
      { row: 2, values: { n: 5_000_000_000, more: 1.5 } },
    ]);
  });

  it("would take what a typed file is refused for, whose row the refusal names", async () => {
    await rows("CREATE TABLE t (n INT)");
    const file = await parquet("a.parquet", "SELECT * FROM (VALUES (1::BIGINT), (2), (5000000000)) AS v(n)");
    await expect(land(file)).rejects.toMatchObject({
      code: "value-does-not-fit",
      message: `${file}, row 3: column "n": 5000000000 is not INTEGER`,
      context: { file, row: 3, column: "n" },
      hint: expect.stringContaining("--rescue"),
    });
  });

  it("does not take rows that break a rule of the table", async () => {
    await rows("CREATE TABLE t (n BIGINT NOT NULL, _rescued_data STRING)");
    const file = await put("a.jsonl", '{"n":1}\n{"n":"x"}\n');
    await expect(land(file)).rejects.toMatchObject({ code: "constraint", context: { file } });
  });

  it("tells the file of each row beside it", async () => {
    await rows("CREATE TABLE t (n BIGINT, _source_file STRING, _rescued_data STRING)");
    const [a, b] = [await put("a.jsonl", '{"n":1}\n'), await put("b.jsonl", '{"n":"x"}\n')];
    await lake.ingest([a, b], { into: "t" });
    expect(await rows("SELECT n, _source_file AS f FROM t ORDER BY f")).toEqual([
      { n: 1n, f: pathToFileURL(a).href },
      { n: null, f: pathToFileURL(b).href },
    ]);
  });
});
