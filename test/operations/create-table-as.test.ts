import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { lastEntry, only } from "./table-log.js";

let lake: Lake;
beforeEach(async () => {
  ({ lake } = await temporaryLake());
});

async function rows(sql: string, parameters?: readonly (string | bigint)[]): Promise<Row[]> {
  return (await lake.sql(sql, { parameters })).toArray();
}

async function detail() {
  return (await lake.table("t")).describe();
}

describe("CREATE TABLE AS SELECT", () => {
  it("is there with its rows in version 0", async () => {
    await rows(
      `CREATE TABLE t PARTITIONED BY (p) COMMENT 'numbers' TBLPROPERTIES ('delta.appendOnly' = 'true')
       AS SELECT x AS a, 'p' || (x % 2) AS p, {'n': x::DECIMAL(9,2)} AS s FROM range(4) AS r(x) WHERE x >= ?`,
      [1n],
    );
    expect(await rows("SELECT a, p, s FROM t ORDER BY a")).toEqual([
      { a: 1n, p: "p1", s: { n: "1.00" } },
      { a: 2n, p: "p0", s: { n: "2.00" } },
      { a: 3n, p: "p1", s: { n: "3.00" } },
    ]);
    expect(await detail()).toMatchObject({
      version: 0n,
      partitionColumns: ["p"],
      numFiles: 2,
      properties: { "delta.appendOnly": "true" },
    });
    const entry = await lastEntry(lake, "t");
    expect(only(entry, "commitInfo")).toMatchObject({
      operation: "CREATE TABLE AS SELECT",
      operationParameters: { partitionBy: '["p"]', description: "numbers", isManaged: "true" },
      operationMetrics: { numFiles: "2", numOutputRows: "3" },
    });
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("clusters, maps columns, and takes the features that its columns need", async () => {
    await rows(
      `CREATE TABLE t CLUSTER BY (a) TBLPROPERTIES ('delta.columnMapping.mode' = 'name', 'delta.enableRowTracking' = 'true')
       AS SELECT 1 AS a, TIMESTAMP '2024-01-31 10:00:00' AS ts, 'x' AS "b c"`,
    );
    expect((await detail()).features).toEqual(
      expect.arrayContaining(["clustering", "columnMapping", "rowTracking", "timestampNtz"]),
    );
    expect(await rows('SELECT a, ts, "b c" AS b FROM t')).toEqual([
      { a: 1, ts: "2024-01-31 10:00:00", b: "x" },
    ]);
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("leaves a table that exists, or refuses it", async () => {
    await rows("CREATE TABLE t AS SELECT 1 AS a");
    await expect(lake.sql("CREATE TABLE t AS SELECT 2 AS a")).rejects.toMatchObject({
      kind: "already-exists",
    });
    await rows("CREATE TABLE IF NOT EXISTS t AS SELECT 2 AS a");
    expect(await rows("SELECT * FROM t")).toEqual([{ a: 1 }]);
    expect((await detail()).version).toBe(0n);
  });

  it.each([
    ["SELECT 1 AS a, 2 AS A", "column-duplicate"],
    ["SELECT nothing", "engine-binder"],
    ["SELECT * FROM nowhere", "table-not-found"],
  ])("makes no table of %s", async (query, code) => {
    await expect(lake.sql(`CREATE TABLE t AS ${query}`)).rejects.toMatchObject({ code });
    expect(await lake.tables()).toEqual([]);
  });

  it("makes an empty table of no rows", async () => {
    await rows("CREATE TABLE t AS SELECT 1 AS a, 'x' AS b WHERE false");
    expect(await detail()).toMatchObject({ version: 0n, numFiles: 0 });
    expect(await rows("SELECT * FROM t")).toEqual([]);
  });
});

describe("CREATE OR REPLACE TABLE AS SELECT", () => {
  it("replaces columns, properties and rows in one commit, and keeps id and history", async () => {
    await rows(
      `CREATE TABLE t CLUSTER BY (a) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name')
       AS SELECT 1 AS a, 'x' AS b`,
    );
    const before = await detail();
    await rows("CREATE OR REPLACE TABLE t PARTITIONED BY (p) AS SELECT a::DOUBLE AS v, b AS p FROM t");
    const after = await detail();
    expect(after).toMatchObject({ version: 1n, id: before.id, partitionColumns: ["p"] });
    expect(after.schema.map(({ name, type }) => `${name} ${type}`)).toEqual(["v double", "p string"]);
    expect(after.properties["delta.enableDeletionVectors"]).toBeUndefined();
    expect(after.features).toEqual(expect.arrayContaining(before.features.slice()));
    expect(await rows("SELECT * FROM t")).toEqual([{ v: 1, p: "x" }]);
    expect(await rows("SELECT * FROM t VERSION AS OF 0")).toEqual([{ a: 1, b: "x" }]);
    const entry = await lastEntry(lake, "t");
    expect(only(entry, "commitInfo")).toMatchObject({ operation: "CREATE OR REPLACE TABLE AS SELECT" });
    expect(only(entry, "domainMetadata")).toMatchObject({ domain: "delta.clustering", removed: true });
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });

  it("creates a table that is not there, and is refused by an append-only one", async () => {
    await rows("CREATE OR REPLACE TABLE t TBLPROPERTIES ('delta.appendOnly' = 'true') AS SELECT 1 AS a");
    expect((await detail()).version).toBe(0n);
    await expect(lake.sql("CREATE OR REPLACE TABLE t AS SELECT 2 AS a")).rejects.toMatchObject({
      code: "append-only",
    });
  });

  it("lets row ids and times in the log go on", async () => {
    const properties =
      "TBLPROPERTIES ('delta.enableRowTracking' = 'true', 'delta.enableInCommitTimestamps' = 'true')";
    await rows(`CREATE TABLE t ${properties} AS SELECT x AS a FROM range(5) AS r(x)`);
    await rows(`CREATE OR REPLACE TABLE t ${properties} AS SELECT x AS a FROM range(3) AS r(x)`);
    const found = await rows("SELECT _metadata.row_id AS id FROM t ORDER BY a");
    expect(found).toEqual([{ id: 5n }, { id: 6n }, { id: 7n }]);
    expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
  });
});
