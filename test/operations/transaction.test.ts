import { readdir } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { CountingStore, openStore } from "../../object-store/index.js";
import { type Changes, LakeOfTransactions } from "../support/lake-of-transactions.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const TABLE = {
  columns: [
    { name: "id", type: "BIGINT" },
    { name: "v", type: "VARCHAR" },
  ],
};

/** A lake with two tables of rows 1, 2, 3. */
async function lakeOf(properties: Readonly<Record<string, string>> = {}): Promise<LakeOfTransactions> {
  const lake = await LakeOfTransactions.open(path.join(await temporaryFolder(), "lake"));
  for (const name of ["a", "b"]) {
    await lake.create(name, { ...TABLE, properties });
    await lake.insert(name, "VALUES (1, 'x'), (2, 'y'), (3, 'z')");
  }
  return lake;
}

type Begun = ReturnType<LakeOfTransactions["begin"]>;

/** A transaction by its parts. */
function bound(transaction: Begun): Pick<Begun, "changes" | "commit"> {
  return { changes: transaction.changes, commit: (signal) => transaction.commit(signal) };
}

const ids = (name: string): string => `SELECT list(id ORDER BY id) AS ids FROM ${name}`;

test("statements see what those before them did, and nobody else does before the commit", async () => {
  const lake = await lakeOf();
  const transaction = lake.begin();
  const { changes } = transaction;
  await changes.insert("a", "SELECT 4, 'new'");
  await changes.delete("a", "id = 1");
  await changes.update("b", "v", "'changed'", "id IN (SELECT id FROM a)");
  expect(await changes.rows(ids("a"))).toEqual([{ ids: [2n, 3n, 4n] }]);
  expect(await lake.rows(ids("a"))).toEqual([{ ids: [1n, 2n, 3n] }]);
  const report = await transaction.commit();
  expect(report.tables).toMatchObject([
    { table: "a", version: 2n },
    { table: "b", version: 2n },
  ]);
  expect(await lake.rows(ids("a"))).toEqual([{ ids: [2n, 3n, 4n] }]);
  expect(await lake.rows("SELECT id, v FROM b ORDER BY id")).toEqual([
    { id: 1n, v: "x" },
    { id: 2n, v: "changed" },
    { id: 3n, v: "changed" },
  ]);
  expect(await lake.findings("a")).toEqual([]);
  expect(await lake.findings("b")).toEqual([]);
  expect(await readdir(path.join(await lake.folderOf("a"), "_delta_log/_staged_commits"))).toEqual([]);
});

test("a transaction that is rolled back leaves no trace", async () => {
  const lake = await lakeOf();
  const before = await readdir(await lake.folderOf("a"));
  const transaction = lake.begin();
  await transaction.changes.insert("a", "SELECT 4, 'new'");
  await transaction.changes.delete("b");
  await transaction.rollback();
  expect(await lake.rows(ids("a"))).toEqual([{ ids: [1n, 2n, 3n] }]);
  expect(await lake.rows(ids("b"))).toEqual([{ ids: [1n, 2n, 3n] }]);
  expect(await readdir(await lake.folderOf("a"))).toEqual(before);
  await expect(transaction.commit()).rejects.toMatchObject({ code: "transaction-over" });
});

test("the commit of one table after several statements nets what they did", async () => {
  const lake = await lakeOf({ "delta.enableDeletionVectors": "true" });
  const transaction = lake.begin();
  const { changes } = transaction;
  await changes.delete("a", "id = 1");
  await changes.insert("a", "VALUES (4, 'n'), (5, 'n')");
  await changes.delete("a", "id IN (2, 4)");
  await changes.update("a", "v", "'u'", "id = 5");
  await transaction.commit();
  expect(await lake.rows("SELECT id, v FROM a ORDER BY id")).toEqual([
    { id: 3n, v: "z" },
    { id: 5n, v: "u" },
  ]);
  expect(await lake.findings("a")).toEqual([]);
});

test("a conflict in one table leaves both as they are", async () => {
  const lake = await lakeOf();
  const other = await LakeOfTransactions.open(lake.folder);
  const transaction = lake.begin();
  await transaction.changes.update("a", "v", "'mine'", "id = 1");
  await transaction.changes.update("b", "v", "'mine'", "id = 1");
  await other.update("b", "v", "'theirs'", "id = 1");
  await expect(transaction.commit()).rejects.toMatchObject({
    kind: "conflict",
    code: "transaction-conflict",
  });
  expect(await lake.rows("SELECT a.v AS a, b.v AS b FROM a JOIN b USING (id) WHERE id = 1")).toEqual([
    { a: "x", b: "theirs" },
  ]);
  expect(await lake.findings("a")).toEqual([]);
});

