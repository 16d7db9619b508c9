import { createWriteStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { gzipSync } from "node:zlib";
import avro from "avsc";
import { zipSync } from "fflate";
import { expect, test } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { type TemporaryLake, temporaryLake } from "../support/temporary-lake.js";

const CITIES = [
  { id: 1n, city: "Oslo", size: 0.7 },
  { id: 2n, city: "Rome", size: 2.8 },
  { id: 3n, city: "Ürümqi", size: null },
];
const CITY_ROWS =
  "(VALUES (1::BIGINT, 'Oslo', 0.7::DOUBLE), (2, 'Rome', 2.8), (3, 'Ürümqi', NULL)) t(id, city, size)";

async function rowsOf(lake: Lake, sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

/** A lake, and a function that writes files beside it. */
async function bench(): Promise<
  TemporaryLake & { write(name: string, content: string | Uint8Array): Promise<string> }
> {
  const { lake, folder } = await temporaryLake();
  return {
    lake,
    folder,
    write: async (name, content) => {
      const file = path.join(folder, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
      return file;
    },
  };
}

/** The same rows in a file of every format, by name. */
async function everyFormat({ lake, folder }: TemporaryLake): Promise<string[]> {
  const names = ["c.parquet", "c.csv", "c.jsonl", "c.json", "c.arrow"];
  const files = names.map((name) => path.join(folder, name));
  for (const file of files) await (await lake.sql(`SELECT * FROM ${CITY_ROWS}`)).writeTo(file);
  const type = avro.Type.forSchema({
    type: "record",
    name: "City",
    fields: [
      { name: "id", type: "long" },
      { name: "city", type: "string" },
      { name: "size", type: ["null", "double"] },
    ],
  });
  const file = path.join(folder, "c.avro");
  const encoder = new avro.streams.BlockEncoder(type);
  for (const { id, city, size } of CITIES) encoder.write({ id: Number(id), city, size });
  encoder.end();
  await pipeline(encoder, createWriteStream(file));
  return [...files, file];
}

test("a file of every format is a table, with every digit and every type", async () => {
  const made = await bench();
  for (const file of await everyFormat(made)) {
    const result = await made.lake.sql(`SELECT * FROM '${file}' ORDER BY id`);
    expect([file, ...result.columns.map(({ type }) => type)]).toEqual([file, "BIGINT", "VARCHAR", "DOUBLE"]);
    expect(await result.toArray()).toEqual(CITIES);
    expect(await rowsOf(made.lake, `SELECT sum(size) AS s FROM '${file}' WHERE city LIKE '%o%'`)).toEqual([
      { s: 3.5 },
    ]);
  }
});

test("files of all formats together are one table", async () => {
  const made = await bench();
  await everyFormat(made);
  const counted = `SELECT id, count(*) AS n FROM '${made.folder}/c.*' GROUP BY id ORDER BY id`;
  expect(await rowsOf(made.lake, counted)).toEqual([1n, 2n, 3n].map((id) => ({ id, n: 6n })));
});

test("compressed files, archives and texts in other encodings are read as they are", async () => {
  const { lake, write } = await bench();
  const text = '{"n": 9007199254740993, "s": "é"}\n';
  const files = [
    await write("a.jsonl.gz", gzipSync(text)),
    await write("a.zip", zipSync({ "in/a.jsonl": new TextEncoder().encode(text) })),
    await write("a16.jsonl", Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")])),
  ];
  for (const file of files) {
    expect(await rowsOf(lake, `SELECT * FROM '${file}'`)).toEqual([{ n: 9007199254740993n, s: "é" }]);
  }
});

test("a folder is all of its files but those whose names begin with _ or .", async () => {
  const { lake, folder, write } = await bench();
  await write("raw/2024/a.jsonl", '{"a": 1}\n');
  await write("raw/2025/b.csv", "a\n2\n");
  await write("raw/_SUCCESS", "no records");
  expect(await rowsOf(lake, `SELECT sum(a) AS s FROM '${folder}/raw/'`)).toEqual([{ s: 3n }]);
  expect(await rowsOf(lake, `SELECT sum(a) AS s FROM '${folder}/raw/*/*.{jsonl,csv}'`)).toEqual([{ s: 3n }]);
  const uri = new URL(`file://${folder}/raw/2024/a.jsonl`).href;
  expect(await rowsOf(lake, `SELECT * FROM '${uri}'`)).toEqual([{ a: 1n }]);
});

test("a file may stand wherever a table may", async () => {
  const { lake, folder, write } = await bench();
  const file = await write("new/towns.v1.csv", "id,name\n2,Rome\n3,Riga\n");
  await lake.sql("CREATE TABLE t (id BIGINT, name STRING)").then((result) => result.close());
  const run = async (sql: string): Promise<Row[]> => rowsOf(lake, sql);
  await run(`INSERT INTO t SELECT * FROM '${file}' WHERE id = 2`);
  expect(await run("SELECT * FROM t")).toEqual([{ id: 2n, name: "Rome" }]);
  // Without an alias it goes by its own name.
  expect(
    await run(`SELECT towns.id FROM '${file}' LEFT JOIN t ON t.id = towns.id WHERE t.id IS NULL`),
  ).toEqual([{ id: 3n }]);
  expect(await run(`SELECT f.name FROM '${file}' f JOIN '${file}' g ON f.id = g.id + 1`)).toEqual([
    { name: "Riga" },
  ]);
  expect(await run(`WITH f AS (SELECT * FROM '${file}') SELECT count(*) AS n FROM f, f AS g`)).toEqual([
    { n: 4n },
  ]);
  expect(
    await run(`SELECT (SELECT max(name) FROM '${file}') AS m, id IN (FROM '${file}' SELECT id) AS i FROM t`),
  ).toEqual([{ m: "Rome", i: true }]);
  expect(await run(`FROM '${file}' ORDER BY id DESC LIMIT 1`)).toEqual([{ id: 3n, name: "Riga" }]);
  await run(`CREATE TABLE copy AS SELECT * FROM '${file}'`);
  expect(await run("SELECT count(*) AS n FROM copy")).toEqual([{ n: 2n }]);
  await run(
    `MERGE INTO t USING '${file}' AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET name = s.name || '!' WHEN NOT MATCHED THEN INSERT *`,
  );
  expect(await run("SELECT name FROM t ORDER BY id")).toEqual([{ name: "Rome!" }, { name: "Riga" }]);
  await run(
    `UPDATE t SET name = (SELECT min(name) FROM '${file}') WHERE id IN (SELECT min(id) FROM '${file}')`,
  );
  await run(`DELETE FROM t WHERE id IN (SELECT max(id) FROM '${file}')`);
  expect(await run("SELECT * FROM t")).toEqual([{ id: 2n, name: "Riga" }]);
  await run(`CREATE TEMP VIEW v AS SELECT name FROM '${file}'`);
  expect(await run("SELECT count(*) AS n FROM v")).toEqual([{ n: 2n }]);
  await write("new/more.csv", "id,name\n4,Bern\n");
  expect(await run(`DESCRIBE SELECT * FROM '${folder}/new/*.csv'`)).toMatchObject([
    { column_name: "id", column_type: "BIGINT" },
    { column_name: "name", column_type: "VARCHAR" },
  ]);
});

test("_metadata tells the file of each row, and is in no star", async () => {
  const { lake, folder, write } = await bench();
  await write("m/a.csv", "n\n1\n");
  await write("m/b.jsonl", '{"n": 2}\n');
  await rowsOf(lake, "SELECT 1").then(() => undefined);
  await (await lake.sql("SELECT 3::BIGINT AS n")).writeTo(path.join(folder, "m/c.parquet"));
  expect(
    await rowsOf(
      lake,
      `SELECT *, _metadata.file_name AS name, _metadata.file_path AS path, _metadata.file_size > 0 AS sized FROM '${folder}/m/*' ORDER BY n`,
    ),
  ).toEqual(
    ["a.csv", "b.jsonl", "c.parquet"].map((name, index) => ({
      n: BigInt(index + 1),
      name,
      path: `file:${folder}/m/${name}`,
      sized: true,
    })),
  );
});

test("EXPLAIN lists the files as one table", async () => {
  const { lake, folder, write } = await bench();
  await write("e/a.csv", "n,m\n1,2\n");
  await write("e/b.csv", "n,m\n1,2\n");
  expect(await rowsOf(lake, `EXPLAIN SELECT n FROM '${folder}/e/*.csv' WHERE m > 3`)).toEqual([
    {
      table: `${folder}/e/*.csv`,
      version: null,
      files_read: 2n,
      files_skipped: 0n,
      bytes_read: 16n,
      bytes_skipped: 0n,
      columns: "n, m",
      filter: "m > 3",
    },
  ]);
});
