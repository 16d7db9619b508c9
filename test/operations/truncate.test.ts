import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { lastEntry, only } from "./table-log.js";

let lake: Lake;
beforeEach(async () => {
  ({ lake } = await temporaryLake());
});

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

describe("TRUNCATE", () => {
  it("takes every file out of the table, and tells the rows in the change data feed", async () => {
    await rows(
      "CREATE TABLE t (a INT, p INT) PARTITIONED BY (p) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
    );
    await rows("INSERT INTO t VALUES (1, 1), (2, 2), (3, 2)");
    const table = await lake.table("t");
    expect(await table.truncate()).toMatchObject({ version: 2n, rowsDeleted: 3n, filesRemoved: 2 });
    expect(await rows("SELECT * FROM t")).toEqual([]);
    expect(await rows("SELECT count(*)::INT AS n FROM t VERSION AS OF 1")).toEqual([{ n: 3 }]);
    expect(only(await lastEntry(lake, "t"), "commitInfo")).toMatchObject({ operation: "TRUNCATE" });
    expect(await rows("SELECT a, _change_type AS type FROM table_changes('t', 2) ORDER BY a")).toEqual(
      [1, 2, 3].map((a) => ({ a, type: "delete" })),
    );
    expect(await table.truncate()).toMatchObject({ version: 2n, rowsDeleted: 0n });
  });

  it("counts the rows that deletion vectors left", async () => {
    await rows("CREATE TABLE t (a INT) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')");
    await rows("INSERT INTO t VALUES (1), (2), (3)");
    await rows("DELETE FROM t WHERE a = 2");
    expect(await (await lake.table("t")).truncate()).toMatchObject({ rowsDeleted: 2n });
  });

  it("is refused by an append-only table", async () => {
    await rows("CREATE TABLE t (a INT) TBLPROPERTIES ('delta.appendOnly' = 'true')");
    await rows("INSERT INTO t VALUES (1)");
    await expect(lake.sql("TRUNCATE TABLE t")).rejects.toMatchObject({ code: "append-only" });
  });
});
