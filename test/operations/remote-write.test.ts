import { mkdir, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { LakeError } from "../../core/index.js";
import {
  type AdoptedFile,
  newProcessFolder,
  type ObjectPath,
  type ObjectStore,
  objectPath,
  type StoreOpener,
} from "../../object-store/index.js";
import { type Lake, openLake, type Row } from "../../src/index.js";
import { farStores, RemoteStore } from "../support/remote-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// What is written to a table far away is looked at as the same folder on the local disk.

interface FarLake {
  readonly lake: Lake;
  readonly opened: ReadonlyMap<string, RemoteStore>;
  /** The cache, which files are staged in. */
  readonly cache: string;
  /** Rows of the lake as a local one. */
  rows(text: string): Promise<readonly Row[]>;
  /** Data files in the folder of a table. */
  dataFiles(table: string): Promise<string[]>;
}

async function farLake(over: (open: StoreOpener) => StoreOpener = (open) => open): Promise<FarLake> {
  const [root, cache] = [await temporaryFolder(), await temporaryFolder()];
  const { open, opened } = farStores(root);
  const lake = await openLake("far://bucket/lake", {
    threads: 1,
    openStore: over(open),
    cache: { directory: cache },
  });
  onTestFinished(() => lake.close());
  const folder = path.join(root, "bucket", "lake");
  return {
    lake,
    opened,
    cache,
    rows: async (text) => {
      const local = await openLake(folder, { threads: 1 });
      try {
        return await (await local.sql(text)).toArray();
      } finally {
        await local.close();
      }
    },
    dataFiles: async (table) => {
      const names = await readdir(path.join(folder, "default", table), { recursive: true });
      return names.filter((name) => /\.(parquet|jsonl|avro|bin)$/.test(name) && !name.includes("_delta_log"));
    },
  };
}

async function run(lake: Lake, script: string): Promise<void> {
  for await (const result of lake.script(script)) await result.close();
}

/** Files that are staged, or folders for them. */
async function staged(cache: string): Promise<string[]> {
  const processes = path.join(cache, "staging", "processes");
  const own = await readdir(processes);
  expect(own).toHaveLength(1);
  return readdir(path.join(processes, own[0] ?? ""), { recursive: true });
}

test("rows of every kind of write become objects, and nothing of them stays staged", async () => {
  const { lake, cache, rows, opened, dataFiles } = await farLake();
  await run(
    lake,
    "CREATE TABLE t (id BIGINT, part TEXT) PARTITIONED BY (part) TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true')",
  );
  await run(lake, "INSERT INTO t SELECT i, 'p ' || (i % 3) FROM range(30) r(i)");
  await run(lake, "INSERT INTO t SELECT * FROM range(0) r(i), (SELECT 'none') WHERE i > 1");
  expect(await dataFiles("t")).toHaveLength(3);
  expect(
    await rows("SELECT part, count(*) AS n, sum(id)::BIGINT AS s FROM t GROUP BY part ORDER BY part"),
  ).toEqual([
    { part: "p 0", n: 10n, s: 135n },
    { part: "p 1", n: 10n, s: 145n },
    { part: "p 2", n: 10n, s: 155n },
  ]);
  const sources = await temporaryFolder();
  await writeFile(path.join(sources, "a.jsonl"), '{"id":1,"v":"a"}\n{"id":2,"v":"b"}\n');
  await lake.ingest([path.join(sources, "a.jsonl")], { into: "raw", as: "jsonl" });
  await lake.ingest([path.join(sources, "a.jsonl")], { into: "landed" });
  expect(await rows("SELECT id, v FROM raw ORDER BY id")).toEqual(
    await rows("SELECT id, v FROM landed ORDER BY id"),
  );
  expect(await dataFiles("raw")).toHaveLength(1);
  expect(await staged(cache)).toEqual([]);
  // Data files are moved to the store whole, and never read back.
  const requests = [...opened.values()].flatMap(({ requests }) => requests);
  expect(requests.filter((request) => /^(get|head) .*part-/.test(request))).toEqual([]);
});

test("what a process that was killed had staged goes with the next write", async () => {
  const { lake, cache } = await farLake();
  // No process has a number so large.
  const dead = (await newProcessFolder()).replace(/\/\d+-\d+-/, "/999999999-1-");
  const folder = path.join(cache, "staging", dead);
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, "part-1.parquet"), "half a file");
  await run(lake, "CREATE TABLE t (id INT); INSERT INTO t VALUES (1)");
  expect(await staged(cache)).toEqual([]);
});

