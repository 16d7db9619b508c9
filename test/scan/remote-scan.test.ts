import { cp, rename } from "node:fs/promises";
import path from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Lake, openLake, type Row } from "../../src/index.js";
import { farStores } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { field, HandmadeTable, struct } from "./handmade-table.js";

/** A lake with nothing at hand, to which the folders beside `folder` are far away. */
async function farLake(folder: string): Promise<Lake> {
  const directory = await temporaryFolder();
  const { open } = farStores(path.dirname(folder));
  const lake = await openLake(path.join(directory, "lake"), { openStore: open, cache: { directory } });
  onTestFinished(() => lake.close());
  return lake;
}

/** The rows of a query where `t` stands for the table, read by a lake with nothing at hand. */
async function coldRows(table: HandmadeTable, sql: string): Promise<Row[]> {
  const lake = await farLake(table.folder);
  const rows = await (await lake.sql(over(table, sql))).toArray();
  await lake.close();
  return rows;
}

function over(table: HandmadeTable, sql: string): string {
  return sql.replaceAll(/\bt\b/g, `delta.\`${table.uri}\``);
}

const ROWS = 40_960;
const FIELDS = [
  field("id", "long"),
  field("day", "date"),
  field("stamp", "timestamp"),
  field("amount", "decimal(12,2)"),
  field("name", "string"),
  field("text", "string"),
  field("real", "double"),
  field("s", struct(field("a", "long"), field("b", "string"))),
  field("noise", "string"),
];

/** Rows in an order that most columns follow, ten row groups a file. */
function rowsFrom(first: number): string {
  return `SELECT i AS id, DATE '2024-01-01' + (i // 4096)::INTEGER AS day,
      make_timestamptz(1700000000000000 + i * 1000003) AS stamp, (i / 100)::DECIMAL(12, 2) AS amount,
      'name ' || (i % 97) AS name, repeat('x', 300) || lpad(i::VARCHAR, 9, '0') AS text,
      CASE WHEN i % 5000 = 0 THEN 'nan'::DOUBLE WHEN i % 7 = 0 THEN NULL ELSE i / 3 END AS real,
      {a: i, b: CASE WHEN i < 20000 THEN NULL ELSE 'b' || i END} AS s, md5(i::VARCHAR) || md5((i + 1)::VARCHAR) AS noise
    FROM range(${first}, ${first + ROWS}) AS r(i)`;
}

async function ordered(): Promise<HandmadeTable> {
  const table = await HandmadeTable.make();
  const options = "ROW_GROUP_SIZE 4096, COMPRESSION zstd";
  await table.commit({ fields: FIELDS }, [
    await table.file(rowsFrom(0), {}, options),
    await table.file(rowsFrom(ROWS), await table.vector(5, 9_000, 40_000), options),
  ]);
  return table;
}

/** What EXPLAIN says of the one table of a query. */
async function explained(table: HandmadeTable, sql: string): Promise<Row> {
  const [row = {}] = await coldRows(table, `EXPLAIN ${sql}`);
  return row;
}

