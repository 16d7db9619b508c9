import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { folderListing } from "../support/folder-listing.js";
import { temporaryLake } from "../support/temporary-lake.js";

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
});

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

/** Two files of 50 rows: ids 0 to 49 and 50 to 99. */
async function twoFiles(properties: string, more = ""): Promise<void> {
  await rows(`CREATE TABLE t (id INT, p STRING) ${more} ${properties}`);
  for (const first of [0, 50]) {
    const file = path.join(folder, `${first}.jsonl`);
    const lines = Array.from({ length: 50 }, (_, i) => JSON.stringify({ id: first + i, p: `p${first}` }));
    await writeFile(file, lines.join("\n"));
    await lake.ingest([file], { into: "t" });
  }
}

async function lastEntry(): Promise<{ readonly [kind: string]: Record<string, unknown> }[]> {
  const log = path.join(fileURLToPath((await lake.table("t")).location), "_delta_log");
  const last = (await readdir(log)).filter((name) => /^\d{20}\.json$/.test(name)).at(-1) ?? "";
  const text = await readFile(path.join(log, last), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
}

/** A signal that is aborted when it has been looked at so often. */
function stopAfter(looks: number): AbortSignal {
  const controller = new AbortController();
  let left = looks;
  return new Proxy(controller.signal, {
    get(signal, key) {
      if (key === "aborted" && --left === 0) controller.abort();
      const value: unknown = Reflect.get(signal, key, signal);
      return typeof value === "function" ? value.bind(signal) : value;
    },
  });
}

const VECTORS = "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')";

describe.each([
  ["deletion vectors", VECTORS],
  ["copy on write", ""],
  [
    "column mapping",
    "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.columnMapping.mode' = 'name')",
  ],
])("DELETE with %s", (_, properties) => {
  it.each(["", "PARTITIONED BY (p)"])(
    "deletes the rows of a condition, again and again %s",
    async (partition) => {
      await twoFiles(properties, partition);
      const kept = new Set(Array.from({ length: 100 }, (_, id) => id));
      for (const [where, gone] of [
        ["id % 10 = 3", (id: number) => id % 10 === 3],
        ["id BETWEEN 45 AND 55 OR id = 7", (id: number) => (id >= 45 && id <= 55) || id === 7],
        ["id < 50", (id: number) => id < 50],
        ["id = 1000", () => false],
      ] as const) {
        for (const id of [...kept]) if (gone(id)) kept.delete(id);
        await rows(`DELETE FROM t WHERE ${where}`);
        const found = await rows("SELECT id FROM t ORDER BY id");
        expect(found.map((row) => row["id"])).toEqual([...kept]);
        expect(await rows("SELECT count(*)::INT AS n FROM t")).toEqual([{ n: kept.size }]);
      }
      expect((await (await lake.table("t")).describe()).numRows).toBe(BigInt(kept.size));
      expect(await rows("SELECT count(*)::INT AS n FROM t VERSION AS OF 2")).toEqual([{ n: 100 }]);
      expect((await (await lake.table("t")).fsck()).findings).toEqual([]);
    },
  );
});

describe("DELETE", () => {
  it("marks rows without touching the file, and drops a file with its last row", async () => {
    await twoFiles(VECTORS);
    const report = await (await lake.table("t")).delete({ where: "id >= 49" });
    expect(report).toMatchObject({ rowsDeleted: 51n, filesRemoved: 1, filesMarked: 1, filesRewritten: 0 });
    const entry = await lastEntry();
    const adds = entry.filter((action) => action["add"] !== undefined);
    expect(adds).toHaveLength(1);
    expect(adds[0]?.["add"]).toMatchObject({ deletionVector: { storageType: "u", cardinality: 1 } });
    expect(JSON.parse(String(adds[0]?.["add"]?.["stats"]))).toMatchObject({
      numRecords: 50,
      tightBounds: false,
    });
    expect(entry.filter((action) => action["remove"] !== undefined)).toHaveLength(2);
    expect(entry[0]?.["commitInfo"]).toMatchObject({
      operation: "DELETE",
      operationMetrics: { numDeletedRows: "51", numRemovedFiles: "1", numDeletionVectorsAdded: "1" },
    });
  });

  it("commits nothing when no row is found", async () => {
    await twoFiles(VECTORS);
    const report = await (await lake.table("t")).delete({ where: "id = $id", parameters: { id: -1 } });
    expect(report).toMatchObject({ version: 2n, rowsDeleted: 0n });
    expect((await (await lake.table("t")).describe()).version).toBe(2n);
  });

  it("deletes every row without a condition", async () => {
    await twoFiles(VECTORS);
    await rows("DELETE FROM t");
    expect((await (await lake.table("t")).describe()).numFiles).toBe(0);
  });

  it("keeps the ids of rows that it writes again", async () => {
    await twoFiles("TBLPROPERTIES ('delta.enableRowTracking' = 'true')");
    const select = "SELECT id, _metadata.row_id AS r, _metadata.row_commit_version AS v FROM t ORDER BY id";
    const before = await rows(select);
    await rows("DELETE FROM t WHERE id % 2 = 0");
    const after = await rows(select);
    expect(after).toEqual(before.filter((row) => Number(row["id"]) % 2 === 1));
    expect(new Set(after.map((row) => row["r"])).size).toBe(50);
  });

  it("writes the deleted rows out for the change data feed when it rewrites files", async () => {
    await twoFiles("TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", "PARTITIONED BY (p)");
    await rows("DELETE FROM t WHERE id >= 40");
    const changes = (await lastEntry()).flatMap((action) =>
      action["cdc"] === undefined ? [] : [action["cdc"]],
    );
    expect(changes).toHaveLength(2);
    const table = fileURLToPath((await lake.table("t")).location);
    const files = changes.map((change) => path.join(table, String(change["path"])));
    const list = files.map((file) => `'${file}'`).join(", ");
    expect(
      await rows(
        `SELECT id, _change_type FROM read_parquet([${list}], hive_partitioning = false) ORDER BY id`,
      ),
    ).toEqual(Array.from({ length: 60 }, (_, i) => ({ id: 40 + i, _change_type: "delete" })));
  });

  it.each([VECTORS, ""])(
    "leaves nothing behind when it is stopped, wherever that is %s",
    async (properties) => {
      await twoFiles(properties);
      const table = await lake.table("t");
      const before = await folderListing(fileURLToPath(table.location));
      for (let calls = 1; calls < 400; calls += 9) {
        const stop = stopAfter(calls);
        const done = await table.delete({ where: "id % 3 = 0", signal: stop }).then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ kind: "cancelled" });
            return false;
          },
        );
        if (done) return;
        expect(await folderListing(fileURLToPath(table.location))).toEqual(before);
      }
      expect.fail("a DELETE that is never stopped ends");
    },
  );

  it("is refused where a column of the table hides the place of rows", async () => {
    await rows("CREATE TABLE t (id INT, _metadata STRING)");
    await expect(lake.sql("DELETE FROM t WHERE id = 1")).rejects.toMatchObject({ code: "metadata-column" });
  });

  it("is refused by an append-only table, and for a condition that cannot be", async () => {
    await twoFiles("TBLPROPERTIES ('delta.appendOnly' = 'true')");
    await expect(lake.sql("DELETE FROM t WHERE id = 1")).rejects.toMatchObject({ code: "append-only" });
    await rows("ALTER TABLE t SET TBLPROPERTIES ('delta.appendOnly' = 'false')");
    await expect(lake.sql("DELETE FROM t WHERE nothing = 1")).rejects.toMatchObject({
      kind: "invalid-input",
    });
    expect(await rows("SELECT count(*)::INT AS n FROM t")).toEqual([{ n: 100 }]);
  });
});
