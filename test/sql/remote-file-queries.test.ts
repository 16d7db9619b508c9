import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import avro from "avsc";
import { expect, onTestFinished, test } from "vitest";
import { type Lake, openLake, type Row } from "../../src/index.js";
import { farStores, type RemoteStore } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

interface Bench {
  readonly folder: string;
  /** The bucket on the local disk. */
  readonly bucket: string;
  readonly far: ReturnType<typeof farStores>;
  lake(cache?: string): Promise<Lake>;
  /** Names of the objects whose bytes were asked for, since the last call. */
  fetched(): string[];
}

async function bench(): Promise<Bench> {
  const folder = await temporaryFolder();
  const bucket = path.join(folder, "far", "bucket");
  await mkdir(path.join(bucket, "raw"), { recursive: true });
  const far = farStores(path.join(folder, "far"));
  return {
    folder,
    bucket,
    far,
    lake: async (cache = "cache") => {
      const lake = await openLake(path.join(folder, "lake"), {
        threads: 2,
        openStore: far.open,
        cache: { directory: path.join(folder, cache) },
      });
      onTestFinished(() => lake.close());
      return lake;
    },
    fetched: () => {
      const store: RemoteStore | undefined = far.opened.get("far://bucket");
      const requests = store?.requests.splice(0) ?? [];
      return requests.flatMap((request) => (request.startsWith("get ") ? [request.slice(4)] : []));
    },
  };
}

