import { expect, test } from "vitest";
import { Catalog, parseTableName as n } from "../../catalog/index.js";
import { LakeError } from "../../core/index.js";
import {
  type CallOptions,
  CountingStore,
  MemoryStore,
  type ObjectPath,
  objectPath,
} from "../../object-store/index.js";
import { bytes, contentsOf, pathsOf, text } from "../support/object-stores.js";

const FOLDER = "_grizzly/catalog";
const entry = (version: number): ObjectPath =>
  objectPath(`${FOLDER}/${String(version).padStart(20, "0")}.json`);
const checkpoint = (version: number): ObjectPath =>
  objectPath(`${FOLDER}/${String(version).padStart(20, "0")}.checkpoint.json`);
const HINT = objectPath(`${FOLDER}/_last_checkpoint`);

async function storeWithTables(count: number): Promise<MemoryStore> {
  const store = new MemoryStore();
  const catalog = await Catalog.open(store);
  for (let i = 0; i < count; i++) await catalog.createTable(n(`t${i}`));
  return store;
}

async function tablesIn(store: MemoryStore): Promise<number> {
  return (await Catalog.open(store)).tables().length;
}

test("an entry says who committed it, when and why", async () => {
  const store = new MemoryStore();
  const catalog = await Catalog.open(store, { clock: { now: () => 1_700_000_000_000 } });
  await catalog.createNamespace("ns");
  expect(await pathsOf(store.list(""))).toEqual([entry(0)]);
  const [first = "", second] = text(await store.get(entry(0))).split("\n");
  expect(JSON.parse(first)).toEqual({
    commit: { txnId: expect.any(String), timestamp: 1_700_000_000_000, operation: "CREATE NAMESPACE" },
  });
  expect(second).toBe('{"createNamespace":{"name":"ns"}}');
});

test("every 20 entries there is a checkpoint, and opening reads it and what came after", async () => {
  const store = await storeWithTables(45);
  const paths = await pathsOf(store.list(`${FOLDER}/`));
  expect(paths.filter((path) => path.includes("checkpoint"))).toEqual([checkpoint(19), checkpoint(39), HINT]);
  expect(text(await store.get(HINT))).toBe('{"version":39}');
  const counting = new CountingStore(store);
  expect((await Catalog.open(counting)).tables()).toHaveLength(45);
  // The hint, the checkpoint, entries 40 to 44.
  expect(counting.counts.get.requests).toBe(7);
  expect(counting.counts.list.requests).toBe(1);
  expect(counting.counts.put.requests + counting.counts.putIfAbsent.requests).toBe(0);
});

test.each([
  ["missing", undefined],
  ["stale", '{"version":19}'],
  ["of a checkpoint that is gone", '{"version":29}'],
  ["ahead of the log", '{"version":999}'],
  ["broken", '{"vers'],
  ["senseless", '{"version":"x"}'],
])("the catalog opens when the hint is %s", async (_how, hint) => {
  const store = await storeWithTables(45);
  if (hint === undefined) await store.delete([HINT]);
  else await store.put(HINT, bytes(hint));
  expect(await tablesIn(store)).toBe(45);
});

test("the catalog opens from the entries alone when all checkpoints are gone", async () => {
  const store = await storeWithTables(25);
  await store.delete([checkpoint(19)]);
  expect(await tablesIn(store)).toBe(25);
});

test("a checkpoint that was not written is made up for by the next commit", async () => {
  const store = await storeWithTables(22);
  await store.delete([checkpoint(19), HINT]);
  await (await Catalog.open(store)).createTable(n("x"));
  expect(await store.head(checkpoint(22))).toBeDefined();
});

test("foreign files in the folder of the log are not looked at", async () => {
  const store = await storeWithTables(2);
  await store.put(objectPath(`${FOLDER}/notes.txt`), bytes("?"));
  await store.put(objectPath(`${FOLDER}/00000000000000000001.json.bak`), bytes("?"));
  await store.put(objectPath(`${FOLDER}/7.json`), bytes("?"));
  expect(await tablesIn(store)).toBe(2);
});

