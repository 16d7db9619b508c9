import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

interface Folder {
  readonly lake: Lake;
  /** All its files, as a glob. */
  readonly all: string;
  write(name: string, content: string | Uint8Array): Promise<string>;
  /** A Parquet file of a query's rows. */
  parquet(name: string, sql: string): Promise<void>;
  rows(sql: string): Promise<Row[]>;
  /** The columns of all files, as `name type`. */
  columns(): Promise<string[]>;
}

async function folderOfFiles(): Promise<Folder> {
  const { lake, folder } = await temporaryLake();
  const files = path.join(folder, "files");
  await mkdir(files);
  const all = `${files}/*`;
  return {
    lake,
    all,
    write: async (name, content) => {
      await writeFile(path.join(files, name), content);
      return path.join(files, name);
    },
    parquet: async (name, sql) => {
      await (await lake.sql(sql)).writeTo(path.join(files, name));
    },
    rows: async (sql) => (await lake.sql(sql)).toArray(),
    columns: async () => {
      const result = await lake.sql(`SELECT * FROM '${all}'`);
      await result.close();
      return result.columns.map(({ name, type }) => `${name} ${type}`);
    },
  };
}

test("columns that some files lack are NULL there, whatever their order and case", async () => {
  const { all, write, parquet, rows, columns } = await folderOfFiles();
  await write("1.csv", "id,name\n1,a\n");
  await write("2.jsonl", '{"NAME": "b", "id": 2, "extra": true}\n');
  await parquet("3.parquet", "SELECT DATE '2024-05-01' AS day, 3::BIGINT AS id");
  await parquet("4.parquet", "SELECT 4::BIGINT AS id, 'd' AS name");
  expect((await columns()).toSorted()).toEqual(["day DATE", "extra BOOLEAN", "id BIGINT", "name VARCHAR"]);
  expect(await rows(`SELECT id, name, extra, day IS NULL AS dayless FROM '${all}' ORDER BY id`)).toEqual([
    { id: 1n, name: "a", extra: null, dayless: true },
    { id: 2n, name: "b", extra: true, dayless: true },
    { id: 3n, name: null, extra: null, dayless: false },
    { id: 4n, name: "d", extra: null, dayless: true },
  ]);
});

test("numbers go to the wider type, and no digit is lost on the way", async () => {
  const { all, write, parquet, rows, columns } = await folderOfFiles();
  await parquet(
    "1.parquet",
    "SELECT 1::TINYINT AS w, 2::UINTEGER AS x, 1.25::DECIMAL(5,2) AS d, 7::INTEGER AS f",
  );
  await parquet("2.parquet", "SELECT 2::BIGINT AS w, -1::INTEGER AS x, 9::BIGINT AS d, 0.5::FLOAT AS f");
  await write("3.jsonl", '{"w": 9223372036854775808}\n');
  expect(await columns()).toEqual(["w DECIMAL(38,0)", "x BIGINT", "d DECIMAL(21,2)", "f DOUBLE"]);
  expect(await rows(`SELECT w::VARCHAR AS w FROM '${all}' ORDER BY 1`)).toEqual([
    { w: "1" },
    { w: "2" },
    { w: "9223372036854775808" },
  ]);
});

test("a whole number that is not exact as a fraction's type fails the query, and names itself", async () => {
  const { all, write, rows } = await folderOfFiles();
  await write("1.jsonl", '{"n": 0.5}\n');
  await write("2.jsonl", '{"n": 3}\n');
  await write("3.csv", "n\n9007199254740993\n");
  await expect(rows(`SELECT n FROM '${all}'`)).rejects.toMatchObject({
    kind: "invalid-input",
    message: expect.stringContaining("9007199254740993"),
  });
  expect(await rows(`SELECT sum(n) AS s FROM '${all.replace("*", "*.jsonl")}'`)).toEqual([{ s: 3.5 }]);
});

