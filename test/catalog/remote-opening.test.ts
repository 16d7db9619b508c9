import { expect, test } from "vitest";
import { Catalog, tableName } from "../../catalog/index.js";
import { MemoryStore, objectPath } from "../../object-store/index.js";
import { RemoteStore } from "../support/remote-store.js";

const FOLDER = "_grizzly/catalog";
const digits = (version: number): string => String(version).padStart(20, "0");
/** Entries after the checkpoint that the twentieth one makes due. */
const TABLES = 23;
const CHECKPOINT = 19;

async function withTables(): Promise<MemoryStore> {
  const store = new MemoryStore();
  const catalog = await Catalog.open(store);
  for (let n = 0; n < TABLES; n++) await catalog.createTable(tableName(`t${n}`));
  return store;
}

async function opening(store: MemoryStore): Promise<string[]> {
  const remote = new RemoteStore(store);
  expect((await Catalog.open(remote)).tables()).toHaveLength(TABLES);
  return remote.take().map((request) => request.replaceAll(`${FOLDER}/`, ""));
}

const NEWEST = [
  `get ${digits(CHECKPOINT)}.checkpoint.json`,
  ...[20, 21, 22].map((version) => `get ${digits(version)}.json`),
];

test("a catalog is listed while its hint is read, and then read all at once", async () => {
  expect(await opening(await withTables())).toEqual(
    [...NEWEST, "get _last_checkpoint", `list  after ${digits(0)}`].sort(),
  );
});

test("one with more files than a listing has at once is listed from its hint", async () => {
  const store = await withTables();
  for (let n = 0; n < 1_000; n++) {
    await store.put(objectPath(`${FOLDER}/${digits(0)}.of-another-tool-${n}`), new Uint8Array());
  }
  expect(await opening(store)).toEqual(
    [
      ...NEWEST,
      "get _last_checkpoint",
      `list  after ${digits(0)}`,
      `list  after ${digits(CHECKPOINT)}`,
    ].sort(),
  );
});
