import { writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Engine } from "../../engine/index.js";
import { LocalStore } from "../../object-store/index.js";
import { DeltaTable, version, writeCheckpoint } from "../../table-format/index.js";
import { checksumOf, writeChecksum } from "../../table-format/log/checksum.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { RemoteStore } from "../support/remote-store.js";
import { type SharedFolder, sharedFolder } from "../support/temporary-folder.js";

// A table of 10,000 commits with a checkpoint near their end, opened from a store that tells every request.

const COMMITS = 10_000;
const CHECKPOINT = 9_990;
const NEWEST = COMMITS - 1;
/** So many files take seconds to write on a busy machine. */
const HOOK_TIMEOUT_MS = 120_000;

const PROTOCOL = { protocol: { minReaderVersion: 1, minWriterVersion: 2 } };
const METADATA = {
  metaData: {
    id: "table-id",
    format: { provider: "parquet", options: {} },
    schemaString: '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}}]}',
    partitionColumns: [],
    configuration: {},
  },
};

function commitText(n: number): string {
  const add = { path: `${n}.parquet`, partitionValues: {}, size: 1, modificationTime: n, dataChange: true };
  const actions = n === 0 ? [PROTOCOL, METADATA, { add }] : [{ add }];
  return actions.map((action) => `${JSON.stringify(action)}\n`).join("");
}

const name = (n: number, rest: string): string => `${String(n).padStart(20, "0")}.${rest}`;

let folder: SharedFolder;
let engine: Engine;
let local: LocalStore;

beforeAll(async () => {
  folder = await sharedFolder();
  engine = await Engine.open();
  local = new LocalStore(folder.path);
  await local.putIfAbsent(commitPath(version(0)), Buffer.from(commitText(0)));
  const log = path.join(folder.path, "_delta_log");
  for (let n = 1; n < COMMITS; n += 500) {
    const batch = Array.from({ length: Math.min(500, COMMITS - n) }, (_, index) => n + index);
    await Promise.all(batch.map((m) => writeFile(path.join(log, name(m, "json")), commitText(m))));
  }
  const table = new DeltaTable({ store: local, engine });
  await writeCheckpoint(await table.snapshot({ version: version(CHECKPOINT) }), 0);
  await table.release();
}, HOOK_TIMEOUT_MS);

afterAll(async () => {
  await engine.close();
  await folder.remove();
});

const count = (table: DeltaTable): Promise<number> =>
  table.snapshot().then((snapshot) => snapshot.withFiles(async (files) => files.count));

it("reads the checkpoint and the commits after it once each, and nothing else; a refresh reads one file", async () => {
  const store = new RemoteStore(local);
  const table = new DeltaTable({ store, engine });
  expect(await count(table)).toBe(COMMITS);
  expect(store.take()).toEqual([
    `get ${name(CHECKPOINT, "checkpoint.parquet")}`,
    ...Array.from(
      { length: NEWEST - CHECKPOINT },
      (_, index) => `get ${name(CHECKPOINT + 1 + index, "json")}`,
    ),
    "get _last_checkpoint",
    `list  after ${String(CHECKPOINT).padStart(20, "0")}`,
  ]);

  // Nothing new: the listing says so.
  expect(await count(table)).toBe(COMMITS);
  expect(store.take()).toEqual([`list  after ${String(NEWEST).padStart(20, "0")}`]);

  await local.putIfAbsent(commitPath(version(COMMITS)), Buffer.from(commitText(COMMITS)));
  expect(await count(table)).toBe(COMMITS + 1);
  expect(store.take()).toEqual([
    `get ${name(COMMITS, "json")}`,
    `list  after ${String(NEWEST).padStart(20, "0")}`,
  ]);
  await table.release();
  await local.delete([commitPath(version(COMMITS))]);
});

it("reads no log for what the version's checksum tells", async () => {
  const author = new DeltaTable({ store: local, engine });
  const snapshot = await author.snapshot();
  const totals = await snapshot.withFiles(async (files) => ({
    numFiles: BigInt(files.count),
    tableSizeBytes: files.sizeInBytes,
  }));
  const { protocol, metadata, state } = snapshot;
  const checksum = checksumOf({
    ...totals,
    protocol,
    metadata,
    numDeletedRecords: undefined,
    numDeletionVectors: undefined,
    transactions: state.transactions.values(),
    domains: state.domains.values(),
  });
  expect(await writeChecksum(local, snapshot.version, checksum)).toEqual({ status: "created" });
  await author.release();

  const store = new RemoteStore(local);
  const table = new DeltaTable({ store, engine });
  const opened = await table.snapshot();
  expect(opened.metadata).toEqual(metadata);
  expect(store.take()).toEqual([
    `get ${name(NEWEST, "crc")}`,
    "get _last_checkpoint",
    `list  after ${String(CHECKPOINT).padStart(20, "0")}`,
  ]);
  expect(await opened.withFiles(async (files) => files.count)).toBe(COMMITS);
  expect(store.take()).toHaveLength(NEWEST - CHECKPOINT + 1);
  await table.release();
});
