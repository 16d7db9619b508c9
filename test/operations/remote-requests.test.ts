import { expect, onTestFinished, test } from "vitest";
import { type Lake, openLake } from "../../src/index.js";
import { farStores } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// What statements ask a store far away for, the bytes of data files aside.

interface FarLake {
  readonly lake: Lake;
  /** The requests since the last call, sorted, with names in place of those that are new each time. */
  take(): string[];
}

/** Opens the lake below `root` as a process does that shares nothing with others but the cache in `directory`. */
async function openFar(root: string, directory: string): Promise<FarLake> {
  const { open, opened } = farStores(root);
  const lake = await openLake("far://bucket/lake", { threads: 1, openStore: open, cache: { directory } });
  onTestFinished(() => lake.close());
  const take = (): string[] =>
    [...opened.values()]
      .flatMap((store) => store.take())
      .map((request) =>
        request.replace(/part-.*\.parquet/, "FILE").replaceAll("_grizzly/catalog/", "catalog/"),
      )
      .filter((request) => request !== "get FILE")
      .sort();
  return { lake, take };
}

async function run(lake: Lake, script: string): Promise<void> {
  for await (const result of lake.script(script)) await result.close();
}

const digits = (version: number): string => String(version).padStart(20, "0");
const SUM = "SELECT sum(a) FROM t";
/** Of a catalog with one entry: what came before the query began, and what came while it looked at its tables. */
const CATALOG = Array.from({ length: 2 }, () => `list catalog/ after catalog/${digits(1)}`);

test("a lake, a table and its rows come with few requests, and again with fewer", async () => {
  const [root, cache] = [await temporaryFolder(), await temporaryFolder()];
  const { lake } = await openFar(root, cache);
  await run(lake, "CREATE TABLE t (a INT, b INT)");
  for (let n = 1; n <= 12; n++) await run(lake, `INSERT INTO t VALUES (${n}, ${n})`);

  const cold = await openFar(root, await temporaryFolder());
  const opening = [
    `get catalog/${digits(0)}.json`,
    "get catalog/_last_checkpoint",
    `list catalog/ after catalog/${digits(0)}`,
  ];
  expect(cold.take()).toEqual(opening);
  await run(cold.lake, SUM);
  const look = ["get _last_checkpoint", `list  after ${digits(10)}`];
  const log = [
    `${digits(10)}.checkpoint.parquet`,
    `${digits(11)}.json`,
    `${digits(12)}.crc`,
    `${digits(12)}.json`,
  ];
  expect(cold.take()).toEqual([...log.map((file) => `get ${file}`), ...look, ...CATALOG].sort());
  await run(cold.lake, SUM);
  // Nothing has changed since, so there is nothing that a transaction could have done meanwhile.
  expect(cold.take()).toEqual([`list  after ${digits(12)}`, ...CATALOG.slice(1)]);

  // The process that wrote has left some of the log in the cache: its own entries, but not the checkpoint.
  const warm = await openFar(root, cache);
  await run(warm.lake, SUM);
  await warm.lake.close();
  const again = await openFar(root, cache);
  expect(again.take()).toEqual(opening);
  await run(again.lake, SUM);
  expect(again.take()).toEqual([...look, ...CATALOG].sort());
});

test("an insert costs a look at the log and at the catalog, and its own files", async () => {
  const [root, cache] = [await temporaryFolder(), await temporaryFolder()];
  const { lake, take } = await openFar(root, cache);
  await run(lake, "CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (0, 0)");
  take();
  await run(lake, "INSERT INTO t VALUES (1, 2)");
  expect(take()).toEqual(
    [
      "adopt FILE",
      `list  after ${digits(0)}`,
      ...CATALOG,
      `putIfAbsent ${digits(2)}.json`,
      `putIfAbsent ${digits(2)}.crc`,
    ].sort(),
  );
  // Entries of its own are not asked for again.
  await run(lake, SUM);
  expect(take()).toEqual([`get ${digits(0)}.json`, `list  after ${digits(1)}`, ...CATALOG].sort());
});

test("the tables of a lake are looked at side by side, each by one request", async () => {
  const { lake, take } = await openFar(await temporaryFolder(), await temporaryFolder());
  await run(lake, "CREATE TABLE a (i INT); CREATE TABLE b (i INT); CREATE TABLE c (i INT)");
  take();
  expect((await lake.tables()).map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(take()).toEqual([
    ...Array.from({ length: 3 }, () => "list  after "),
    `list catalog/ after catalog/${digits(3)}`,
  ]);
});
