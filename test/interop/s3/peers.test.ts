import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { newUuid } from "../../../core/index.js";
import { type Lake, openLake } from "../../../src/index.js";
import { temporaryFolder } from "../../support/temporary-folder.js";
import { type Relation, relation, relationOf } from "../cells.js";
import { readTable, type Step, writeTable } from "../delta-rs.js";
import { sparkSql, sparkTable, sparkWrite } from "../spark/spark.js";
import { deltaRsEnvironment, s3aTable, s3Table, sparkConfiguration } from "./peers.js";
import { type RealServer, startRealServer } from "./real-server.js";

// Tables on a real S3 server, each as all the others read it.

let server: RealServer;
beforeAll(async () => {
  server = await startRealServer();
});
afterAll(() => server.close());

async function lakeOnServer(): Promise<Lake> {
  const cache = { directory: await temporaryFolder() };
  const lake = await openLake(s3Table(server, newUuid()), { s3: server.s3Options, cache });
  onTestFinished(() => lake.close());
  return lake;
}

async function run(lake: Lake, text: string): Promise<void> {
  for await (const result of lake.script(text)) await result.close();
}

/** The rows of the table below a path of the bucket, as each of the three reads them. */
async function readings(lake: Lake, path: string): Promise<Readonly<Record<string, Relation>>> {
  const table = s3Table(server, path);
  const { columns, rows } = await sparkSql(
    `SELECT * FROM ${sparkTable(s3aTable(server, path))}`,
    sparkConfiguration(server),
  );
  return {
    ours: await relationOf(await lake.sql(`SELECT * FROM delta.\`${table}\``)),
    spark: relation(columns, rows),
    deltaRs: (await readTable(table, { environment: deltaRsEnvironment(server) })).rows,
  };
}

test("what we write, all read", async () => {
  const lake = await lakeOnServer();
  await run(
    lake,
    `CREATE TABLE t (id BIGINT, name VARCHAR, part INTEGER) PARTITIONED BY (part);
     INSERT INTO t SELECT range, 'n' || range, range % 3 FROM range(100);
     INSERT INTO t VALUES (100, NULL, NULL);`,
  );
  const { location } = await lake.table("t");
  const path = location.slice(`s3://${server.bucket}/`.length);
  const expected = await relationOf(await lake.sql("SELECT * FROM t"));
  expect(expected.rows).toHaveLength(101);
  expect(await readings(lake, path)).toEqual({ ours: expected, spark: expected, deltaRs: expected });
});

test("what delta-rs writes, all read, and each goes on where the other ended", async () => {
  const numbers = (first: number): Step => ({
    do: "write",
    dataset: { name: "numbers", first, count: 3 },
  });
  const table = s3Table(server, "of-delta-rs");
  const written = await writeTable(table, [numbers(0), numbers(3)], deltaRsEnvironment(server));
  const expected = written[1]?.rows;
  const lake = await lakeOnServer();
  expect(await readings(lake, "of-delta-rs")).toEqual({ ours: expected, spark: expected, deltaRs: expected });
  const other = sparkTable(s3aTable(server, "of-delta-rs"));
  await sparkSql(`INSERT INTO ${other} SELECT * FROM ${other}`, sparkConfiguration(server));
  const { rows } = await relationOf(await lake.sql(`SELECT * FROM delta.\`${table}\``));
  expect(rows).toHaveLength(12);
});

test("what Spark writes, all read", async () => {
  await sparkWrite(
    s3aTable(server, "of-spark"),
    { query: "SELECT id, id * 2 AS twice, id % 2 AS part FROM range(50)" },
    { configuration: sparkConfiguration(server), partitionBy: ["part"] },
  );
  const read = await readings(await lakeOnServer(), "of-spark");
  expect(read["ours"]?.rows).toHaveLength(50);
  expect(read).toEqual({ ours: read["ours"], spark: read["ours"], deltaRs: read["ours"] });
});
