import { readdir } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { isLakeError } from "../../core/index.js";
import { LakeOfTransactions } from "../support/lake-of-transactions.js";
import { temporaryFolder } from "../support/temporary-folder.js";
import { worker } from "./transaction-crash.js";

/** Two tables with the rows 1 and 2, each 0, in one file. */
async function counters(): Promise<LakeOfTransactions> {
  const lake = await LakeOfTransactions.open(path.join(await temporaryFolder(), "lake"));
  const columns = ["id", "n"].map((name) => ({ name, type: "BIGINT" }));
  for (const name of ["a", "b"]) {
    await lake.create(name, { columns });
    await lake.insert(name, "VALUES (1, 0), (2, 0)");
  }
  return lake;
}

/** Counts both tables up in one transaction, in this order; begins again where it lost. */
async function countUp(lake: LakeOfTransactions, order: readonly string[]): Promise<void> {
  for (;;) {
    const transaction = lake.begin();
    for (const name of order) await transaction.changes.update(name, "n", "n + 1", "id = 1");
    try {
      await transaction.commit();
      return;
    } catch (error) {
      expect(isLakeError(error, "conflict") && error.code).toBe("transaction-conflict");
    }
  }
}

const BOTH = "SELECT a.n AS a, b.n AS b FROM a JOIN b USING (id) WHERE id = 1";

/** Reads until `writing` is done; whenever it reads, the two tables have counted alike, and not backwards. */
async function watch(lake: LakeOfTransactions, writing: Promise<unknown>): Promise<void> {
  let isDone = false;
  const done = writing.finally(() => {
    isDone = true;
  });
  let [reads, last] = [0, 0n];
  for (; !isDone; reads++) {
    // One table alone tells nothing of a transaction that the next query does not.
    const [alone] = await lake.rows("SELECT n FROM a WHERE id = 1");
    const [row] = await lake.rows(BOTH);
    expect(row?.["a"]).toBe(row?.["b"]);
    const [before, now] = [BigInt(String(alone?.["n"])), BigInt(String(row?.["a"]))];
    expect(before).toBeGreaterThanOrEqual(last);
    expect(now).toBeGreaterThanOrEqual(before);
    last = now;
  }
  await done;
  expect(reads).toBeGreaterThan(1);
}

test("two transactions over the same tables in opposite order, and a reader of both", async () => {
  const lake = await counters();
  const [left, right, reader] = [
    await LakeOfTransactions.open(lake.folder),
    await LakeOfTransactions.open(lake.folder),
    await LakeOfTransactions.open(lake.folder),
  ];
  const times = 5;
  const repeat = async (by: LakeOfTransactions, order: readonly string[]): Promise<void> => {
    for (let time = 0; time < times; time++) await countUp(by, order);
  };
  await watch(reader, Promise.all([repeat(left, ["a", "b"]), repeat(right, ["b", "a"])]));
  const all = BigInt(2 * times);
  expect(await lake.rows(BOTH)).toEqual([{ a: all, b: all }]);
  for (const name of ["a", "b"]) expect(await lake.findings(name)).toEqual([]);
}, 120_000);

/** The writes of a commit of two tables at which its outcome is decided, and at which it is over. */
const isOfCatalog = (write: string): boolean => write.startsWith("putIfAbsent _grizzly/catalog/");

test.each([
  { reader: "may write", mayWrite: true },
  { reader: "may only read", mayWrite: false },
])(
  "between any two writes of a commit a reader that $reader sees all of it or nothing",
  async ({ mayWrite }) => {
    const { folder } = await counters();
    const { lake, life } = await worker(folder);
    const { lake: reader, life: ofReader } = await worker(folder);
    ofReader.mayWrite = mayWrite;
    const seen: { readonly write: string; readonly rows: unknown }[] = [];
    const transaction = lake.begin();
    for (const name of ["b", "a"]) await transaction.changes.update(name, "n", "7", "id = 1");
    life.afterWrite = async (write) => {
      seen.push({ write, rows: await reader.rows(BOTH) });
    };
    await transaction.commit();
    // A reader that may write finishes what it finds begun; one that may not sees the end of it.
    const catalogWrites = seen.flatMap(({ write }, index) => (isOfCatalog(write) ? [index] : []));
    const turn = catalogWrites.at(mayWrite ? 0 : -1) ?? -1;
    expect(turn).toBeGreaterThan(0);
    expect(seen.map(({ rows }) => rows)).toEqual(
      seen.map((_, index) => [index < turn ? { a: 0n, b: 0n } : { a: 7n, b: 7n }]),
    );
    expect(ofReader.writes.length > 0).toBe(mayWrite);
  },
  120_000,
);