test("a transaction reads one moment of the lake, whatever is committed meanwhile", async () => {
  const lake = await lakeOf();
  const other = await LakeOfTransactions.open(lake.folder);
  const transaction = lake.begin();
  const counts = "SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b";
  expect(await transaction.changes.rows("SELECT count(*) AS n FROM a")).toEqual([{ n: 3n }]);
  const both = other.begin();
  await both.changes.insert("a", "VALUES (4, 'w')");
  await both.changes.insert("b", "VALUES (4, 'w')");
  await both.commit();
  // It looks at b for the first time now, and sees it as it was when it looked at a.
  expect(await transaction.changes.rows(counts)).toEqual([{ a: 3n, b: 3n }]);
  expect(await transaction.changes.rows("SELECT count(*) AS n FROM b VERSION AS OF 2")).toEqual([{ n: 4n }]);
  await transaction.changes.insert("a", "SELECT id + 10, v FROM b");
  await transaction.commit();
  expect(await lake.rows(counts)).toEqual([{ a: 7n, b: 4n }]);
});

test("a table is created, filled and altered with what else a transaction changes", async () => {
  const lake = await lakeOf();
  const { changes, commit } = bound(lake.begin());
  await changes.create("c", TABLE);
  await changes.alter("c", "ADD COLUMN w BIGINT");
  await changes.insert("c", "SELECT id, v, id * 2 FROM a");
  await changes.delete("a");
  expect(await changes.rows("SELECT sum(w)::BIGINT AS w FROM c")).toEqual([{ w: 12n }]);
  await expect(lake.rows("SELECT * FROM c")).rejects.toMatchObject({ kind: "not-found" });
  expect((await commit()).tables).toMatchObject([
    { table: "a", version: 2n },
    { table: "c", version: 0n },
  ]);
  expect(await lake.rows("SELECT sum(w)::BIGINT AS w FROM c")).toEqual([{ w: 12n }]);
  expect(await lake.rows("SELECT count(*) AS n FROM a")).toEqual([{ n: 0n }]);
  for (const name of ["a", "c"]) expect(await lake.findings(name)).toEqual([]);
});

test("a table that two transactions create is created by one of them", async () => {
  const lake = await lakeOf();
  const other = await LakeOfTransactions.open(lake.folder);
  const { changes, commit } = bound(lake.begin());
  await changes.delete("a", "id = 1");
  await changes.create("c", TABLE);
  await changes.insert("c", "VALUES (1, 'mine')");
  await other.create("c", TABLE);
  await other.insert("c", "VALUES (1, 'theirs')");
  await expect(commit()).rejects.toMatchObject({ code: "transaction-conflict" });
  expect(await lake.rows("SELECT v FROM c")).toEqual([{ v: "theirs" }]);
  expect(await lake.rows(ids("a"))).toEqual([{ ids: [1n, 2n, 3n] }]);
});

test("a statement that fails leaves the transaction as it was", async () => {
  const lake = await lakeOf();
  await lake.alter("a", "ADD CONSTRAINT positive CHECK (id > 0)");
  const { changes, commit } = bound(lake.begin());
  await changes.insert("a", "VALUES (4, 'w')");
  await expect(changes.insert("a", "VALUES (-1, 'w')")).rejects.toMatchObject({ kind: "invalid-input" });
  expect(await changes.rows(ids("a"))).toEqual([{ ids: [1n, 2n, 3n, 4n] }]);
  await commit();
  expect(await lake.rows(ids("a"))).toEqual([{ ids: [1n, 2n, 3n, 4n] }]);
});

test("what an application has committed in a transaction is skipped when it comes again", async () => {
  const lake = await lakeOf();
  for (const done of [true, false]) {
    const { changes, commit } = bound(lake.begin());
    const application = { appId: "job", version: 1n };
    expect(await changes.insert("a", "VALUES (4, 'w')", { application })).toBe(done);
    expect(await changes.insert("a", "VALUES (5, 'w')", { application })).toBe(false);
    await changes.insert("b", "VALUES (4, 'w')");
    await commit();
  }
  expect(await lake.rows("SELECT (SELECT count(*) FROM a) AS a, (SELECT count(*) FROM b) AS b")).toEqual([
    { a: 4n, b: 5n },
  ]);
});

test("a table by its path is the table by its name", async () => {
  const lake = await lakeOf();
  const { changes, commit } = bound(lake.begin());
  const folder = await lake.folderOf("a");
  await changes.insert(folder, "VALUES (4, 'w')");
  await changes.insert("a", "VALUES (5, 'w')");
  await changes.insert("b", "VALUES (4, 'w')");
  expect(await changes.rows(`SELECT count(*) AS n FROM delta.\`${folder}\``)).toEqual([{ n: 5n }]);
  expect((await commit()).tables).toHaveLength(2);
  expect(await lake.rows(`SELECT count(*) AS n FROM delta.\`${folder}\``)).toEqual([{ n: 5n }]);
});

