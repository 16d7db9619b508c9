import { mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { Lake } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

async function failureOf(lake: Lake, sql: string): Promise<unknown> {
  try {
    await (await lake.sql(sql)).toArray();
  } catch (error) {
    return error;
  }
  throw new Error(`it did not fail: ${sql}`);
}

test("a name that no file has is not found, at its place in the statement", async () => {
  const { lake, folder } = await temporaryLake();
  const sql = `SELECT * FROM '${folder}/none-*.csv'`;
  expect(await failureOf(lake, sql)).toMatchObject({
    kind: "not-found",
    message: expect.stringContaining("none-*.csv"),
    context: { position: sql.indexOf("'") },
  });
});

test("files of a store that is not known are refused by their scheme", async () => {
  const { lake } = await temporaryLake();
  for (const scheme of ["gs", "https"]) {
    expect(await failureOf(lake, `SELECT * FROM '${scheme}://bucket/a.csv'`)).toMatchObject({
      kind: "unsupported",
      message: expect.stringContaining(`${scheme}://`),
    });
  }
});

test("a version of a file cannot be asked for", async () => {
  const { lake, folder } = await temporaryLake();
  const file = path.join(folder, "a.csv");
  await writeFile(file, "a\n1\n");
  for (const clause of ["VERSION AS OF 1", "TIMESTAMP AS OF '2024-01-01'"]) {
    expect(await failureOf(lake, `SELECT * FROM '${file}' ${clause}`)).toMatchObject({
      kind: "invalid-input",
      code: "sql-time-travel",
      message: expect.stringContaining("a.csv"),
    });
  }
});

test("the folder of a table is no folder of files", async () => {
  const { lake, folder } = await temporaryLake();
  await (await lake.sql("CREATE TABLE t AS SELECT 1 AS a")).close();
  const table = `${folder}/lake/default/t/`;
  const failure = await failureOf(lake, `SELECT * FROM '${table}'`);
  expect(failure).toMatchObject({ kind: "invalid-input", hint: expect.stringContaining("delta_scan(") });
  expect(await (await lake.sql(`SELECT * FROM delta_scan('${table}')`)).toArray()).toEqual([{ a: 1 }]);
});

test("a broken file is named, with the place, as an ingest names it", async () => {
  const { lake, folder } = await temporaryLake();
  const files = path.join(folder, "files");
  await mkdir(files);
  const good = path.join(files, "good.jsonl");
  await writeFile(good, '{"a": 1}\n');
  await (await lake.sql("SELECT 1::BIGINT AS a FROM range(1000)")).writeTo(path.join(files, "good.parquet"));

  const broken = {
    "line.jsonl": { content: '{"a": 1}\n{"a": \n', line: 2 },
    "ragged.csv": { content: "a,b\n1,2\n3\n", line: 3 },
    "cut.parquet": { content: "PAR1 and nothing else", line: undefined },
    "empty.json": { content: "", line: undefined },
    "binary.bin": { content: "\x7fELF\x02\x01\x01\0\0\0", line: undefined },
  };
  for (const [name, { content, line }] of Object.entries(broken)) {
    const file = path.join(files, name);
    await writeFile(file, content);
    for (const sql of [
      `SELECT a FROM '${file}'`,
      `SELECT count(*) FROM '${files}/{good,${name.split(".")[0]}}*'`,
    ]) {
      const failure = await failureOf(lake, sql);
      expect(failure).toMatchObject({ kind: "invalid-input", context: { file } });
      if (line !== undefined) expect(failure).toMatchObject({ context: { line } });
    }
    const queried = await failureOf(lake, `FROM '${file}'`);
    const landed = await lake.ingest([file], { into: "landed" }).catch((error: unknown) => error);
    expect(landed).toMatchObject({ code: Object(queried).code, message: Object(queried).message });
  }
});

test("a damaged page of a Parquet file is found when it is read, and the file is named", async () => {
  const { lake, folder } = await temporaryLake();
  const file = path.join(folder, "damaged.parquet");
  await (await lake.sql("SELECT i, hash(i) AS h FROM range(50000) t(i)")).writeTo(file);
  const bytes = await readFile(file);
  bytes.fill(0xff, 1000, 60_000);
  await writeFile(file, bytes);
  const other = path.join(folder, "other.parquet");
  await (await lake.sql("SELECT 1::BIGINT AS i, 2::UBIGINT AS h")).writeTo(other);
  expect(await failureOf(lake, `SELECT sum(h % 7), sum(i) FROM '${folder}/*.parquet'`)).toMatchObject({
    kind: "invalid-input",
    code: "broken-parquet",
    context: { file },
  });
});

test("what is wrong with the query is not blamed on its files", async () => {
  const { lake, folder } = await temporaryLake();
  const file = path.join(folder, "a.csv");
  await writeFile(file, "a\nx\n");
  expect(await failureOf(lake, `SELECT CAST(a AS INTEGER) FROM '${file}'`)).toMatchObject({
    kind: "invalid-input",
    code: "engine-conversion",
  });
  expect(await failureOf(lake, `SELECT b FROM '${file}'`)).toMatchObject({ code: "engine-binder" });
});

test("an INSERT whose file is broken commits nothing", async () => {
  const { lake, folder } = await temporaryLake();
  await (await lake.sql("CREATE TABLE t AS SELECT 1::BIGINT AS a")).close();
  const file = path.join(folder, "a.jsonl");
  await writeFile(file, '{"a": 2}\n{"a"\n');
  expect(await failureOf(lake, `INSERT INTO t SELECT a FROM '${file}'`)).toMatchObject({ context: { file } });
  expect(await (await lake.sql("SELECT * FROM t")).toArray()).toEqual([{ a: 1n }]);
});

test("of Parquet files only the columns and row groups are read that the query needs", async () => {
  const { lake, folder } = await temporaryLake();
  const file = path.join(folder, "a.parquet");
  // Three row groups; `h` does not compress.
  await (await lake.sql("SELECT i, hash(i) AS h FROM range(300000) t(i)")).writeTo(file);
  await (await lake.sql("SELECT 1::BIGINT AS i, 2::UBIGINT AS h")).writeTo(path.join(folder, "b.parquet"));
  const chunks = await (
    await lake.sql(
      `SELECT row_group_id AS "group", path_in_schema AS name, data_page_offset AS start, total_compressed_size AS size
       FROM parquet_metadata('${file}') WHERE path_in_schema = 'h' OR row_group_id > 0`,
    )
  ).toArray();
  expect(chunks).toHaveLength(5);
  const bytes = await readFile(file);
  for (const { start, size } of chunks) bytes.fill(0xff, Number(start), Number(start) + Number(size) - 50);
  await writeFile(file, bytes);
  const all = `${folder}/*.parquet`;
  expect(await (await lake.sql(`SELECT count(*) AS n FROM '${all}' WHERE i < 1000`)).toArray()).toEqual([
    { n: 1001n },
  ]);
  expect(await failureOf(lake, `SELECT max(h) FROM '${all}' WHERE i < 1000`)).toMatchObject({
    code: "broken-parquet",
    context: { file },
  });
  expect(await failureOf(lake, `SELECT sum(i) FROM '${all}'`)).toMatchObject({ code: "broken-parquet" });
});
