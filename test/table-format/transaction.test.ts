import { describe, expect, it } from "vitest";
import { LakeError } from "../../core/index.js";
import { MemoryStore, type ObjectPath, type PutIfAbsentResult } from "../../object-store/index.js";
import type { Metadata, Protocol } from "../../table-format/index.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { parseCommit } from "../../table-format/log/parse-actions.js";
import { version } from "../../table-format/log/version.js";
import type { StagedCommit } from "../../table-format/transaction/staged-commit.js";
import { type CommitBase, commit, replacedFiles } from "../../table-format/transaction/transaction.js";

const append: StagedCommit = {
  operation: "WRITE",
  operationParameters: { mode: "Append" },
  operationMetrics: { numFiles: "1" },
  adds: [{ path: "a.parquet", partitionValues: {}, size: 1n, modificationTime: 0n, dataChange: true }],
  replaces: { kind: "none" },
  engineInfo: "test",
};

const protocol: Protocol = {
  minReaderVersion: 1,
  minWriterVersion: 2,
  readerFeatures: undefined,
  writerFeatures: undefined,
};
const metadata: Metadata = {
  id: "m",
  name: undefined,
  description: undefined,
  provider: "parquet",
  formatOptions: {},
  schemaString: "{}",
  partitionColumns: [],
  configuration: {},
  createdTime: undefined,
};

function base(store: MemoryStore, readVersion: bigint | undefined): CommitBase {
  return {
    store,
    read:
      readVersion === undefined
        ? undefined
        : { version: version(readVersion), protocol, metadata, rowIdHighWaterMark: -1n },
    liveFiles: async (at) => [{ path: `live-at-${at}`, size: 7n, partitionValues: {}, partition: {} }],
    now: () => 1_700_000_000_000,
  };
}

async function entry(store: MemoryStore, n: number): Promise<ReturnType<typeof parseCommit>> {
  return parseCommit(new TextDecoder().decode(await store.get(commitPath(version(n)))), `version ${n}`);
}

async function putCommit(store: MemoryStore, n: number, ...lines: object[]): Promise<void> {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await store.putIfAbsent(commitPath(version(n)), new TextEncoder().encode(text));
}

const otherAdd = { add: { path: "b", partitionValues: {}, size: 1, modificationTime: 0, dataChange: true } };
const metaData = {
  metaData: { id: "m", format: { provider: "parquet" }, schemaString: "{}", partitionColumns: [] },
};

describe("commit", () => {
  it("takes the next version", async () => {
    const store = new MemoryStore();
    expect(await commit(base(store, 4n), append)).toMatchObject({
      status: "committed",
      version: 5n,
      attempts: 1,
    });
    const actions = await entry(store, 5);
    expect(actions.map((action) => action.kind)).toEqual(["commitInfo", "add"]);
  });

  it("rebases an append over every commit that came in between", async () => {
    const store = new MemoryStore();
    for (const n of [1, 2, 3]) await putCommit(store, n, otherAdd);
    expect(await commit(base(store, 0n), append)).toMatchObject({
      status: "committed",
      version: 4n,
      attempts: 2,
    });
  });

  it("loses to a change of metadata, naming the version", async () => {
    const store = new MemoryStore();
    await putCommit(store, 1, otherAdd);
    await putCommit(store, 2, metaData);
    expect(await commit(base(store, 0n), append)).toMatchObject({
      status: "conflict",
      version: 2n,
      conflict: { reason: "metadata-changed" },
    });
    await expect(store.head(commitPath(version(3)))).resolves.toBeUndefined();
  });

  it("creates a table once", async () => {
    const store = new MemoryStore();
    expect(await commit(base(store, undefined), append)).toMatchObject({ status: "committed", version: 0n });
    expect(await commit(base(store, undefined), append)).toMatchObject({
      status: "conflict",
      conflict: { reason: "table-created" },
    });
  });

  it("takes the files to replace from the version it follows at last", async () => {
    const store = new MemoryStore();
    await putCommit(store, 1, otherAdd);
    const outcome = await commit(base(store, 0n), { ...append, replaces: { kind: "all" } });
    expect(outcome).toMatchObject({ status: "committed", version: 2n, filesRemoved: 1 });
    const removed = (await entry(store, 2)).filter((action) => action.kind === "remove");
    expect(removed).toMatchObject([{ remove: { path: "live-at-1", size: 7n } }]);
  });

  it("settles a put whose answer was lost by reading the entry back", async () => {
    class LosesAnswers extends MemoryStore {
      override async putIfAbsent(path: ObjectPath, data: Uint8Array): Promise<PutIfAbsentResult> {
        await super.putIfAbsent(path, data);
        throw new LakeError("unavailable", "timeout", "no answer");
      }
    }
    const store = new LosesAnswers();
    expect(await commit(base(store, 0n), append)).toMatchObject({
      status: "committed",
      version: 1n,
      attempts: 1,
    });
  });

  it("fails when the put failed and nothing is in the log", async () => {
    class Fails extends MemoryStore {
      override async putIfAbsent(): Promise<PutIfAbsentResult> {
        throw new LakeError("unavailable", "timeout", "no answer");
      }
    }
    await expect(commit(base(new Fails(), 0n), append)).rejects.toMatchObject({ kind: "unavailable" });
  });

  it("does not begin once cancelled", async () => {
    const store = new MemoryStore();
    await expect(commit(base(store, 0n), append, AbortSignal.abort())).rejects.toMatchObject({
      kind: "cancelled",
    });
    await expect(store.head(commitPath(version(1)))).resolves.toBeUndefined();
  });
});

describe("replacedFiles", () => {
  const file = (path: string, p: string | null, q: string): Parameters<typeof replacedFiles>[0][number] => ({
    path,
    size: 1n,
    partitionValues: { p, q: `as its writer spells ${q}` },
    partition: { p, q },
  });
  const live = [file("a", "1", "x"), file("b", null, "x"), file("c", "1", "y")];

  it("replaces nothing, everything, or whole partitions, NULL being a value", () => {
    const paths = (replaces: Parameters<typeof replacedFiles>[1]): string[] =>
      replacedFiles(live, replaces).map((kept) => kept.path);
    expect(paths({ kind: "none" })).toEqual([]);
    expect(paths({ kind: "all" })).toEqual(["a", "b", "c"]);
    expect(paths({ kind: "partitions", partitions: [{ q: "x", p: null }] })).toEqual(["b"]);
    expect(
      paths({
        kind: "partitions",
        partitions: [
          { p: "1", q: "x" },
          { p: "1", q: "y" },
        ],
      }),
    ).toEqual(["a", "c"]);
  });
});