test.each([0, 3])("without entry %i the log is corrupt", async (version) => {
  const store = await storeWithTables(5);
  const open = await Catalog.open(store);
  await store.delete([entry(version)]);
  const gap = { kind: "corrupt", message: expect.stringContaining(entry(version)) };
  await expect(Catalog.open(store)).rejects.toMatchObject(gap);
  // Who has read the entry before does not need it.
  await open.refresh();
});

test("a gap after the loaded state stops refresh and changes", async () => {
  const store = await storeWithTables(3);
  const catalog = await Catalog.open(store);
  await store.put(entry(4), await store.get(entry(2)));
  await expect(catalog.refresh()).rejects.toMatchObject({ kind: "corrupt" });
  await expect(catalog.createTable(n("x"))).rejects.toMatchObject({ kind: "corrupt" });
  expect(catalog.tables()).toHaveLength(3);
});

test("an entry that contradicts the log is corrupt, and named", async () => {
  const store = await storeWithTables(3);
  await store.put(entry(3), await store.get(entry(2)));
  await expect(Catalog.open(store)).rejects.toMatchObject({
    kind: "corrupt",
    message: expect.stringMatching(/00003\.json: .*default\.t2 exists/),
  });
});

test("an action of a newer release is unsupported, and nothing is committed after it", async () => {
  const store = await storeWithTables(1);
  const catalog = await Catalog.open(store);
  const commit = '{"commit":{"txnId":"x","timestamp":1,"operation":"GRANT"}}';
  await store.put(entry(1), bytes(`${commit}\n{"grant":{"to":"bear"}}\n`));
  const refused = { kind: "unsupported", message: expect.stringContaining("unknown action grant") };
  await expect(Catalog.open(store)).rejects.toMatchObject(refused);
  await expect(catalog.createTable(n("x"))).rejects.toMatchObject(refused);
  expect(await store.head(entry(2))).toBeUndefined();
});

/** A store that shows the log as a listing may while entries appear: the last but one is missing. */
class LaggingListStore extends MemoryStore {
  override async *list(prefix: string, options: CallOptions & { readonly startAfter?: string } = {}) {
    for await (const meta of super.list(prefix, options)) if (meta.path !== entry(1)) yield meta;
  }
}

test("an entry that a listing missed is read all the same", async () => {
  const store = new LaggingListStore();
  for (const [path, content] of Object.entries(await contentsOf(await storeWithTables(3)))) {
    await store.put(objectPath(path), bytes(content));
  }
  expect(await tablesIn(store)).toBe(3);
});

/** A store on which replacing objects fails, as on a full disk; the log itself is not replaced. */
class NoPutStore extends MemoryStore {
  isFull = false;
  override async put(path: ObjectPath, data: Uint8Array, options: CallOptions = {}): Promise<void> {
    if (this.isFull && path.includes("checkpoint"))
      throw new LakeError("unavailable", "disk-full", "no space is left");
    await super.put(path, data, options);
  }
}

test("a checkpoint that fails is a warning: the change is committed", async () => {
  const store = new NoPutStore();
  const warnings: string[] = [];
  const logger = { info: () => {}, warn: (message: string) => void warnings.push(message) };
  const catalog = await Catalog.open(store, { logger });
  store.isFull = true;
  for (let i = 0; i < 20; i++) await catalog.createTable(n(`t${i}`));
  expect(warnings).toEqual(["no checkpoint of the catalog at version 19: no space is left"]);
  store.isFull = false;
  await catalog.createTable(n("t20"));
  expect(await store.head(checkpoint(20))).toBeDefined();
  expect(await tablesIn(store)).toBe(21);
});

/** A store whose put-if-absent does its work and then reports a failure. */
class LostAnswerStore extends MemoryStore {
  override async putIfAbsent(path: ObjectPath, data: Uint8Array, options: CallOptions = {}): Promise<never> {
    await super.putIfAbsent(path, data, options);
    throw new LakeError("unavailable", "timeout", "the answer was lost");
  }
}

test("a commit whose answer was lost is settled by reading the entry back", async () => {
  const store = new LostAnswerStore();
  const catalog = await Catalog.open(store);
  expect((await catalog.createTable(n("t"))).created).toBe(true);
  expect(await pathsOf(store.list(""))).toEqual([entry(0)]);
});