async function rowsOf(lake: Lake, sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

const CITIES =
  "(VALUES (1::BIGINT, 'Oslo', 0.7::DOUBLE), (2, 'Rome', 2.8), (3, 'Ürümqi', NULL)) t(id, city, size)";

/** The cities, in an object of every format. */
async function everyFormat({ bucket }: Bench, lake: Lake): Promise<string[]> {
  const names = ["c.parquet", "c.csv", "c.jsonl", "c.json", "c.arrow"];
  for (const name of names) {
    await (await lake.sql(`SELECT * FROM ${CITIES}`)).writeTo(path.join(bucket, "raw", name));
  }
  await writeFile(
    path.join(bucket, "raw", "d.csv.gz"),
    gzipSync("id,city,size\n1,Oslo,0.7\n2,Rome,2.8\n3,Ürümqi,\n"),
  );
  const type = avro.Type.forSchema({
    type: "record",
    name: "City",
    fields: [
      { name: "id", type: "long" },
      { name: "city", type: "string" },
      { name: "size", type: ["null", "double"] },
    ],
  });
  const encoder = new avro.streams.BlockEncoder(type);
  for (const city of await rowsOf(lake, `SELECT id::INTEGER AS id, city, size FROM ${CITIES}`))
    encoder.write(city);
  encoder.end();
  const chunks: Buffer[] = [];
  for await (const chunk of encoder) chunks.push(chunk as Buffer);
  await writeFile(path.join(bucket, "raw", "c.avro"), Buffer.concat(chunks));
  return [...names, "d.csv.gz", "c.avro"];
}

test("an object of every format is a table", async () => {
  const place = await bench();
  const lake = await place.lake();
  const expected = await rowsOf(lake, `SELECT * FROM ${CITIES} ORDER BY id`);
  for (const name of await everyFormat(place, lake)) {
    expect(await rowsOf(lake, `SELECT * FROM 'far://bucket/raw/${name}' ORDER BY id`)).toEqual(expected);
  }
});

test("prefixes and patterns are tables of all their objects", async () => {
  const place = await bench();
  const lake = await place.lake();
  const names = await everyFormat(place, lake);
  await writeFile(path.join(place.bucket, "raw", "_hidden.csv"), "id\n9\n");
  const count = `SELECT count(*) AS n, sum(id) AS sum FROM`;
  const all = [{ n: BigInt(3 * names.length), sum: BigInt(6 * names.length) }];
  expect(await rowsOf(lake, `${count} 'far://bucket/raw/'`)).toEqual(all);
  expect(await rowsOf(lake, `${count} 'far://bucket/*/*'`)).toMatchObject([
    { n: 3n * BigInt(names.length) + 1n },
  ]);
  expect(await rowsOf(lake, `${count} 'far://bucket/raw/c.{csv,parquet}'`)).toEqual([{ n: 6n, sum: 12n }]);
});

test("an object may stand wherever a table may", async () => {
  const place = await bench();
  const lake = await place.lake();
  await everyFormat(place, lake);
  const file = "'far://bucket/raw/c.parquet'";
  const run = async (sql: string): Promise<void> => (await lake.sql(sql)).close();
  await run(`CREATE TABLE t AS SELECT * FROM ${file}`);
  await run(`INSERT INTO t SELECT id + 10, city, size FROM 'far://bucket/raw/c.jsonl'`);
  await run(`UPDATE t SET city = 'known' WHERE id IN (SELECT id FROM ${file} WHERE size > 1)`);
  await run(`DELETE FROM t WHERE id IN (SELECT id FROM ${file} WHERE size IS NULL)`);
  await run(
    `MERGE INTO t USING 'far://bucket/raw/c.csv' AS s ON t.id = s.id
     WHEN MATCHED THEN UPDATE SET size = 0.5 WHEN NOT MATCHED THEN INSERT (id, city) VALUES (s.id, 'new')`,
  );
  expect(await rowsOf(lake, "SELECT id, city, size FROM t ORDER BY id")).toEqual([
    { id: 1n, city: "Oslo", size: 0.5 },
    { id: 2n, city: "known", size: 0.5 },
    { id: 3n, city: "new", size: null },
    { id: 11n, city: "Oslo", size: 0.7 },
    { id: 12n, city: "Rome", size: 2.8 },
    { id: 13n, city: "Ürümqi", size: null },
  ]);
});

test("rows tell their object by its own name", async () => {
  const place = await bench();
  const lake = await place.lake();
  await everyFormat(place, lake);
  for (const name of ["c.parquet", "c.csv", "c.avro"]) {
    const sql = `SELECT DISTINCT _metadata.file_path AS path, _metadata.file_name AS name FROM 'far://bucket/raw/${name}'`;
    expect(await rowsOf(lake, sql)).toEqual([{ path: `far://bucket/raw/${name}`, name }]);
  }
  const both =
    "SELECT DISTINCT _metadata.file_path AS path FROM 'far://bucket/raw/c.{csv,parquet}' ORDER BY path";
  expect(await rowsOf(lake, both)).toEqual([
    { path: "far://bucket/raw/c.csv" },
    { path: "far://bucket/raw/c.parquet" },
  ]);
});

test("what was fetched is not fetched again, by another lake neither, until the object is another", async () => {
  const place = await bench();
  const lake = await place.lake();
  const object = path.join(place.bucket, "raw", "n.csv");
  const sql = "SELECT sum(n) AS sum FROM 'far://bucket/raw/n.csv'";
  await writeFile(object, "n\n1\n2\n");
  expect(await rowsOf(lake, sql)).toEqual([{ sum: 3n }]);
  expect(place.fetched()).toEqual(["raw/n.csv"]);
  expect(await rowsOf(lake, sql)).toEqual([{ sum: 3n }]);
  expect(await rowsOf(await place.lake(), sql)).toEqual([{ sum: 3n }]);
  expect(place.fetched()).toEqual([]);
  await rm(object);
  await writeFile(object, "n\n4\n5\n");
  expect(await rowsOf(lake, sql)).toEqual([{ sum: 9n }]);
  expect(place.fetched()).toEqual(["raw/n.csv"]);
});

test("EXPLAIN tells what was fetched", async () => {
  const place = await bench();
  const lake = await place.lake();
  await writeFile(path.join(place.bucket, "raw", "a.csv"), "n\n1\n");
  await writeFile(path.join(place.bucket, "raw", "b.csv"), "n\n2\n");
  const sql = "SELECT sum(n) AS sum FROM 'far://bucket/raw/'";
  expect(await rowsOf(lake, `EXPLAIN ${sql}`)).toMatchObject([
    { table: "far://bucket/raw/", files_read: 2n, requests: 2n, bytes_fetched: 8n, bytes_at_hand: 0n },
  ]);
  expect(await rowsOf(lake, `EXPLAIN ${sql}`)).toMatchObject([
    { requests: 0n, bytes_fetched: 0n, bytes_at_hand: 8n },
  ]);
  const told = await rowsOf(lake, `EXPLAIN ANALYZE ${sql}`);
  expect(told.at(-1)).toEqual({
    explain_key: "fetched",
    explain_value: "far://bucket/raw/: 0 requests, 0 bytes fetched, 8 bytes at hand",
  });
});

test("of Parquet objects the columns are fetched that a query reads", async () => {
  const place = await bench();
  const maker = await place.lake("maker");
  const many =
    "SELECT range AS n, range % 7 AS Few, md5(range::VARCHAR) AS long, NULL::VARCHAR AS none, {'a': range, 'b': md5((range + 1)::VARCHAR)} AS s FROM range(100000)";
  const file = (name: string): string => path.join(place.bucket, "raw", name);
  await (await maker.sql(many)).writeTo(file("a.parquet"));
  await (await maker.sql(`SELECT * REPLACE (n + 100000 AS n) FROM (${many})`)).writeTo(file("b.parquet"));
  await mkdir(path.join(place.bucket, "other"));
  const other = path.join(place.bucket, "other", "c.parquet");
  await (await maker.sql("SELECT 5 AS n, 'z' AS few, 6 AS none")).writeTo(other);
  const sizes = await Promise.all(["a.parquet", "b.parquet"].map((name) => stat(file(name))));
  const all = sizes.reduce((sum, { size }) => sum + size, 0);
  const fetchedBy = async (sql: string): Promise<number> => {
    const lake = await place.lake(`cache-${++caches}`);
    const answer = await rowsOf(lake, sql.replaceAll("FILES", "'far://bucket/raw/*.parquet'"));
    expect(answer).toEqual(await rowsOf(maker, sql.replaceAll("FILES", `'${place.bucket}/raw/*.parquet'`)));
    const told = (
      await rowsOf(lake, `EXPLAIN ANALYZE ${sql.replaceAll("FILES", "'far://bucket/raw/*.parquet'")}`)
    ).at(-1);
    const [, fetched, atHand] =
      /requests, (\d+) bytes fetched, (\d+) bytes at hand/.exec(String(told?.["explain_value"])) ?? [];
    expect(fetched).toBe("0");
    return Number(atHand);
  };
  let caches = 0;
  expect(await fetchedBy("SELECT count(*) AS c FROM FILES")).toBeLessThan(all / 10);
  expect(await fetchedBy("SELECT sum(n) AS s FROM FILES WHERE FEW = '3'")).toBeLessThan(all / 2);
  expect(await fetchedBy("SELECT max(s.b) AS b, count(none) AS c FROM FILES")).toBeGreaterThan(all / 4);
  expect(await fetchedBy("SELECT * FROM FILES ORDER BY n LIMIT 3")).toBeGreaterThan(all * 0.9);
  expect(
    await fetchedBy(
      "SELECT a.n FROM FILES AS a SEMI JOIN (SELECT n FROM FILES WHERE few = '1') AS b USING (n) ORDER BY n LIMIT 2",
    ),
  ).toBeLessThan(all / 2);
  const lake = await place.lake("changes");
  for (const what of ["count(*) AS c", "sum(n) AS s, count(none) AS c", "max(few) AS m"]) {
    expect(await rowsOf(lake, `SELECT ${what} FROM 'far://bucket/*/*.parquet'`)).toEqual(
      await rowsOf(maker, `SELECT ${what} FROM '${place.bucket}/*/*.parquet'`),
    );
  }
  const run = async (sql: string): Promise<void> => (await lake.sql(sql)).close();
  await run("CREATE TABLE t AS SELECT n, few FROM 'far://bucket/raw/a.parquet'");
  await run("INSERT INTO t SELECT n, few FROM 'far://bucket/raw/b.parquet'");
  await run("DELETE FROM t WHERE n IN (SELECT n FROM 'far://bucket/raw/b.parquet' WHERE long < '8')");
  await run(
    "MERGE INTO t USING 'far://bucket/raw/a.parquet' AS a ON t.n = a.n WHEN MATCHED AND a.long < '4' THEN DELETE",
  );
  expect(await rowsOf(lake, "SELECT count(*) AS c FROM t")).toEqual(
    await rowsOf(
      maker,
      `SELECT (SELECT count(*) FROM '${file("a.parquet")}' WHERE long >= '4') + (SELECT count(*) FROM '${file("b.parquet")}' WHERE long >= '8') AS c`,
    ),
  );
});

test("a Parquet object is told by its end, whatever its name, and by its name what is wrong with it", async () => {
  const place = await bench();
  const lake = await place.lake();
  const file = (name: string): string => path.join(place.bucket, "raw", name);
  await writeFile(file("text.parquet"), `n\n${"1\n".repeat(100_000)}`);
  expect(await rowsOf(lake, "SELECT count(*) AS c FROM 'far://bucket/raw/text.parquet'")).toEqual([
    { c: 100_000n },
  ]);
  await (await lake.sql("SELECT range AS n, md5(range::VARCHAR) AS s FROM range(20000)")).writeTo(
    file("x.parquet"),
  );
  const bytes = await readFile(file("x.parquet"));
  await writeFile(file("data"), bytes);
  expect(await rowsOf(lake, "SELECT sum(n) AS s FROM 'far://bucket/raw/data'")).toEqual([
    { s: 199_990_000n },
  ]);
  await writeFile(file("holed.parquet"), Buffer.from(bytes).fill(0xff, 100, 150_000));
  await writeFile(file("short.parquet"), Buffer.concat([bytes.subarray(0, 1_000), bytes.subarray(-300_000)]));
  for (const name of ["holed", "short"]) {
    await expect(
      rowsOf(lake, `SELECT sum(n), max(s) FROM 'far://bucket/raw/${name}.parquet'`),
    ).rejects.toMatchObject({
      message: expect.stringContaining(`far://bucket/raw/${name}.parquet`),
    });
  }
});

test("what is wrong is told by the object's name", async () => {
  const place = await bench();
  const lake = await place.lake();
  const failure = async (sql: string): Promise<unknown> =>
    rowsOf(lake, sql).then(
      () => "no failure",
      (error: unknown) => error,
    );
  await writeFile(path.join(place.bucket, "raw", "bad.jsonl"), '{"n":1}\n{"n":\n');
  expect(await failure("SELECT * FROM 'far://bucket/raw/bad.jsonl'")).toMatchObject({
    kind: "invalid-input",
    message: expect.stringMatching(/far:\/\/bucket\/raw\/bad\.jsonl.*line 2/),
  });
  await writeFile(path.join(place.bucket, "raw", "bad.parquet"), "PAR1 and nothing PAR1");
  expect(await failure("SELECT * FROM 'far://bucket/raw/bad.parquet'")).toMatchObject({
    message: expect.stringContaining("far://bucket/raw/bad.parquet"),
  });
  expect(await failure("SELECT * FROM 'far://bucket/none/*.csv'")).toMatchObject({
    kind: "not-found",
    message: expect.stringContaining("far://bucket/none/*.csv"),
    context: { position: 14 },
  });
  expect(await failure("SELECT * FROM 'ftp://bucket/a.csv'")).toMatchObject({
    kind: "unsupported",
    code: "source-scheme",
  });
});

test("the folder of a table far away is no folder of files", async () => {
  const place = await bench();
  const lake = await place.lake();
  await (await lake.sql("CREATE TABLE delta.`far://bucket/tables/t` AS SELECT 1 AS n")).close();
  for (const name of ["far://bucket/tables/t", "far://bucket/tables/t/"]) {
    await expect(rowsOf(lake, `SELECT * FROM '${name}'`)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "table-as-files",
      hint: expect.stringContaining(`delta_scan('${name}')`),
    });
  }
});
