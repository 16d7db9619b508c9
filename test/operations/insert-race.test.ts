import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Lake, openLake } from "../../src/index.js";
import { folderListing } from "../support/folder-listing.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { stopAfter } from "./stop-after.js";

/** Two lakes over one folder, as two processes have them. */
async function twoLakes(create: string): Promise<readonly [Lake, Lake]> {
  const { lake, folder } = await temporaryLake();
  await (await lake.sql(create)).close();
  const other = await openLake(path.join(folder, "lake"), { threads: 1 });
  onTestFinished(() => other.close());
  return [lake, other];
}

async function run(lake: Lake, sql: string): Promise<void> {
  await (await lake.sql(sql)).close();
}

describe("inserts of several writers", () => {
  it("all land, where they read nothing", async () => {
    const lakes = await twoLakes("CREATE TABLE t (writer INT, n INT)");
    const writes = lakes.map(async (lake, writer) => {
      for (let n = 0; n < 10; n++) await run(lake, `INSERT INTO t VALUES (${writer}, ${n})`);
    });
    await Promise.all(writes);
    const [lake] = lakes;
    const found = await (await lake.sql("SELECT writer, n FROM t ORDER BY writer, n")).toArray();
    expect(found).toEqual([0, 1].flatMap((writer) => Array.from({ length: 10 }, (_, n) => ({ writer, n }))));
    expect((await (await lake.table("t")).describe()).version).toBe(20n);
  });

  it("each see what came before, where they read the table", async () => {
    const lakes = await twoLakes("CREATE TABLE t (n BIGINT)");
    const writes = lakes.map(async (lake) => {
      for (let n = 0; n < 6; n++) await run(lake, "INSERT INTO t SELECT count(*) FROM t");
    });
    await Promise.all(writes);
    const found = await (await lakes[0].sql("SELECT n FROM t ORDER BY n")).toArray();
    expect(found).toEqual(Array.from({ length: 12 }, (_, n) => ({ n: BigInt(n) })));
  });

  it("each leave one row of a key, where they replace it", async () => {
    const lakes = await twoLakes("CREATE TABLE t (k INT, n BIGINT)");
    const writes = lakes.map(async (lake) => {
      for (let n = 0; n < 6; n++) {
        await run(
          lake,
          "INSERT INTO t REPLACE WHERE k = 1 SELECT 1, coalesce(max(n), 0) + 1 FROM t WHERE k = 1",
        );
      }
    });
    await Promise.all(writes);
    expect(await (await lakes[0].sql("SELECT * FROM t")).toArray()).toEqual([{ k: 1, n: 12n }]);
  });
});

describe("an insert that is stopped", () => {
  it.each(["append", "replace"])("leaves nothing behind, wherever that is (%s)", async (how) => {
    const { lake } = await temporaryLake();
    await run(lake, "CREATE TABLE t (a BIGINT, p BIGINT) PARTITIONED BY (p)");
    await run(lake, "INSERT INTO t SELECT x, x % 3 FROM range(30) AS r(x)");
    const table = await lake.table("t");
    const folder = fileURLToPath(table.location);
    const before = await folderListing(folder);
    for (let looks = 1; looks < 300; looks += 5) {
      const insert = table.insert({
        query: "SELECT x, x % 3 FROM range(100) AS r(x)",
        ...(how === "replace" ? { replaceWhere: "p IN (0, 1, 2)" } : {}),
        signal: stopAfter(looks),
      });
      const done = await insert.then(
        () => true,
        (error: unknown) => {
          expect(error).toMatchObject({ kind: "cancelled" });
          return false;
        },
      );
      if (done) return;
      expect(await folderListing(folder)).toEqual(before);
    }
    expect.fail("an INSERT that is never stopped ends");
  });
});