test("an overwrite in a transaction replaces what the transaction saw", async () => {
  const lake = await lakeOf();
  const { changes, commit } = bound(lake.begin());
  await changes.insert("a", "VALUES (4, 'w')");
  await changes.insert("a", "SELECT id * 10, v FROM a", { mode: "overwrite" });
  await changes.insert("b", "SELECT id, v FROM a", { mode: "overwrite" });
  await commit();
  for (const name of ["a", "b"]) {
    expect(await lake.rows(ids(name))).toEqual([{ ids: [10n, 20n, 30n, 40n] }]);
    expect(await lake.findings(name)).toEqual([]);
  }
});

test("rows that have no ids yet cannot be changed where the table tracks rows", async () => {
  const lake = await lakeOf({ "delta.enableRowTracking": "true" });
  const { changes, commit } = bound(lake.begin());
  await changes.update("a", "v", "'u'", "id = 1");
  await changes.insert("a", "VALUES (4, 'w')");
  await expect(changes.delete("a", "id = 4")).rejects.toMatchObject({ code: "transaction-row-ids" });
  await commit();
  expect(await lake.rows("SELECT count(*) AS n, count(DISTINCT _metadata.row_id) AS ids FROM a")).toEqual([
    { n: 4n, ids: 4n },
  ]);
  expect(await lake.findings("a")).toEqual([]);
});

test("a query looks at the catalog twice, whatever the number of its tables, and once where they are as before", async () => {
  const { folder } = await lakeOf();
  const stores: CountingStore[] = [];
  const lake = await LakeOfTransactions.open(folder, (uri) => {
    const store = new CountingStore(openStore(uri));
    if (uri === folder) stores.push(store);
    return store;
  });
  const query = "SELECT * FROM a, b, a AS c WHERE a.id IN (SELECT id FROM b)";
  const expectLooks = async (requests: number): Promise<void> => {
    stores[0]?.reset();
    await lake.rows(query);
    expect(stores[0]?.counts).toMatchObject({
      list: { requests },
      head: { requests: 0 },
      get: { requests: 0 },
    });
  };
  await lake.rows("SELECT * FROM a");
  await expectLooks(2);
  await expectLooks(1);
  await lake.insert("b", "SELECT * FROM b WHERE id = (SELECT min(id) FROM b)");
  await expectLooks(2);
});

test.each([
  { vectors: "true", partitionBy: [] },
  { vectors: "false", partitionBy: [] },
  { vectors: "true", partitionBy: ["v"] },
])(
  "a change feed tells what every statement changed: $vectors $partitionBy",
  async ({ vectors, partitionBy }) => {
    const lake = await LakeOfTransactions.open(path.join(await temporaryFolder(), "lake"));
    const properties = { "delta.enableChangeDataFeed": "true", "delta.enableDeletionVectors": vectors };
    for (const name of ["one", "each"]) {
      await lake.create(name, { ...TABLE, partitionBy, properties });
      await lake.insert(name, "SELECT i, 'p' || i % 2 FROM range(6) AS r(i)");
    }
    const statements = async (changes: Changes, name: string): Promise<void> => {
      await changes.insert(name, "VALUES (10, 'p0'), (11, 'p1')");
      await changes.delete(name, "id IN (0, 10)");
      await changes.update(name, "id", "id + 100", "id IN (1, 11)");
      await changes.insert(name, "VALUES (12, 'p1')");
      await changes.delete(name, "v = 'p0'");
    };
    const { changes, commit } = bound(lake.begin());
    await statements(changes, "one");
    expect((await commit()).tables).toMatchObject([{ version: 2n }]);
    await statements(lake, "each");
    const feed = (name: string, last: number): string =>
      `SELECT _change_type, id, v FROM table_changes('${name}', 2, ${last}) ORDER BY ALL`;
    const told = await lake.rows(feed("one", 2));
    expect(told.length).toBeGreaterThan(8);
    expect(told).toEqual(await lake.rows(feed("each", 6)));
    expect(await lake.rows("SELECT * FROM one ORDER BY ALL")).toEqual(
      await lake.rows("SELECT * FROM each ORDER BY ALL"),
    );
    expect(await lake.findings("one")).toEqual([]);
  },
);

test("a change feed of statements that the log tells is told by it, on balance", async () => {
  const lake = await lakeOf({
    "delta.enableChangeDataFeed": "true",
    "delta.enableDeletionVectors": "true",
  });
  const { changes, commit } = bound(lake.begin());
  await changes.insert("a", "VALUES (4, 'w')");
  await changes.delete("a", "id = 1");
  await changes.delete("a", "id = 4");
  await commit();
  expect(await lake.rows("SELECT _change_type, id FROM table_changes('a', 2, 2)")).toEqual([
    { _change_type: "delete", id: 1n },
  ]);
  expect(await readdir(await lake.folderOf("a"))).not.toContain("_change_data");
});
