import { beforeEach, describe, expect, test } from "vitest";
import type { Lake, Parameters, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
beforeEach(async () => {
  lake = (await temporaryLake()).lake;
});

async function run(sql: string, parameters?: Parameters): Promise<Row[]> {
  return (await lake.sql(sql, { parameters })).toArray();
}

/** The rows of a statement that changes rows, as inserted, updated, deleted. */
async function counts(sql: string, parameters?: Parameters): Promise<unknown[]> {
  const [row] = await run(sql, parameters);
  return [row?.["rows_inserted"], row?.["rows_updated"], row?.["rows_deleted"]];
}

describe("statements that change rows", () => {
  beforeEach(async () => {
    await run("CREATE TABLE s.t (id BIGINT, name STRING, place STRUCT<city: STRING>)");
    await run("INSERT INTO s.t VALUES (1, 'Ada', {'city': 'London'}), (2, 'Grace', NULL)");
  });

  test("give one row that tells the table, its version and how many rows", async () => {
    expect(await run("INSERT INTO s.t (id) VALUES (3)")).toEqual([
      {
        table: "s.t",
        version: 2n,
        operation: "WRITE",
        rows_inserted: 1n,
        rows_updated: 0n,
        rows_deleted: 0n,
        notes: null,
      },
    ]);
    expect(await run("UPDATE s.t SET name = 'x' WHERE id > 1")).toMatchObject([
      { version: 3n, operation: "UPDATE", rows_inserted: 0n, rows_updated: 2n, rows_deleted: 0n },
    ]);
    expect(await run("DELETE FROM s.t WHERE id = 3")).toMatchObject([
      { version: 4n, operation: "DELETE", rows_deleted: 1n },
    ]);
    expect(
      await run(
        "MERGE INTO s.t USING (VALUES (1, 'a'), (9, 'z')) AS v(k, n) ON id = k WHEN MATCHED THEN UPDATE SET name = n WHEN NOT MATCHED THEN INSERT (id, name) VALUES (k, n) WHEN NOT MATCHED BY SOURCE THEN DELETE",
      ),
    ).toMatchObject([
      { version: 5n, operation: "MERGE", rows_inserted: 1n, rows_updated: 1n, rows_deleted: 1n },
    ]);
    expect(await run("TRUNCATE TABLE s.t")).toMatchObject([
      { version: 6n, operation: "TRUNCATE", rows_deleted: 2n },
    ]);
  });

  test("a statement that finds nothing to do says so and commits nothing", async () => {
    expect(await run("UPDATE s.t SET name = 'x' WHERE id = 77")).toMatchObject([
      { version: 1n, operation: null, rows_updated: 0n },
    ]);
    expect(await run("INSERT INTO s.t SELECT * FROM s.t WHERE false")).toMatchObject([
      { version: 1n, operation: null, rows_inserted: 0n },
    ]);
  });

  test("parameters are counted through the whole statement", async () => {
    expect(await counts("UPDATE s.t SET name = ?, place.city = ? WHERE id = ?", ["Bob", "Rome", 1])).toEqual([
      0n,
      1n,
      0n,
    ]);
    expect(
      await counts(
        "MERGE INTO s.t x USING (SELECT ? AS k, ? AS n) u ON x.id = u.k WHEN MATCHED AND u.n <> ? THEN UPDATE SET name = u.n || ? WHEN NOT MATCHED THEN INSERT (id, name) VALUES (u.k, ?)",
        [2, "B", "C", "!", "never"],
      ),
    ).toEqual([0n, 1n, 0n]);
    expect(await counts("INSERT INTO s.t REPLACE WHERE id = ? SELECT ?, $3, NULL", [1, 1, "new"])).toEqual([
      1n,
      0n,
      1n,
    ]);
    expect(await run("SELECT id, name FROM s.t ORDER BY id")).toEqual([
      { id: 1n, name: "new" },
      { id: 2n, name: "B!" },
    ]);
    await expect(run("UPDATE s.t SET name = ? WHERE id = ?", ["x"])).rejects.toMatchObject({
      code: "sql-parameter",
    });
  });

  test("named parameters, subqueries, CASE and DEFAULT", async () => {
    await run("CREATE TABLE u (k BIGINT, v STRING)");
    await run("INSERT INTO u VALUES (1, 'from u'), (2, NULL)");
    await run(
      "UPDATE s.t AS x SET name = CASE WHEN x.id = $one THEN (SELECT v FROM u WHERE u.k = x.id) ELSE 'other' END, place = DEFAULT",
      { one: 1 },
    );
    expect(await run("SELECT * FROM s.t ORDER BY id")).toEqual([
      { id: 1n, name: "from u", place: null },
      { id: 2n, name: "other", place: null },
    ]);
  });

  test("a query that stands before INSERT is part of it", async () => {
    await run("WITH q AS (SELECT 5 AS id, 'Eve' AS name) INSERT INTO s.t BY NAME SELECT * FROM q");
    expect(await run("SELECT name FROM s.t WHERE id = 5")).toEqual([{ name: "Eve" }]);
  });

  test("new columns join with SCHEMA EVOLUTION only", async () => {
    await expect(run("INSERT INTO s.t BY NAME SELECT 4 AS id, 1.5 AS score")).rejects.toMatchObject({
      kind: "invalid-input",
    });
    await run("INSERT WITH SCHEMA EVOLUTION INTO s.t BY NAME SELECT 4 AS id, 1.5::DOUBLE AS score");
    await run(
      "MERGE WITH SCHEMA EVOLUTION INTO s.t USING (SELECT 4 AS id, 'x' AS tag) u ON t.id = u.id WHEN MATCHED THEN UPDATE SET *",
    );
    expect(await run("SELECT id, score, tag FROM s.t WHERE id >= 2 ORDER BY id")).toEqual([
      { id: 2n, score: null, tag: null },
      { id: 4n, score: 1.5, tag: "x" },
    ]);
  });

  test("errors show no SQL that the user did not write, and no place in it", async () => {
    for (const sql of [
      "UPDATE s.t SET name = nope",
      "DELETE FROM s.t WHERE nope",
      "INSERT INTO s.t SELECT nope FROM s.t",
      "MERGE INTO s.t USING s.t u ON nope WHEN MATCHED THEN DELETE",
      "UPDATE s.t SET name = (SELECT 1 +) WHERE id = 1",
    ]) {
      await expect(run(sql), sql).rejects.toMatchObject({
        kind: "invalid-input",
        message: expect.not.stringMatching(/scanned|gl_ref|LINE 1/),
        context: expect.not.objectContaining({ position: expect.anything() }),
      });
    }
  });
});

describe("statements about whole tables", () => {
  test("CREATE TABLE AS, OR REPLACE and IF NOT EXISTS", async () => {
    expect(
      await run("CREATE TABLE a PARTITIONED BY (p) AS SELECT i AS id, i % 2 AS p FROM range(?) r(i)", [4]),
    ).toMatchObject([{ table: "a", version: 0n, operation: "CREATE TABLE AS SELECT", rows_inserted: 4n }]);
    await expect(run("CREATE TABLE a AS SELECT 1 AS x")).rejects.toMatchObject({ code: "table-exists" });
    expect(await run("CREATE TABLE IF NOT EXISTS a AS SELECT 1 AS x")).toMatchObject([
      { version: 0n, operation: null, rows_inserted: 0n },
    ]);
    expect(await run("CREATE OR REPLACE TABLE a AS SELECT id AS x FROM a WHERE id > 1")).toMatchObject([
      { version: 1n, operation: "CREATE OR REPLACE TABLE AS SELECT", rows_inserted: 2n },
    ]);
    expect(await run("SELECT * FROM a ORDER BY x")).toEqual([{ x: 2n }, { x: 3n }]);
    expect(await run("SELECT count(*) AS n FROM a VERSION AS OF 0")).toEqual([{ n: 4n }]);
  });

  test("RESTORE goes back to a version or a time", async () => {
    await run("CREATE TABLE a AS SELECT 1 AS x");
    await run("INSERT INTO a VALUES (2)");
    expect(await run("RESTORE TABLE a TO VERSION AS OF 0")).toMatchObject([
      { table: "a", version: 2n, operation: "RESTORE", notes: "the table is as it was at version 0" },
    ]);
    expect(await run("SELECT * FROM a")).toEqual([{ x: 1 }]);
    const [one] = await run("DESCRIBE HISTORY a");
    await run("RESTORE a TO TIMESTAMP AS OF $at", { at: String(one?.["timestamp"]) });
    await expect(run("RESTORE a TO VERSION AS OF 9")).rejects.toMatchObject({ kind: "not-found" });
    await expect(run("RESTORE a TO VERSION AS OF 'x'")).rejects.toMatchObject({ code: "sql-time-travel" });
  });

  test("COMMENT ON, DESCRIBE DETAIL and DESCRIBE HISTORY", async () => {
    await run("CREATE TABLE n.a PARTITIONED BY (p) AS SELECT 1 AS x, 'it''s, [so]' AS p");
    await run("COMMENT ON TABLE n.a IS 'what it is'");
    await run("COMMENT ON COLUMN n.a.x IS 'a number'");
    await run("ALTER TABLE n.a SET TBLPROPERTIES ('mine' = 'yes')");
    expect(await run("DESCRIBE DETAIL n.a")).toMatchObject([
      {
        format: "delta",
        name: "n.a",
        description: "what it is",
        version: 3n,
        partition_columns: ["p"],
        num_files: 1n,
        num_rows: 1n,
        properties: '{"mine":"yes"}',
        min_reader_version: 1,
      },
    ]);
    await run("COMMENT ON TABLE n.a IS NULL");
    expect(await run("DESCRIBE DETAIL n.a")).toMatchObject([{ description: null }]);
    const history = await run("DESCRIBE HISTORY n.a");
    expect(history.map((row) => row["version"])).toEqual([4n, 3n, 2n, 1n, 0n]);
    expect(history.at(-1)).toMatchObject({
      operation: "CREATE TABLE AS SELECT",
      operation_metrics: expect.stringContaining('"numOutputRows":"1"'),
      read_version: null,
    });
    expect(await run("DESCRIBE HISTORY n.a LIMIT 2")).toHaveLength(2);
    // A table of that name is described as any other.
    await run("CREATE TABLE history AS SELECT 1 AS x");
    expect(await run("DESCRIBE history")).toMatchObject([{ column_name: "x" }]);
  });

  test("DROP TABLE and RENAME", async () => {
    await run("CREATE TABLE a AS SELECT 1 AS x");
    expect(await run("ALTER TABLE a RENAME TO b")).toMatchObject([
      { table: "b", version: null, operation: "RENAME TABLE" },
    ]);
    expect(await run("SELECT * FROM b")).toEqual([{ x: 1 }]);
    expect(await run("DROP TABLE b")).toMatchObject([{ table: "b", operation: "DROP TABLE" }]);
    await expect(run("DROP TABLE b")).rejects.toMatchObject({ kind: "not-found" });
    expect(await run("DROP TABLE IF EXISTS b")).toMatchObject([{ operation: null }]);
  });
});
