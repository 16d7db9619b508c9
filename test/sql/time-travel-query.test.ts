import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Lake, openLake, type Row } from "../../src/index.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";

// A table `t` of three versions: 0 has k = 1..3, 1 adds 4..6, 2 replaces everything by k = 10.

describe("time travel in SQL", () => {
  let folder: SharedFolder;
  let lake: Lake;
  let location: string;
  let times: string[];

  beforeAll(async () => {
    folder = await sharedFolder();
    lake = await openLake(path.join(folder.path, "lake"));
    const land = async (rows: readonly number[], mode: "append" | "overwrite"): Promise<void> => {
      const file = path.join(folder.path, `rows-${rows[0]}.csv`);
      await writeFile(file, `k,name\n${rows.map((k) => `${k},n${k}`).join("\n")}\n`);
      await lake.ingest([file], { into: "t", mode });
    };
    await land([1, 2, 3], "append");
    await land([4, 5, 6], "append");
    await land([10], "overwrite");
    const table = await lake.table("t");
    location = new URL(table.location).pathname;
    times = (await table.history()).map((entry) => entry.timestamp).reverse();
  });
  afterAll(async () => {
    await lake.close();
    await folder.remove();
  });

  async function rows(sql: string, parameters?: Record<string, string | number>): Promise<Row[]> {
    const result = await lake.sql(sql, parameters === undefined ? {} : { parameters });
    return result.toArray();
  }

  const COUNTS = [3n, 6n, 1n];

  it.each([0, 1, 2])("gives version %i in every spelling", async (n) => {
    const spellings = [
      `SELECT count(*) AS n FROM t VERSION AS OF ${n}`,
      `SELECT count(*) AS n FROM t VERSION AS OF ${n} AS x`,
      `SELECT count(x.k) AS n FROM t AS x VERSION AS OF ${n}`,
      `SELECT count(*) AS n FROM t AT (VERSION => ${n})`,
      `SELECT count(*) AS n FROM default.t@v${n}`,
      `SELECT count(*) AS n FROM "t"@v${n}`,
      `SELECT count(*) AS n FROM t TIMESTAMP AS OF '${times[n]}'`,
      `SELECT count(*) AS n FROM t TIMESTAMP AS OF TIMESTAMP '${times[n]?.replace("Z", "").replace("T", " ")}'`,
      `SELECT count(*) AS n FROM t AT (TIMESTAMP => '${times[n]}')`,
      `SELECT count(*) AS n FROM delta.\`${location}\` VERSION AS OF ${n}`,
      `SELECT count(*) AS n FROM delta.\`${location}\`@v${n}`,
      `SELECT count(*) AS n FROM delta_scan('${location}', version => ${n})`,
      `WITH c AS (SELECT * FROM t@v${n}) SELECT count(*) AS n FROM c`,
      `SELECT (SELECT count(*) FROM t VERSION AS OF ${n}) AS n`,
      `FROM t@v${n} SELECT count(*) AS n`,
    ];
    for (const sql of spellings) expect(await rows(sql), sql).toEqual([{ n: COUNTS[n] }]);
  });

  it("reads the newest version without a clause, and as of now", async () => {
    expect(await rows("SELECT k FROM t")).toEqual([{ k: 10n }]);
    expect(await rows("SELECT k FROM t TIMESTAMP AS OF now()")).toEqual([{ k: 10n }]);
    expect(await rows(`SELECT k FROM delta_scan('${location}')`)).toEqual([{ k: 10n }]);
  });

  it("joins versions of one table", async () => {
    const added = await rows(
      "SELECT b.k FROM t@v1 AS b LEFT JOIN t VERSION AS OF 0 AS a USING (k) WHERE a.k IS NULL ORDER BY b.k",
    );
    expect(added).toEqual([{ k: 4n }, { k: 5n }, { k: 6n }]);
    const mixed = await rows("SELECT k FROM t@v0 WHERE k > 2 UNION ALL SELECT k FROM t ORDER BY k");
    expect(mixed).toEqual([{ k: 3n }, { k: 10n }]);
  });

  it("takes parameters as versions and as values", async () => {
    const sql = "SELECT name FROM t VERSION AS OF $v WHERE k = $k";
    expect(await rows(sql, { v: 1, k: 5 })).toEqual([{ name: "n5" }]);
    expect(await rows(sql, { v: 0, k: 5 })).toEqual([]);
  });

  it("travels inside views, kept and temporary", async () => {
    await (await lake.sql("CREATE VIEW first AS SELECT * FROM t VERSION AS OF 0")).close();
    await (await lake.sql("CREATE TEMP VIEW big(key) AS SELECT k FROM first WHERE k >= 2")).close();
    expect(await rows("SELECT count(*) AS n FROM first")).toEqual([{ n: 3n }]);
    expect(await rows("SELECT key FROM big ORDER BY key")).toEqual([{ key: 2n }, { key: 3n }]);
    await expect(rows("SELECT * FROM first VERSION AS OF 1")).rejects.toMatchObject({
      kind: "invalid-input",
    });
    await (await lake.sql("DROP VIEW first")).close();
    await expect(rows("SELECT * FROM first")).rejects.toMatchObject({ kind: "not-found" });
  });

  it("refuses what does not exist, naming the range that does", async () => {
    const outside = { kind: "not-found", hint: "Versions 0 to 2 exist." };
    await expect(rows("SELECT * FROM t VERSION AS OF 3")).rejects.toMatchObject(outside);
    await expect(rows("SELECT * FROM t@v99")).rejects.toMatchObject(outside);
    const range = { kind: "not-found", hint: expect.stringContaining(`${times[0]} to ${times[2]}`) };
    await expect(rows("SELECT * FROM t TIMESTAMP AS OF '1999-12-31'")).rejects.toMatchObject(range);
    await expect(rows("SELECT * FROM t TIMESTAMP AS OF '2999-12-31'")).rejects.toMatchObject(range);
    await expect(rows("SELECT * FROM t VERSION AS OF -1")).rejects.toMatchObject({ kind: "invalid-input" });
    await expect(rows("SELECT * FROM nowhere")).rejects.toMatchObject({
      kind: "not-found",
      code: "table-not-found",
      context: { position: 14 },
    });
    await expect(rows("SELECT nothing FROM t")).rejects.toMatchObject({ kind: "invalid-input" });
  });
});