describe("a scan of files that are far away", () => {
  test("fetches row groups that may hold a row, and no others", async () => {
    const table = await ordered();
    const whole = await explained(table, "SELECT noise FROM t");
    const part = await explained(table, "SELECT noise FROM t WHERE id BETWEEN 5000 AND 9000");
    expect(whole).toMatchObject({ files_read: 2n, requests: 2n });
    expect(Number(whole["bytes_needed"])).toBeGreaterThan(1_500_000);
    // Two of twenty row groups.
    expect(Number(part["bytes_needed"])).toBeLessThan(Number(whole["bytes_needed"]) / 8);
  });

  test("gives the rows that local files give, whatever is filtered", async () => {
    const table = await ordered();
    const seen = new Set<string>();
    for (const where of [
      "id = 41000",
      "id BETWEEN 5000 AND 9000",
      "id < 100 OR id > 81000",
      "id > 100000",
      "id IN (5, 40, 77000)",
      "day = DATE '2024-01-03'",
      "day > DATE '2024-01-18' AND name = 'name 5'",
      "name = 'name 5'",
      "stamp < TIMESTAMPTZ '2023-11-14 23:00:00+00'",
      "amount BETWEEN 300.5 AND 320.25",
      `text = repeat('x', 300) || '000045000'`,
      `text > repeat('x', 300) || '000080000'`,
      "text LIKE 'y%'",
      "real > 27000",
      "real < 100",
      "isnan(real)",
      "real = 'nan'::DOUBLE",
      "real IS NULL AND id < 10000",
      "s.a BETWEEN 20000 AND 21000",
      "s.b IS NULL",
      "s.b = 'b30000'",
      "NOT (id < 70000)",
      "id = 41000 AND noise LIKE '%a%'",
      "id % 40000 = 1",
    ]) {
      for (const select of [
        "count(*) AS n, min(id) AS least, max(id) AS most",
        "sum(id)::BIGINT AS total, count(real) AS reals, max(noise) AS noise, min(s.b) AS b",
      ]) {
        const sql = `SELECT ${select} FROM t WHERE ${where}`;
        expect([where, await coldRows(table, sql)]).toEqual([where, await table.localRows(sql)]);
      }
      const { bytes_needed: needed } = await explained(table, `SELECT noise FROM t WHERE ${where}`);
      seen.add(String(needed));
    }
    // Filters keep different parts: what comes is not always everything.
    expect(seen.size).toBeGreaterThan(6);
  });

  test.each([
    "SELECT count(*) AS n FROM t",
    "SELECT 1 AS one FROM t LIMIT 3",
    "SELECT * FROM t ORDER BY noise LIMIT 5",
    "SELECT id FROM t WHERE id BETWEEN 30000 AND 50000 ORDER BY noise DESC LIMIT 5 OFFSET 3",
    "SELECT * FROM t WHERE id BETWEEN 40000 AND 41000 ORDER BY id LIMIT 2",
    "SELECT min(day) AS a, max(day) AS b, min(id) AS c, max(id) AS d FROM t",
    "SELECT a.id, b.name FROM t a JOIN t b ON a.id = b.id + 1 WHERE a.id BETWEEN 70000 AND 70005 ORDER BY a.id",
    "SELECT count(*) AS n FROM t JOIN (SELECT 12345::BIGINT AS id) AS one USING (id)",
    "SELECT count(*) AS n FROM t WHERE name = (SELECT max(name) FROM t WHERE id < 10)",
    "SELECT count(*) AS n FROM t WHERE id IN (SELECT id FROM t WHERE day = DATE '2024-01-02')",
    "SELECT name, count(*) AS n FROM t WHERE id < 5000 GROUP BY name ORDER BY n DESC, name LIMIT 3",
    "SELECT s.a AS a FROM t WHERE s.b = 'b30000'",
    "SELECT s.b AS b, _metadata.row_index AS i FROM t WHERE id IN (30000, 50000) ORDER BY id",
    "SELECT count(*) AS n FROM t WHERE _metadata.row_index = 4096",
    "SELECT sum(id)::BIGINT AS s FROM t WHERE _metadata.row_index BETWEEN 10 AND 5000 AND id > 42000",
    "SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM t WHERE id > 81900 ORDER BY id LIMIT 3",
    "SELECT count(DISTINCT noise) AS n FROM t WHERE day >= DATE '2024-01-15'",
    "WITH c AS (SELECT * FROM t WHERE id < 3000) SELECT (SELECT count(*) FROM c) AS n, (SELECT max(stamp)::VARCHAR FROM c) AS m",
  ])("answers with nothing at hand: %s", async (sql) => {
    const table = await ordered();
    expect(await coldRows(table, sql)).toEqual(await table.localRows(sql));
  });

  test("asks once for the end of each file and once for what lies together, and not again", async () => {
    const table = await ordered();
    const lake = await farLake(table.folder);
    const sql = over(
      table,
      "EXPLAIN ANALYZE SELECT sum(length(noise)) FROM t WHERE id BETWEEN 5000 AND 7000",
    );
    const fetched = async (): Promise<number[]> => {
      const rows = await (await lake.sql(sql)).toArray();
      const line = String(rows.find((row) => row["explain_key"] === "fetched")?.["explain_value"]);
      expect(line).toMatch(/^.*: \d+ requests, \d+ bytes fetched, \d+ bytes at hand$/);
      return (/: (\d+) requests, (\d+) bytes fetched, (\d+) bytes at hand$/.exec(line) ?? [])
        .slice(1)
        .map(Number);
    };
    const { bytes_needed: needed } = await explained(
      table,
      "SELECT sum(length(noise)) FROM t WHERE id BETWEEN 5000 AND 7000",
    );
    const [requests = 0, bytes = 0] = await fetched();
    // Two ends; of one file two chunks of one row group; Bloom filters, where there are any, lie before the ends.
    expect(requests).toBeLessThanOrEqual(2 + 2 + 2);
    expect(bytes).toBeLessThanOrEqual(1.15 * Number(needed) + 2 * 32 * 1024);
    const [again, none, atHand = 0] = await fetched();
    expect([again, none]).toEqual([0, 0]);
    expect(atHand).toBeGreaterThanOrEqual(Number(needed));
  });

  test("reads more files than a list of names holds", async () => {
    const table = await HandmadeTable.make();
    const first = await table.file("SELECT 7::BIGINT AS id");
    const adds = [];
    for (let index = 0; index < 1_010; index++) {
      const name = `copy-${index}.parquet`;
      await cp(path.join(table.folder, "part-0.parquet"), path.join(table.folder, name));
      adds.push({ ...first, path: name, partitionValues: { p: String(index) } });
    }
    await table.commit(
      { fields: [field("id", "long"), field("p", "integer")], partitionColumns: ["p"] },
      adds,
    );
    for (const sql of [
      "SELECT count(*) AS n, sum(id)::BIGINT AS s, sum(p)::BIGINT AS p FROM t",
      "SELECT id, p, _metadata.file_name AS file FROM t WHERE p BETWEEN 1003 AND 1005 ORDER BY p",
      "SELECT count(*) AS n FROM t WHERE _metadata.file_name = 'copy-1005.parquet'",
    ]) {
      expect([sql, await coldRows(table, sql)]).toEqual([sql, await table.localRows(sql)]);
    }
  });

  test("reads files of other stores by their URIs, from far and local tables", async () => {
    const other = await HandmadeTable.make();
    const table = await HandmadeTable.make();
    const add = await other.file("SELECT 7::BIGINT AS id");
    await rename(path.join(other.folder, String(add["path"])), path.join(other.folder, "a b%.parquet"));
    const far = { ...add, path: `${other.uri}/a%20b%25.parquet` };
    await table.commit({ fields: [field("id", "long")] }, [far, await table.file("SELECT 8::BIGINT AS id")]);
    const sql = "SELECT id, _metadata.file_path AS file FROM t ORDER BY id";
    expect(await coldRows(table, sql)).toEqual([
      { id: 7n, file: `${other.uri}/a b%.parquet` },
      { id: 8n, file: `${table.uri}/part-0.parquet` },
    ]);
    const lake = await farLake(table.folder);
    const local = sql.replace(" t ", ` delta.\`${table.folder}\` `);
    expect(await (await lake.sql(local)).toArray()).toEqual([
      { id: 7n, file: `${other.uri}/a b%.parquet` },
      { id: 8n, file: `file:${path.join(table.folder, "part-0.parquet")}` },
    ]);
    // A lake that cannot open the other store says so.
    await expect(table.localRows("SELECT id FROM t")).rejects.toMatchObject({
      kind: "unsupported",
      code: "foreign-file",
    });
  });

  test("reads changes, earlier versions and raw files", async () => {
    const folder = await temporaryFolder();
    const local = await openLake(path.join(folder, "lake"));
    onTestFinished(() => local.close());
    for (const sql of [
      "CREATE TABLE orders (id BIGINT, v VARCHAR) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
      "INSERT INTO orders SELECT i, 'v' || i FROM range(100) AS r(i)",
      "UPDATE orders SET v = 'new' WHERE id % 10 = 0",
      "DELETE FROM orders WHERE id BETWEEN 20 AND 29",
    ]) {
      await (await local.sql(sql)).close();
    }
    const lines = path.join(folder, "raw.jsonl");
    const source = await local.sql("SELECT i AS id, 'raw ' || i AS v FROM range(50) AS r(i)");
    await source.writeTo(lines);
    await local.ingest([lines], { into: "raw", as: "keep" });
    await cp(path.join(folder, "lake"), path.join(folder, "copy"), { recursive: true });
    const directory = await temporaryFolder();
    const lake = await openLake("far://lake", { openStore: farStores(folder).open, cache: { directory } });
    onTestFinished(() => lake.close());
    for (const sql of [
      "SELECT * FROM orders ORDER BY id",
      "SELECT count(*) AS n FROM orders VERSION AS OF 1",
      "SELECT id, v FROM orders VERSION AS OF 2 WHERE v = 'new' ORDER BY id",
      "SELECT _change_type, _commit_version, id, v FROM table_changes('orders', 1) ORDER BY ALL",
      "SELECT count(*) AS n, max(v) AS v FROM raw WHERE id > 10",
      "SELECT o.id, r.v FROM orders o JOIN raw r USING (id) WHERE o.v = 'new' ORDER BY o.id",
    ]) {
      expect([sql, await (await lake.sql(sql)).toArray()]).toEqual([
        sql,
        await (await local.sql(sql)).toArray(),
      ]);
    }
  });

  test("changes rows of files of which nothing is at hand", async () => {
    const folder = await temporaryFolder();
    const { open } = farStores(folder);
    const begin = async (): Promise<Lake> => {
      const lake = await openLake("far://lake", {
        openStore: open,
        cache: { directory: await temporaryFolder() },
      });
      onTestFinished(() => lake.close());
      return lake;
    };
    const run = async (sql: string): Promise<Row[]> => {
      const lake = await begin();
      const rows = await (await lake.sql(sql)).toArray();
      await lake.close();
      return rows;
    };
    await run(
      "CREATE TABLE big AS SELECT i AS id, i // 100000 AS part, random() AS r, md5(i::VARCHAR) AS s FROM range(200000) AS t(i)",
    );
    await run("CREATE TABLE more AS SELECT i * 3 AS id, 'merged' AS s FROM range(1000) AS t(i)");
    await run("DELETE FROM big WHERE id % 2 = 0");
    await run("UPDATE big SET s = 'updated' WHERE id < 1000 AND r >= 0");
    await run(
      "MERGE INTO big USING more ON big.id = more.id WHEN MATCHED THEN UPDATE SET s = more.s WHEN NOT MATCHED THEN INSERT (id, s) VALUES (more.id, more.s)",
    );
    await run("INSERT INTO big SELECT id + 1000000, part, r, s FROM big WHERE id > 199000");
    expect(
      await run(
        `SELECT count(*) AS n, count(*) FILTER (s = 'updated') AS updated, count(*) FILTER (s = 'merged') AS merged,
           sum(id)::BIGINT AS total FROM big`,
      ),
    ).toEqual([
      {
        n: 100_000n + 500n + 500n,
        updated: 333n,
        merged: 1_000n,
        total: 100_000n ** 2n + 6n * 124_750n + 500n * 1_199_500n,
      },
    ]);
  });
});