test("a file on another store is read, checked and marked by the openers of the lake", async () => {
  const root = await temporaryFolder();
  const { open } = farStores(root);
  const lake = await openLake("far://bucket/lake", {
    threads: 1,
    openStore: open,
    cache: { directory: await temporaryFolder() },
  });
  onTestFinished(() => lake.close());
  await run(
    lake,
    "CREATE TABLE t (id INT) TBLPROPERTIES ('delta.enableDeletionVectors' = 'true'); INSERT INTO t SELECT range::INT FROM range(4)",
  );
  // The table as a shallow clone of it names its file: by its whole URI.
  const from = open("far://bucket/lake/default/t");
  const clone = open("far://other/clone");
  const entry = async (n: number): Promise<string> =>
    new TextDecoder().decode(await from.get(objectPath(`_delta_log/${String(n).padStart(20, "0")}.json`)));
  for (const n of [0, 1]) {
    const text = (await entry(n)).replaceAll('"path":"part-', '"path":"far://bucket/lake/default/t/part-');
    await clone.put(
      objectPath(`_delta_log/${String(n).padStart(20, "0")}.json`),
      new TextEncoder().encode(text),
    );
  }
  const table = await lake.table("far://other/clone");
  expect((await table.fsck({ deep: true })).findings).toEqual([]);
  await run(lake, "DELETE FROM delta.`far://other/clone` WHERE id = 2");
  const rows = await (await lake.sql("SELECT id FROM delta.`far://other/clone` ORDER BY id")).toArray();
  expect(rows).toEqual([{ id: 0 }, { id: 1 }, { id: 3 }]);
  expect((await table.fsck({ deep: true })).findings).toEqual([]);
});

test("rows that break a rule leave nothing, staged or uploaded", async () => {
  const { lake, cache, dataFiles, opened } = await farLake();
  await run(lake, "CREATE TABLE t (id INT NOT NULL, part TEXT) PARTITIONED BY (part)");
  await run(lake, "ALTER TABLE t ADD CONSTRAINT positive CHECK (id > 0)");
  for (const { requests } of opened.values()) requests.splice(0);
  await expect(
    run(lake, "INSERT INTO t SELECT 5 - i, 'x' || (i % 2) FROM range(10) r(i)"),
  ).rejects.toMatchObject({
    kind: "invalid-input",
  });
  expect(await dataFiles("t")).toEqual([]);
  expect(await staged(cache)).toEqual([]);
  const written = [...opened.values()].flatMap(({ requests }) =>
    requests.filter((r) => /^(put|adopt)/.test(r)),
  );
  expect(written).toEqual([]);
});

test("what is found out after the upload takes it back", async () => {
  const { lake, cache, dataFiles, opened } = await farLake();
  await run(lake, "CREATE TABLE t (id INT, part TEXT NOT NULL) PARTITIONED BY (part)");
  await expect(run(lake, "INSERT INTO t VALUES (1, 'a'), (2, '')")).rejects.toMatchObject({
    code: "not-null",
  });
  const requests = [...opened.values()].flatMap((store) => store.requests);
  expect(requests.filter((request) => /^adopt .*part-/.test(request))).toHaveLength(1);
  expect(await dataFiles("t")).toEqual([]);
  expect(await staged(cache)).toEqual([]);
});

/** A store that fails after it has taken files, and from then on where it is `down`. */
class FailingUploads extends RemoteStore {
  readonly #down: boolean;
  #hasFailed = false;

  constructor(store: ObjectStore, down: boolean) {
    super(store);
    this.#down = down;
  }

  override async adopt(files: readonly AdoptedFile[]): Promise<void> {
    await super.adopt(files);
    this.#hasFailed = true;
    throw unavailable();
  }

  override async delete(paths: readonly ObjectPath[]): Promise<void> {
    if (this.#down && this.#hasFailed) throw unavailable();
    await super.delete(paths);
  }
}

function unavailable(): LakeError {
  return new LakeError("unavailable", "store-down", "the store does not answer");
}

test.each([
  ["that answers again", false, 0],
  ["that does not answer any more", true, 2],
])("an upload that fails is taken back, on a store %s", async (_, down, left) => {
  const { lake, cache, dataFiles } = await farLake((open) => (uri) => new FailingUploads(open(uri), down));
  await run(lake, "CREATE TABLE t (id INT, part TEXT) PARTITIONED BY (part)");
  await expect(run(lake, "INSERT INTO t VALUES (1, 'a'), (2, 'b')")).rejects.toMatchObject({
    code: "store-down",
  });
  // What cannot be deleted is left in the table's folder, where a listing finds it and no version names it.
  expect(await dataFiles("t")).toHaveLength(left);
  expect(await staged(cache)).toEqual([]);
});
