import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, it } from "vitest";
import type { Lake, Row } from "../../src/index.js";
import { folderListing } from "../support/folder-listing.js";
import { temporaryLake } from "../support/temporary-lake.js";
import { stopAfter } from "./stop-after.js";

let lake: Lake;
let folder: string;
beforeEach(async () => {
  ({ lake, folder } = await temporaryLake());
});

async function rows(sql: string): Promise<Row[]> {
  return (await lake.sql(sql)).toArray();
}

/** A table of the given columns, and one file for each list of rows. */
async function table(columns: string, properties: string, ...files: readonly (readonly Row[])[]) {
  await rows(`CREATE TABLE t (${columns}) ${properties}`);
  for (const [index, lines] of files.entries()) {
    const file = path.join(folder, `${index}.jsonl`);
    await writeFile(file, lines.map((line) => JSON.stringify(line)).join("\n"));
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

async function commitMetrics(): Promise<unknown> {
  return (await lastEntry())[0]?.["commitInfo"]?.["operationMetrics"];
}

const numbers = (from: number, count: number): Row[] =>
  Array.from({ length: count }, (_, index) => ({ id: from + index, v: index }));

const VECTORS = "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')";

describe("UPDATE", () => {
  it("rewrites the files with rows of the condition and no other, one for each", async () => {
    await table("id INT, v INT", "", numbers(0, 10), numbers(10, 10), numbers(20, 10));
    await rows("UPDATE t SET v = v + 100 WHERE id IN (3, 25)");
    expect(await rows("SELECT id, v FROM t WHERE v >= 100 ORDER BY id")).toEqual([
      { id: 3, v: 103 },
      { id: 25, v: 105 },
    ]);
    expect(await rows("SELECT count(DISTINCT _metadata.file_path)::INT AS files FROM t")).toEqual([
      { files: 3 },
    ]);
    const ranges = await rows(
      "SELECT min(id) AS first, max(id) AS last FROM t GROUP BY _metadata.file_path ORDER BY first",
    );
    expect(ranges).toEqual([0, 10, 20].map((first) => ({ first, last: first + 9 })));
    expect(await commitMetrics()).toMatchObject({
      numUpdatedRows: "2",
      numCopiedRows: "18",
      numAddedFiles: "2",
      numRemovedFiles: "2",
    });
  });

  it("marks rows in deletion vectors and puts the new ones into one file", async () => {
    await table("id INT, v INT", VECTORS, numbers(0, 10), numbers(10, 10));
    await rows("UPDATE t SET v = -1 WHERE id IN (3, 15)");
    const adds = (await lastEntry()).flatMap(({ add }) => (add === undefined ? [] : [add]));
    expect(adds.filter((add) => add["deletionVector"] !== undefined)).toHaveLength(2);
    expect(adds).toHaveLength(3);
    expect(await commitMetrics()).toMatchObject({
      numUpdatedRows: "2",
      numCopiedRows: "0",
      numAddedFiles: "1",
      numRemovedFiles: "0",
      numDeletionVectorsAdded: "2",
    });
    expect((await rows("SELECT id FROM t WHERE v = -1 ORDER BY id")).map((row) => row["id"])).toEqual([
      3, 15,
    ]);
  });

  it("commits nothing when no row is found", async () => {
    await table("id INT, v INT", "", numbers(0, 3));
    const before = (await (await lake.table("t")).describe()).version;
    await rows("UPDATE t SET v = 1 WHERE id > 100");
    expect((await (await lake.table("t")).describe()).version).toBe(before);
  });

  it("does not let files grow in number where it rewrites them", async () => {
    await table("id INT, v INT", "", numbers(0, 10), numbers(10, 10));
    for (let round = 0; round < 5; round++) await rows(`UPDATE t SET v = v + 1 WHERE id % 5 = ${round}`);
    expect((await (await lake.table("t")).describe()).numFiles).toBe(1);
  });

  it("moves rows to their new partition", async () => {
    await table("id INT, p STRING", "PARTITIONED BY (p)", [
      { id: 1, p: "a" },
      { id: 2, p: "a" },
      { id: 3, p: "b" },
    ]);
    await rows("UPDATE t SET p = 'c' WHERE id <> 2");
    expect(await rows("SELECT id, p FROM t ORDER BY id")).toEqual([
      { id: 1, p: "c" },
      { id: 2, p: "a" },
      { id: 3, p: "c" },
    ]);
    expect((await (await lake.table("t")).describe()).numFiles).toBe(2);
  });

  it("evaluates a volatile expression once for each row: the feed tells what is in the table", async () => {
    await table("id INT, v DOUBLE", "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')", numbers(0, 9));
    await rows("UPDATE t SET v = random()");
    const now = (await (await lake.table("t")).describe()).version;
    const changes = await (await (await lake.table("t")).changes({ from: now, to: now })).toArray();
    const told = changes
      .filter((row) => row["_change_type"] === "update_postimage")
      .map(({ id, v }) => ({ id, v }))
      .toSorted((a, b) => Number(a.id) - Number(b.id));
    expect(told).toEqual(await rows("SELECT id, v FROM t ORDER BY id"));
    expect(new Set(told.map(({ v }) => v)).size).toBe(9);
  });

  it("sees values as they were, in every expression, and other tables", async () => {
    await table("a INT, b INT", "", [
      { a: 1, b: 2 },
      { a: 3, b: 4 },
    ]);
    await rows("CREATE TABLE other (x INT)");
    await rows("UPDATE t AS this SET a = this.b, b = a + (SELECT count(*) FROM other)");
    expect(await rows("SELECT a, b FROM t ORDER BY a")).toEqual([
      { a: 2, b: 1 },
      { a: 4, b: 3 },
    ]);
    await rows("UPDATE t SET b = (SELECT max(x.a) FROM t AS x) WHERE t.a = 2");
    expect(await rows("SELECT a, b FROM t ORDER BY a")).toEqual([
      { a: 2, b: 4 },
      { a: 4, b: 3 },
    ]);
  });

  it("gives NULL and defaults", async () => {
    await table(
      "a INT, b INT DEFAULT 7, c STRING, d DATE",
      "TBLPROPERTIES ('delta.feature.allowColumnDefaults' = 'supported')",
      [{ a: 1, b: 2, c: "x" }],
    );
    await rows("UPDATE t SET a = NULL, b = DEFAULT, c = DEFAULT, d = NULL");
    expect(await rows("SELECT a, b, c, d FROM t")).toEqual([{ a: null, b: 7, c: null, d: null }]);
  });

  it("computes generated columns anew, and checks one that is set", async () => {
    await table("a INT, twice INT GENERATED ALWAYS AS (a * 2)", "", [{ a: 1 }, { a: 5 }]);
    await rows("UPDATE t SET a = a + 1 WHERE a = 5");
    expect(await rows("SELECT a, twice FROM t ORDER BY a")).toEqual([
      { a: 1, twice: 2 },
      { a: 6, twice: 12 },
    ]);
    await expect(lake.sql("UPDATE t SET twice = 5")).rejects.toMatchObject({ code: "constraint" });
    await rows("UPDATE t SET a = 10, twice = 20 WHERE a = 1");
  });

  it("keeps the constraints, and leaves nothing behind when a row breaks one", async () => {
    await table("id INT NOT NULL, v INT", "", numbers(0, 5));
    await rows("ALTER TABLE t ADD CONSTRAINT low CHECK (v < 50)");
    const { location } = await lake.table("t");
    const before = await folderListing(fileURLToPath(location));
    await expect(lake.sql("UPDATE t SET v = v * 20")).rejects.toMatchObject({
      code: "constraint",
      context: { constraint: "low" },
      message: expect.stringContaining("v = 60"),
    });
    await expect(lake.sql("UPDATE t SET id = NULL WHERE id = 2")).rejects.toMatchObject({
      context: { constraint: "id", kind: "not-null" },
    });
    expect(await folderListing(fileURLToPath(location))).toEqual(before);
  });

  it("names the column and the value that does not fit", async () => {
    await table("id INT, small TINYINT, price DECIMAL(6,2)", "", [{ id: 300, small: 1, price: 1 }]);
    await expect(lake.sql("UPDATE t SET small = id")).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.stringMatching(/small.*300/s),
    });
    await expect(lake.sql("UPDATE t SET price = 1.005")).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.stringMatching(/price/),
    });
    await rows("UPDATE t SET small = 12, price = price * 1.5");
    expect(await rows("SELECT small, price::STRING AS price FROM t")).toEqual([{ small: 12, price: "1.50" }]);
  });

  it("takes parameters by their place in the statement", async () => {
    await table("id INT, v INT", "", numbers(0, 3));
    await (await lake.sql("UPDATE t SET v = ? WHERE id = ?", { parameters: [9, 1] })).toArray();
    expect(await rows("SELECT v FROM t ORDER BY id")).toEqual([{ v: 0 }, { v: 9 }, { v: 2 }]);
  });

  it.each(["", VECTORS])(
    "leaves nothing behind when it is stopped, wherever that is %s",
    async (properties) => {
      await table("id INT, v INT", properties, numbers(0, 10), numbers(10, 10));
      const folder = fileURLToPath((await lake.table("t")).location);
      const before = await folderListing(folder);
      for (let looks = 3; looks < 400; looks += 11) {
        const done = await lake.sql("UPDATE t SET v = 9 WHERE id % 3 = 0", { signal: stopAfter(looks) }).then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ kind: "cancelled" });
            return false;
          },
        );
        if (done) return;
        expect(await folderListing(folder)).toEqual(before);
      }
      expect.fail("an UPDATE that is never stopped ends");
    },
  );

  it.each([
    ["UPDATE t SET nothing = 1", "column-not-found"],
    ["UPDATE t SET v = 1, V = 2", "column-set-twice"],
    ["UPDATE t SET st.a = 1, st = NULL", "column-set-twice"],
    ["UPDATE t SET list.element = 1", "column-inside"],
    ["UPDATE t SET st.a = DEFAULT", "field-default"],
    ["UPDATE t SET v = unnest([1, 2])", "many-values"],
    ["UPDATE t SET v = 'many'", undefined],
    ["UPDATE t SET v = nothing", undefined],
    ["UPDATE t SET v = 1 WHERE nothing", undefined],
    ["UPDATE t SET v = sum(v)", undefined],
  ])("refuses %s", async (statement, code) => {
    await table("v INT, st STRUCT<a: INT>, list ARRAY<INT>", "", [{ v: 1, st: { a: 1 }, list: [1] }]);
    await expect(lake.sql(statement)).rejects.toMatchObject({
      kind: "invalid-input",
      message: expect.not.stringMatching(/scanned|gl_|read_parquet/),
      ...(code === undefined ? {} : { code }),
    });
    expect(await rows("SELECT v FROM t")).toEqual([{ v: 1 }]);
  });

  it("is refused by an append-only table and for an identity column", async () => {
    await table("id BIGINT GENERATED BY DEFAULT AS IDENTITY, v INT", "", [{ v: 1 }]);
    await expect(lake.sql("UPDATE t SET id = 7")).rejects.toMatchObject({ code: "identity-given" });
    await rows("UPDATE t SET v = 2");
    expect(await rows("SELECT id::INT AS id, v FROM t")).toEqual([{ id: 1, v: 2 }]);
    await rows("ALTER TABLE t SET TBLPROPERTIES ('delta.appendOnly' = 'true')");
    await expect(lake.sql("UPDATE t SET v = 3")).rejects.toMatchObject({ code: "append-only" });
  });

  it("changes one column of a thousand", async () => {
    const names = Array.from({ length: 1000 }, (_, index) => `c${index}`);
    await rows(`CREATE TABLE t (${names.map((name) => `${name} INT`).join(", ")})`);
    await rows("INSERT INTO t (c0, c499, c999) VALUES (7, 499, 1000)");
    await rows("UPDATE t SET c500 = c999 + c0");
    expect(await rows("SELECT c499, c500, c501, c999 FROM t")).toEqual([
      { c499: 499, c500: 1007, c501: null, c999: 1000 },
    ]);
  });
});
