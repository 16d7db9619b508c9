import { afterAll, beforeAll, expect, it } from "vitest";
import type { Engine } from "../../engine/index.js";
import { LocalStore, LocalTier } from "../../object-store/index.js";
import { DeltaTable, type Snapshot, version } from "../../table-format/index.js";
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
import { temporaryFolder } from "../support/temporary-folder.js";

// A table of 10,000 commits on a store far away, with copies of its log in a tier: what each way to open it asks for.

const LOOK = ["get _last_checkpoint", `list  after ${String(CHECKPOINT).padStart(20, "0")}`];
const REPLAY = [
  `get ${logName(CHECKPOINT, "checkpoint.parquet")}`,
  ...Array.from(
    { length: NEWEST - CHECKPOINT },
    (_, index) => `get ${logName(CHECKPOINT + 1 + index, "json")}`,
  ),
];

let log: LongLog;
let engine: Engine;
let local: LocalStore;

beforeAll(async () => {
  log = await longLog();
  ({ engine, local } = log);
}, LONG_LOG_TIMEOUT_MS);

afterAll(() => log.remove());

/** The table as another process finds it, which shares the folder of the tier and nothing else. */
async function inProcess(
  directory: string,
  work: (table: DeltaTable, store: RemoteStore) => Promise<void>,
): Promise<void> {
  const store = new RemoteStore(local);
  const tier = new LocalTier({ directory, maxBytes: 2 ** 30 });
  const table = new DeltaTable({ store, engine, tier });
  try {
    await work(table, store);
  } finally {
    await table.release();
    await tier.close();
  }
}

const count = (snapshot: Snapshot): Promise<number> => snapshot.withFiles(async (files) => files.count);

it("reads the log once for all processes, and then its hint and a listing", async () => {
  const directory = await temporaryFolder();
  await inProcess(directory, async (table, store) => {
    expect(await count(await table.snapshot())).toBe(COMMITS);
    expect(store.take()).toEqual([...REPLAY, ...LOOK]);
  });
  await inProcess(directory, async (table, store) => {
    expect(await count(await table.snapshot())).toBe(COMMITS);
    expect(store.take()).toEqual(LOOK);

    // A commit of somebody else is read once, for the state and for the files.
    await local.putIfAbsent(commitPath(version(COMMITS)), Buffer.from(commitText(COMMITS)));
    expect(await count(await table.snapshot())).toBe(COMMITS + 1);
    expect(store.take()).toEqual([
      `get ${logName(COMMITS, "json")}`,
      `list  after ${String(NEWEST).padStart(20, "0")}`,
    ]);
  });
  await local.delete([commitPath(version(COMMITS))]);
});

it("opens a version with a checksum by three requests, and again by two", async () => {
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

  const directory = await temporaryFolder();
  await inProcess(directory, async (table, store) => {
    const opened = await table.snapshot();
    expect(opened.metadata).toEqual(metadata);
    expect(store.take()).toEqual([`get ${logName(NEWEST, "crc")}`, ...LOOK]);
    expect(await count(opened)).toBe(COMMITS);
    expect(store.take()).toEqual(REPLAY);
  });
  await inProcess(directory, async (table, store) => {
    const opened = await table.snapshot();
    expect(await count(opened)).toBe(COMMITS);
    expect(store.take()).toEqual(LOOK);
  });
});

it("does not take a file for the one that had its name before", async () => {
  const directory = await temporaryFolder();
  const root = await temporaryFolder();
  const store = new LocalStore(root);
  const open = async (): Promise<number> => {
    const tier = new LocalTier({ directory, maxBytes: 2 ** 30 });
    const table = new DeltaTable({ store: new RemoteStore(store), engine, tier });
    try {
      return await count(await table.snapshot());
    } finally {
      await table.release();
      await tier.close();
    }
  };
  await store.put(commitPath(version(0)), Buffer.from(commitText(0)));
  expect(await open()).toBe(1);
  // Of the same size, with no file in it.
  const [protocol = "", metadata = ""] = commitText(0).split("\n");
  const text = `${protocol}\n${metadata}\n`;
  await store.put(commitPath(version(0)), Buffer.from(text.padEnd(commitText(0).length, "\n")));
  expect(await open()).toBe(0);
});