test("a transaction that loses after it was decided is taken back, and no reader has seen it", async () => {
  const { folder } = await counters();
  const { lake, life } = await worker(folder);
  const { lake: reader, life: ofReader } = await worker(folder);
  ofReader.mayWrite = false;
  const stranger = await LakeOfTransactions.open(folder);
  const seen: unknown[] = [];
  const transaction = lake.begin();
  for (const name of ["a", "b"]) await transaction.changes.update(name, "n", "7", "id = 1");
  let isBegun = false;
  life.afterWrite = async (write) => {
    // Row 2 lies in the file of row 1.
    if (isOfCatalog(write) && !isBegun) {
      await stranger.foreign().update("b", "n", "1", "id = 2");
      isBegun = true;
    }
    seen.push(await reader.rows("SELECT a.n AS a, b.n AS b FROM a JOIN b USING (id) ORDER BY id"));
  };
  await expect(transaction.commit()).rejects.toMatchObject({
    kind: "conflict",
    code: "transaction-conflict",
  });
  const [before, after] = [
    [
      { a: 0n, b: 0n },
      { a: 0n, b: 0n },
    ],
    [
      { a: 0n, b: 0n },
      { a: 0n, b: 1n },
    ],
  ];
  const turn = seen.findIndex((rows) => isDeepStrictEqual(rows, after));
  expect(turn).toBeGreaterThan(0);
  expect(seen).toEqual(seen.map((_, index) => (index < turn ? before : after)));
  const history = (await readdir(path.join(await lake.folderOf("a"), "_delta_log"))).filter((name) =>
    /^\d+\.json$/.test(name),
  );
  // Created, filled, changed, taken back.
  expect(history).toHaveLength(4);
  life.afterWrite = undefined;
  await countUp(lake, ["a", "b"]);
  expect(await lake.rows(BOTH)).toEqual([{ a: 1n, b: 1n }]);
  for (const name of ["a", "b"]) expect(await lake.findings(name)).toEqual([]);
}, 120_000);

test("what another writer built on before it could be taken back stays, and is named", async () => {
  const { folder } = await counters();
  const { lake, life } = await worker(folder);
  const stranger = await LakeOfTransactions.open(folder);
  const transaction = lake.begin();
  for (const name of ["a", "b"]) await transaction.changes.update(name, "n", "7", "id = 1");
  let isBegun = false;
  life.afterWrite = async (write) => {
    if (isOfCatalog(write) && !isBegun) {
      await stranger.foreign().update("b", "n", "1", "id = 2");
      isBegun = true;
    } else if (write.endsWith("/00000000000000000002.crc") || /0002\.json$/.test(write)) {
      life.afterWrite = undefined;
      await stranger.foreign().update("a", "n", "n + 1", "id = 1");
    }
  };
  await expect(transaction.commit()).rejects.toMatchObject({
    kind: "conflict",
    code: "transaction-torn",
    context: { table: "b", kept: "a" },
  });
  expect(await lake.rows("SELECT a.n AS a, b.n AS b FROM a JOIN b USING (id) ORDER BY id")).toEqual([
    { a: 8n, b: 0n },
    { a: 0n, b: 1n },
  ]);
  // It is over: the tables can be changed.
  await countUp(lake, ["a", "b"]);
  for (const name of ["a", "b"]) expect(await lake.findings(name)).toEqual([]);
}, 120_000);

test("a table that was created in vain is gone again", async () => {
  const { folder } = await counters();
  const { lake, life } = await worker(folder);
  const stranger = await LakeOfTransactions.open(folder);
  const columns = [{ name: "id", type: "BIGINT" }];
  const transaction = lake.begin();
  await transaction.changes.update("a", "n", "7", "id = 1");
  for (const name of ["c", "d"]) {
    await transaction.changes.create(name, { columns });
    await transaction.changes.insert(name, "VALUES (1)");
  }
  life.afterWrite = async (write) => {
    if (!isOfCatalog(write)) return;
    life.afterWrite = undefined;
    await stranger.foreign().create("d", { columns });
    await stranger.foreign().insert("d", "VALUES (2)");
  };
  await expect(transaction.commit()).rejects.toMatchObject({
    code: "transaction-conflict",
    context: { table: "d" },
  });
  await expect(lake.rows("SELECT * FROM c")).rejects.toMatchObject({ kind: "not-found" });
  expect(await lake.rows("SELECT a.n, d.id FROM a, d WHERE a.id = 1")).toEqual([{ n: 0n, id: 2n }]);
  await stranger.create("c", { columns });
  expect(await lake.rows("SELECT count(*) AS n FROM c")).toEqual([{ n: 0n }]);
  for (const name of ["a", "c", "d"]) expect(await lake.findings(name)).toEqual([]);
}, 120_000);