test("structs merge field by field, at every depth", async () => {
  const { all, write, parquet, rows, columns } = await folderOfFiles();
  await write("1.jsonl", '{"a": {"x": 1, "in": {"p": "t"}}, "l": [{"k": 1}]}\n');
  await write(
    "2.jsonl",
    '{"a": {"y": true, "x": 2.5, "in": {"q": 5}}, "l": [{"v": "w", "k": 2}]}\n{"a": null}\n',
  );
  await parquet("3.parquet", "SELECT {'y': false, 'z': DATE '2024-01-01'} AS a, MAP {'k': 1} AS m");
  await parquet("4.parquet", "SELECT MAP {'k': 2::BIGINT} AS m");
  expect((await columns()).toSorted()).toEqual([
    'a STRUCT(y BOOLEAN, z DATE, x DOUBLE, "in" STRUCT(p VARCHAR, q BIGINT))',
    "l STRUCT(k BIGINT, v VARCHAR)[]",
    "m MAP(VARCHAR, BIGINT)",
  ]);
  expect(
    await rows(
      `SELECT a.x, a.y, a."in".q AS q, l[1].k AS k, l[1].v AS v FROM '${all}' WHERE m IS NULL ORDER BY a.x`,
    ),
  ).toEqual([
    { x: 1, y: null, q: null, k: 1n, v: null },
    { x: 2.5, y: true, q: 5n, k: 2n, v: "w" },
    { x: null, y: null, q: null, k: null, v: null },
  ]);
  expect(await rows(`SELECT count(*) AS n FROM '${all}' WHERE a IS NULL`)).toEqual([{ n: 2n }]);
});

test("what has no other type in common is text; nested values are their JSON", async () => {
  const { all, write, parquet, columns, rows } = await folderOfFiles();
  await write("1.csv", "v,w,when,x\n12345678901234567890,true,2024-01-01,1.10\n");
  await parquet(
    "2.parquet",
    "SELECT {'a': [1, NULL]} AS v, 1 AS w, NULL::VARCHAR AS when, {'b': DATE '2024-01-02'} AS x",
  );
  await write("3.jsonl", '{"v": "text", "w": null, "when": "2024-01-01T10:00:00.50Z", "x": 2.50}\n');
  expect((await columns()).toSorted()).toEqual(["v VARCHAR", "w VARCHAR", "when VARCHAR", "x VARCHAR"]);
  // The texts of text files are theirs, to the last digit.
  expect(await rows(`SELECT v, w, "when", x FROM '${all}' ORDER BY v`)).toEqual([
    { v: "12345678901234567890", w: "true", when: "2024-01-01", x: "1.10" },
    { v: "text", w: null, when: "2024-01-01T10:00:00.50Z", x: "2.50" },
    { v: '{"a":[1,null]}', w: "1", when: null, x: '{"b":"2024-01-02"}' },
  ]);
});

test("a column without a value takes the type that it has elsewhere", async () => {
  const { all, write, parquet, columns, rows } = await folderOfFiles();
  await write("1.csv", "id,price,note\n1,,\n2,,\n");
  await write("2.jsonl", '{"id": 3, "price": 1.5, "in": {"n": null, "t": []}, "note": null}\n');
  await parquet("3.parquet", "SELECT NULL::VARCHAR AS price, {'n': 7::BIGINT, 't': [1::BIGINT]} AS \"in\"");
  expect((await columns()).toSorted()).toEqual([
    "id BIGINT",
    "in STRUCT(n BIGINT, t BIGINT[])",
    "note VARCHAR",
    "price DOUBLE",
  ]);
  expect(await rows(`SELECT sum(price) AS s, sum(id) AS i FROM '${all}'`)).toEqual([{ s: 1.5, i: 6n }]);
});

test("days are the wall clock at midnight, and no instants", async () => {
  const { all, write, columns, rows } = await folderOfFiles();
  await write("1.csv", "at\n2024-01-05\n");
  await write("2.csv", "at\n2024-01-05 10:00:00\n");
  expect(await columns()).toEqual(["at TIMESTAMP"]);
  await write("3.csv", "at\n2024-01-05T10:00:00Z\n");
  expect(await columns()).toEqual(["at VARCHAR"]);
  expect(await rows(`SELECT count(*) AS n FROM '${all}'`)).toEqual([{ n: 3n }]);
});

test("a value and a column that come late in a compressed file are found before the first row", async () => {
  const { write, rows } = await folderOfFiles();
  const lines = Array.from({ length: 200_000 }, (_, i) => `{"n": ${i}, "filler": "${"x".repeat(20)}"}`);
  lines.splice(123_457, 0, '{"n": "late", "also": 1}');
  const file = await write("late.jsonl.gz", gzipSync(`${lines.join("\n")}\n`));
  expect(await rows(`SELECT n, also FROM '${file}' WHERE also = 1`)).toEqual([{ n: "late", also: 1n }]);
});
