import { readdir, rm } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { LakeOfTransactions } from "../support/lake-of-transactions.js";
import { atEachWrite, CrashScene, type Worker, worker } from "./transaction-crash.js";

const COLUMNS = [
  { name: "id", type: "BIGINT" },
  { name: "v", type: "VARCHAR" },
];

/** Two tables of two files each; `a` with deletion vectors. */
async function twoTables(lake: LakeOfTransactions): Promise<void> {
  await lake.create("a", { columns: COLUMNS, properties: { "delta.enableDeletionVectors": "true" } });
  await lake.create("b", { columns: COLUMNS });
  for (const name of ["a", "b"]) {
    await lake.insert(name, "VALUES (1, 'old'), (2, 'old')");
    await lake.insert(name, "VALUES (3, 'old')");
  }
}

/** Changes both tables, by several statements, up to the commit. */
async function transactionOf({ lake }: Worker): Promise<() => Promise<unknown>> {
  const transaction = lake.begin();
  await transaction.changes.update("a", "v", "'new'", "id = 1");
  await transaction.changes.insert("a", "VALUES (4, 'new')");
  await transaction.changes.update("b", "v", "'new'", "id = 1");
  return () => transaction.commit();
}

/** What a process finds that comes after: tables that are sound and can be changed, and the row that was updated. */
async function look(folder: string): Promise<{ readonly a: string; readonly b: string }> {
  const lake = await LakeOfTransactions.open(folder);
  try {
    const [row] = await lake.rows("SELECT a.v AS a, b.v AS b FROM a JOIN b USING (id) WHERE id = 1");
    const isThere = row?.["a"] === "new";
    expect(await lake.rows("SELECT count(*) AS n FROM a")).toEqual([{ n: isThere ? 4n : 3n }]);
    expect(await lake.rows("SELECT count(*) AS n FROM b")).toEqual([{ n: 3n }]);
    for (const name of ["a", "b"]) expect(await lake.findings(name)).toEqual([]);
    expect(lake.warnings).toEqual([]);
    const second = lake.begin();
    await second.changes.insert("a", "VALUES (9, 'second')");
    await second.changes.insert("b", "VALUES (9, 'second')");
    await second.commit();
    expect(await lake.rows("SELECT a.v FROM a JOIN b USING (id) WHERE id = 9")).toEqual([{ v: "second" }]);
    return { a: String(row?.["a"]), b: String(row?.["b"]) };
  } finally {
    await lake.close();
  }
}

const BOTH = { a: "new", b: "new" };
const NEITHER = { a: "old", b: "old" };

/** The writes of a commit up to its intent, with which it is decided. */
const isIntent = (write: string): boolean => write.startsWith("putIfAbsent _grizzly/catalog/");

/** A lake in which a process has stopped right after it wrote the intent down. */
async function pendingLake(scene: CrashScene): Promise<string> {
  const trial = await worker(await scene.copy());
  const committing = await transactionOf(trial);
  trial.life.writes.length = 0;
  await committing();
  const folder = await scene.copy();
  const stopping = await worker(folder);
  const commit = await transactionOf(stopping);
  stopping.life.endAfter(trial.life.writes.findIndex(isIntent) + 1);
  void commit();
  await stopping.life.stopped;
  return folder;
}

test("a process that stops before any write of a commit of two tables leaves both changes or neither", async () => {
  const scene = await CrashScene.make(twoTables);
  const writes: string[] = [];
  const found = await atEachWrite(scene, undefined, transactionOf, async (folder, done) => {
    writes.splice(0, writes.length, ...done);
    return look(folder);
  });
  const decided = writes.findIndex(isIntent) + 1;
  expect(decided).toBeGreaterThan(0);
  expect(found).toEqual(found.map((_, done) => (done < decided ? NEITHER : BOTH)));
  // Both commits, the end of the transaction, and what is deleted.
  expect(found.length - decided).toBeGreaterThan(5);
}, 300_000);

