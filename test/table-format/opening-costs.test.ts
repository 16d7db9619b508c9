import { afterAll, beforeAll, expect, it } from "vitest";
import type { Engine } from "../../engine/index.js";
import type { LocalStore } from "../../object-store/index.js";
import { DeltaTable, version } from "../../table-format/index.js";
import { checksumOf, writeChecksum } from "../../table-format/log/checksum.js";
import { commitPath } from "../../table-format/log/log-path.js";
import {
  CHECKPOINT,
  COMMITS,
  commitText,
  LONG_LOG_TIMEOUT_MS,
  type LongLog,
  logName,
  longLog,
  NEWEST,
} from "../support/long-log.js";
import { RemoteStore } from "../support/remote-store.js";

// A table of 10,000 commits with a checkpoint near their end, opened from a store that tells every request.

let log: LongLog;
let engine: Engine;
let local: LocalStore;

beforeAll(async () => {
  log = await longLog();
  ({ engine, local } = log);
}, LONG_LOG_TIMEOUT_MS);

afterAll(() => log.remove());

const count = (table: DeltaTable): Promise<number> =>
  table.snapshot().then((snapshot) => snapshot.withFiles(async (files) => files.count));

it("reads the checkpoint and the commits after it once each, and nothing else; a refresh reads one file", async () => {
  const store = new RemoteStore(local);
  const table = new DeltaTable({ store, engine });
  expect(await count(table)).toBe(COMMITS);
  expect(store.take()).toEqual([
    `get ${logName(CHECKPOINT, "checkpoint.parquet")}`,
    ...Array.from(
      { length: NEWEST - CHECKPOINT },
      (_, index) => `get ${logName(CHECKPOINT + 1 + index, "json")}`,
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
    `get ${logName(COMMITS, "json")}`,
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
    `get ${logName(NEWEST, "crc")}`,
    "get _last_checkpoint",
    `list  after ${String(CHECKPOINT).padStart(20, "0")}`,
  ]);
  expect(await opened.withFiles(async (files) => files.count)).toBe(COMMITS);
  expect(store.take()).toHaveLength(NEWEST - CHECKPOINT + 1);
  await table.release();
});
