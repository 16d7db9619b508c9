import { beforeEach, describe, expect, test } from "vitest";
import type { Lake, Row, SqlOptions } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
beforeEach(async () => {
  lake = (await temporaryLake()).lake;
  await run("CREATE TABLE a AS SELECT 1 AS x");
  await run("CREATE TABLE b AS SELECT 10 AS x");
});

async function run(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

/** The results of a script. */
async function script(text: string, options: SqlOptions = {}): Promise<Row[][]> {
  const results: Row[][] = [];
  for await (const result of lake.script(text, options)) results.push(await result.toArray());
  return results;
}

async function values(table: string): Promise<unknown[]> {
  return (await run(`SELECT x FROM ${table} ORDER BY x`)).map((row) => row["x"]);
}

async function versions(table: string): Promise<number> {
  return (await run(`DESCRIBE HISTORY ${table}`)).length;
}

describe("BEGIN ... COMMIT in a script", () => {
  test("makes one commit a table, of which each statement sees those before it", async () => {
    const results = await script(`
      BEGIN;
      INSERT INTO a VALUES (2);
      UPDATE a SET x = x + 100 WHERE x = 2;
      INSERT INTO b SELECT x FROM a;
      SELECT x FROM b ORDER BY x;
      COMMIT;
      SELECT count(*) AS n FROM a`);
    expect(results[4]).toEqual([{ x: 1 }, { x: 10 }, { x: 102 }]);
    expect(results[5]).toEqual([
      { table: "a", version: 1n },
      { table: "b", version: 1n },
    ]);
    expect(results[6]).toEqual([{ n: 2n }]);
    expect(await values("a")).toEqual([1, 102]);
    expect([await versions("a"), await versions("b")]).toEqual([2, 2]);
  });

  test("ROLLBACK leaves nothing, and the script goes on", async () => {
    const results = await script("BEGIN TRANSACTION; DELETE FROM a; ROLLBACK; SELECT x FROM a");
    expect(results.at(-1)).toEqual([{ x: 1 }]);
    expect(await versions("a")).toBe(1);
  });

  test("a statement that fails takes the transaction with it", async () => {
    await expect(script("BEGIN; DELETE FROM a; INSERT INTO b SELECT nope; COMMIT")).rejects.toMatchObject({
      kind: "invalid-input",
    });
    expect([await values("a"), await versions("a"), await versions("b")]).toEqual([[1], 1, 1]);
  });

  test("a script that nobody reads on is rolled back", async () => {
    for await (const result of lake.script("START TRANSACTION; DELETE FROM a; SELECT 7 AS seven; COMMIT")) {
      if (result.columns[0]?.name === "seven") break;
    }
    expect([await values("a"), await versions("a")]).toEqual([[1], 1]);
  });

  test("what another writer changed meanwhile is a conflict, and nothing is committed", async () => {
    const results = lake.script("BEGIN; UPDATE a SET x = x + 1; UPDATE b SET x = 0; COMMIT");
    let seen = 0;
    const racing = async (): Promise<void> => {
      for await (const result of results) {
        await result.close();
        if (++seen === 3) await run("DELETE FROM a");
      }
    };
    await expect(racing()).rejects.toMatchObject({ kind: "conflict" });
    expect([await values("a"), await values("b"), await versions("b")]).toEqual([[], [10], 1]);
  });

  test.each([
    ["SELECT 1;\n COMMIT", "COMMIT stands outside of a transaction at line 2, column 2"],
    ["ROLLBACK", "ROLLBACK stands outside of a transaction at line 1, column 1"],
    ["BEGIN; BEGIN; COMMIT", "BEGIN stands inside a transaction at line 1, column 8"],
    [
      "DELETE FROM a; BEGIN; DELETE FROM a",
      "no COMMIT and no ROLLBACK: nothing was run at line 1, column 16",
    ],
    ["BEGIN; DROP TABLE a; COMMIT", "DROP TABLE is not part of a transaction"],
    ["BEGIN; ALTER TABLE a RENAME TO c; COMMIT", "ALTER TABLE ... RENAME TO is not part of a transaction"],
    ["BEGIN; CREATE VIEW v AS SELECT 1; COMMIT", "CREATE VIEW is not part of a transaction"],
    ["BEGIN; DROP VIEW v; COMMIT", "DROP VIEW is not part of a transaction"],
    ["BEGIN; DESCRIBE DETAIL a; COMMIT", "DESCRIBE DETAIL is not part of a transaction"],
  ])("%j is refused before anything runs", async (text, message) => {
    await expect(script(text)).rejects.toMatchObject({
      kind: "invalid-input",
      code: "sql-transaction",
      message: expect.stringContaining(message),
    });
    expect([await values("a"), await versions("a")]).toEqual([[1], 1]);
  });

  test.each(["BEGIN", "COMMIT", "ROLLBACK"])("%s by itself is refused", async (word) => {
    await expect(lake.sql(word)).rejects.toMatchObject({
      code: "sql-transaction",
      hint: expect.stringContaining("lake.transaction"),
    });
  });
});

describe("lake.transaction", () => {
  test("commits what was done when the function returns", async () => {
    const given = await lake.transaction(async (transaction) => {
      await (await transaction.sql("INSERT INTO a VALUES (2)")).close();
      const b = await transaction.table("b");
      const { rowsUpdated } = await b.update({ set: { x: "x + (SELECT max(x) FROM a)" } });
      expect(await values("a")).toEqual([1]);
      expect(await (await b.scan()).toArray()).toEqual([{ x: 12 }]);
      return rowsUpdated;
    });
    expect(given).toBe(1n);
    expect([await values("a"), await values("b")]).toEqual([[1, 2], [12]]);
  });

  test("leaves nothing when the function throws", async () => {
    const stopped = new Error("stop");
    const work = lake.transaction(async (transaction) => {
      await (await transaction.table("a")).delete();
      await (await transaction.sql("CREATE TABLE c AS SELECT 1 AS x")).close();
      throw stopped;
    });
    await expect(work).rejects.toBe(stopped);
    expect([await values("a"), await versions("a")]).toEqual([[1], 1]);
    expect((await lake.tables()).map(({ name }) => name)).toEqual(["a", "b"]);
  });

  test("takes no statement that is not part of a transaction", async () => {
    await lake.transaction(async (transaction) => {
      for (const sql of ["COMMIT", "BEGIN", "DROP TABLE a", "CREATE VIEW v AS SELECT 1"]) {
        await expect(transaction.sql(sql), sql).rejects.toMatchObject({ code: "sql-transaction" });
      }
    });
  });

  test("is over when it is over", async () => {
    const kept = await lake.transaction(async (transaction) => transaction);
    await expect(kept.sql("DELETE FROM a")).rejects.toMatchObject({ code: "transaction-over" });
  });

  test("creates tables, and changes what tables are", async () => {
    await lake.transaction(async (transaction) => {
      await (await transaction.sql("CREATE TABLE c (x INT)")).close();
      await (await transaction.sql("ALTER TABLE c ADD COLUMN y STRING")).close();
      await (await transaction.sql("INSERT INTO c VALUES (3, 'three')")).close();
    });
    expect(await run("SELECT * FROM c")).toEqual([{ x: 3, y: "three" }]);
  });
});

describe("an application writes once", () => {
  const application = { appId: "job", version: 5n };

  test("a statement that ran before is skipped, and says so", async () => {
    const insert = (version: bigint) =>
      lake.sql("INSERT INTO a VALUES (2)", { application: { ...application, version } });
    await (await insert(5n)).close();
    for (const version of [5n, 4n]) {
      expect(await (await insert(version)).toArray()).toMatchObject([
        {
          version: 1n,
          operation: null,
          rows_inserted: 0n,
          notes: "skipped: the application has committed its version 5 before",
        },
      ]);
    }
    await (await insert(6n)).close();
    expect(await values("a")).toEqual([1, 2, 2]);
  });

  test("a transaction is skipped as a whole, table by table", async () => {
    const text = "BEGIN; INSERT INTO a VALUES (2); INSERT INTO a VALUES (3); DELETE FROM b; COMMIT";
    await script(text, { application });
    expect((await script(text, { application })).at(-1)).toEqual([]);
    expect([await values("a"), await values("b")]).toEqual([[1, 2, 3], []]);
  });

  test("whatever a transaction does to a table is skipped with the rest", async () => {
    const work = () =>
      lake.transaction(
        async (transaction) => {
          const a = await transaction.table("a");
          const { changed } = await a.setProperties({ mine: "1" });
          const { skipped } = await a.truncate();
          const restored = await a.restore({ version: 0 });
          const [created] = await (await transaction.sql("CREATE TABLE IF NOT EXISTS c (x INT)")).toArray();
          return [changed, skipped, restored.changed, created?.["operation"]];
        },
        { application },
      );
    expect(await work()).toEqual([true, undefined, true, "CREATE TABLE"]);
    expect(await work()).toEqual([false, { committedVersion: 5n }, false, null]);
    expect(await versions("a")).toBe(2);
  });

  test("a script with several commits is refused before anything runs", async () => {
    await expect(script("DELETE FROM b; DELETE FROM a", { application })).rejects.toMatchObject({
      kind: "invalid-input",
      code: "sql-application",
    });
    expect(await values("b")).toEqual([10]);
    await script("SELECT 1; CREATE TABLE IF NOT EXISTS c (x INT); INSERT INTO c VALUES (1)", { application });
  });

  test("methods of a table tell that they were skipped", async () => {
    const a = await lake.table("a");
    const done = await a.insert({ query: "SELECT 2", application });
    expect([done.skipped, done.rowsInserted]).toEqual([undefined, 1n]);
    for (const again of [
      await a.insert({ query: "SELECT 2", application }),
      await a.update({ set: { x: "0" }, application }),
      await a.delete({ application }),
      await a.merge({ source: "b", on: "false", whenNotMatched: [{ insert: "all" }], application }),
    ]) {
      expect(again).toMatchObject({ table: "a", version: 1n, skipped: { committedVersion: 5n } });
    }
    expect(await values("a")).toEqual([1, 2]);
  });
});