test("a reader that stops while it finishes what another process began leaves it to the next", async () => {
  const scene = await CrashScene.make(twoTables);
  const pending = await pendingLake(scene);
  const query =
    async ({ lake }: Worker) =>
    () =>
      lake.rows("SELECT count(*) AS n FROM b");
  const found = await atEachWrite(scene, pending, query, look);
  expect(found.length).toBeGreaterThan(5);
  expect(found).toEqual(found.map(() => BOTH));
}, 300_000);

test.each([
  { isLost: false, versions: 4 },
  // Taken back in the first table; in the second another writer has the version.
  { isLost: true, versions: 5 },
])(
  "processes that come across it at once settle it once; lost: $isLost",
  async ({ isLost, versions }) => {
    const scene = await CrashScene.make(twoTables);
    const folder = await pendingLake(scene);
    const lakes: LakeOfTransactions[] = [];
    for (let count = 0; count < 4; count++) lakes.push(await LakeOfTransactions.open(folder));
    if (isLost) await lakes[0]?.foreign().update("b", "v", "'theirs'", "id = 1");
    const sights = await Promise.all(
      lakes.map((lake) => lake.rows("SELECT a.v AS a, b.v AS b FROM a JOIN b USING (id) WHERE id = 1")),
    );
    expect(sights).toEqual(lakes.map(() => [isLost ? { a: "old", b: "theirs" } : BOTH]));
    const lake = await LakeOfTransactions.open(folder);
    const log = await readdir(path.join(await lake.folderOf("a"), "_delta_log"));
    expect(log.filter((name) => /^\d{20}\.json$/.test(name))).toHaveLength(versions);
    for (const name of ["a", "b"]) expect(await lake.findings(name)).toEqual([]);
  },
  60_000,
);

test("a change finishes what another process began before it stands on it", async () => {
  const scene = await CrashScene.make(twoTables);
  const lake = await LakeOfTransactions.open(await pendingLake(scene));
  await lake.insert("b", "SELECT count(*), 'counted' FROM a");
  expect(await lake.rows("SELECT id FROM b WHERE v = 'counted'")).toEqual([{ id: 4n }]);
  // Its commit came first.
  expect(await lake.rows("SELECT count(*) AS n FROM b VERSION AS OF 3 WHERE v = 'new'")).toEqual([{ n: 1n }]);
  expect(lake.catalog.pendingTransactions(["./default/a"])).toEqual([]);
}, 60_000);

test.each(["a", "b"])(
  "a transaction over a table that was deleted meanwhile is taken back: %s",
  async (gone) => {
    const scene = await CrashScene.make(twoTables);
    const folder = await pendingLake(scene);
    const lake = await LakeOfTransactions.open(folder);
    const left = gone === "a" ? "b" : "a";
    await rm(await lake.folderOf(gone), { recursive: true });
    expect(await lake.rows(`SELECT count(*) AS n FROM ${left} WHERE v = 'new'`)).toEqual([{ n: 0n }]);
    expect(lake.catalog.pendingTransactions(["./default/a"])).toEqual([]);
    await lake.insert(left, "VALUES (5, 'more')");
    expect(await lake.findings(left)).toEqual([]);
  },
  60_000,
);

test("a process that stops while it takes a lost transaction back leaves that to the next", async () => {
  const scene = await CrashScene.make(twoTables);
  const pending = await pendingLake(scene);
  const other = await LakeOfTransactions.open(pending);
  await other.foreign().update("b", "v", "'theirs'", "id = 1");
  await other.close();
  const query =
    async ({ lake }: Worker) =>
    () =>
      lake.rows("SELECT count(*) AS n FROM b");
  const found = await atEachWrite(scene, pending, query, look);
  expect(found.length).toBeGreaterThan(6);
  expect(found).toEqual(found.map(() => ({ ...NEITHER, b: "theirs" })));
}, 300_000);
