import { describe, expect, it } from "vitest";
import { isLakeError, LakeError } from "../../core/index.js";
import {
  LocalStore,
  MemoryStore,
  type ObjectPart,
  type ObjectPath,
  type ObjectStore,
  objectPath,
  type PutIfAbsentResult,
} from "../../object-store/index.js";
import type { Metadata, Protocol } from "../../table-format/index.js";
import { commitPath } from "../../table-format/log/log-path.js";
import { parseCommit } from "../../table-format/log/parse-actions.js";
import { serializeCommit } from "../../table-format/log/serialize-actions.js";
import { version } from "../../table-format/log/version.js";
import type { StagedCommit } from "../../table-format/transaction/staged-commit.js";
import { type CommitBase, commit, replacedFiles } from "../../table-format/transaction/transaction.js";
import { temporaryFolder } from "../support/temporary-folder.js";

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

function base(store: ObjectStore, readVersion: bigint | undefined): CommitBase {
  return {
    store,
    read:
      readVersion === undefined
        ? undefined
        : { version: version(readVersion), protocol, metadata, rowIdHighWaterMark: -1n },
    filesHolding: async (files) => files,
    liveFiles: async (at) => [{ path: `live-at-${at}`, size: 7n, partitionValues: {}, partition: {} }],
    now: () => 1_700_000_000_000,
  };
}

async function entry(store: ObjectStore, n: number): Promise<ReturnType<typeof parseCommit>> {
  return parseCommit(new TextDecoder().decode(await store.get(commitPath(version(n)))), `version ${n}`);
}

async function putCommit(store: ObjectStore, n: number, ...lines: object[]): Promise<void> {
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  await store.putIfAbsent(commitPath(version(n)), new TextEncoder().encode(text));
}

const otherAdd = { add: { path: "b", partitionValues: {}, size: 1, modificationTime: 0, dataChange: true } };
const metaData = {
  metaData: {
    id: "m",
    format: { provider: "parquet" },
    schemaString: "{}",
    partitionColumns: [],
    configuration: { "delta.appendOnly": "true" },
  },
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

  it("puts an entry again that got lost on its way, and finds it when it was only late", async () => {
    class Late extends MemoryStore {
      puts = 0;
      override async putIfAbsent(path: ObjectPath, data: Uint8Array): Promise<PutIfAbsentResult> {
        this.puts += 1;
        if (this.puts === 1) throw new LakeError("unavailable", "timeout", "no answer");
        // The first request arrives before the second.
        if (this.puts === 2) await super.putIfAbsent(path, data);
        return super.putIfAbsent(path, data);
      }
    }
    const store = new Late();
    expect(await commit(base(store, 0n), append)).toMatchObject({
      status: "committed",
      version: 1n,
      attempts: 1,
    });
    expect(store.puts).toBe(2);
    await expect(store.head(commitPath(version(2)))).resolves.toBeUndefined();
  });

  it("does not begin once cancelled", async () => {
    const store = new MemoryStore();
    await expect(commit(base(store, 0n), append, AbortSignal.abort())).rejects.toMatchObject({
      kind: "cancelled",
    });
    await expect(store.head(commitPath(version(1)))).resolves.toBeUndefined();
  });
});

describe("what a commit takes over from those it follows", () => {
  const timed = { ...metadata, configuration: { "delta.enableInCommitTimestamps": "true" } };
  const commitInfo = (inCommitTimestamp: number): object => ({ commitInfo: { inCommitTimestamp } });

  /** Counts what is read. */
  class CountsReads extends MemoryStore {
    readonly requested: string[] = [];
    override async read(path: ObjectPath): Promise<ObjectPart> {
      this.requested.push(path);
      return super.read(path);
    }
  }

  it("is later than the last of them, whose time is read with the rest of it", async () => {
    const store = new CountsReads();
    const late = 1_800_000_000_000;
    await putCommit(store, 1, commitInfo(late), otherAdd);
    await putCommit(store, 2, commitInfo(late + 5), otherAdd);
    const read = {
      version: version(0),
      protocol,
      metadata: timed,
      rowIdHighWaterMark: -1n,
      timestamp: 1_600_000_000_000,
    };
    expect(await commit({ ...base(store, 0n), read }, append)).toMatchObject({ version: 3n });
    // Each winner once, and the version after the last.
    expect(store.requested).toEqual([1, 2, 3].map((n) => commitPath(version(n))));
    const [first] = await entry(store, 3);
    expect(first).toMatchObject({ commitInfo: { inCommitTimestamp: late + 6 } });
  });

  it("is read once a commit, however many there are", async () => {
    const store = new CountsReads();
    const winners = 250;
    for (let n = 1; n <= winners; n++) await putCommit(store, n, otherAdd);
    expect(await commit(base(store, 0n), append)).toMatchObject({ version: 251n, attempts: 2 });
    const reads = (n: number): number =>
      store.requested.filter((path) => path === commitPath(version(n))).length;
    expect(Array.from({ length: winners }, (_, index) => reads(index + 1))).toEqual(
      Array.from({ length: winners }, () => 1),
    );
  });
});

describe("what came in between, an attempt at a time", () => {
  const winner = (n: number, commitInfo: object): Uint8Array => {
    const add = { ...otherAdd.add, path: `w${n}` };
    return new TextEncoder().encode(`${JSON.stringify({ commitInfo })}\n${JSON.stringify({ add })}\n`);
  };

  /** Others are quicker, one each time. */
  class Raced extends MemoryStore {
    readonly #winners: Uint8Array[];
    constructor(winners: readonly Uint8Array[]) {
      super();
      this.#winners = [...winners];
    }
    override async putIfAbsent(path: ObjectPath, data: Uint8Array): Promise<PutIfAbsentResult> {
      const quicker = this.#winners.shift();
      if (quicker !== undefined) await super.putIfAbsent(path, quicker);
      return super.putIfAbsent(path, data);
    }
  }

  const reading: StagedCommit = {
    ...append,
    reads: [
      {
        predicate: { kind: "compare", column: ["a"], op: "=", value: { type: "BIGINT", text: "1" } },
        removals: false,
      },
    ],
  };
  const blind = winner(1, { operation: "WRITE", isBlindAppend: true, readVersion: 0 });
  const onlyFirst: CommitBase["filesHolding"] = async (files) => files.filter(({ path }) => path === "w1");

  it("counts together: rows that were passed by are not when a later commit rests on them", async () => {
    const store = new Raced([blind, winner(2, { operation: "MERGE", readVersion: 1 })]);
    expect(await commit({ ...base(store, 0n), filesHolding: onlyFirst }, reading)).toMatchObject({
      status: "conflict",
      version: 1n,
      conflict: { reason: "rows-added", file: "w1" },
    });
  });

  it("stays passed by where nothing does", async () => {
    const store = new Raced([blind, winner(2, { operation: "MERGE", readVersion: 0 })]);
    expect(await commit({ ...base(store, 0n), filesHolding: onlyFirst }, reading)).toMatchObject({
      status: "committed",
      version: 3n,
      attempts: 3,
    });
  });
});

describe("a commit with an id that its callers share", () => {
  const ID = "3b241101-e2bb-4255-8caf-4136c566a962";
  const place = (store: ObjectStore): ReturnType<typeof commit> =>
    commit(base(store, 0n), append, undefined, ID);

  async function entriesOfId(store: ObjectStore): Promise<number[]> {
    const found: number[] = [];
    for await (const { path } of store.list("_delta_log/")) {
      const text = new TextDecoder().decode(await store.get(path));
      if (text.includes(ID)) found.push(Number(/(\d+)\.json$/.exec(path)?.[1]));
    }
    return found;
  }

  it("lands once, and its place is told again", async () => {
    const store = new MemoryStore();
    expect(await place(store)).toMatchObject({ status: "committed", version: 1n, attempts: 1 });
    await putCommit(store, 2, otherAdd);
    const again = await place(store);
    expect(again).toMatchObject({ status: "committed", version: 1n, attempts: 0, filesRemoved: 0 });
    expect(again.status === "committed" && again.actions).toEqual(await entry(store, 1));
    const late = await commit({ ...base(store, 0n), now: () => 5 }, append, undefined, ID);
    expect(late).toEqual(again);
    expect(await entriesOfId(store)).toEqual([1]);
  });

  it("is found behind commits that it could not follow", async () => {
    const store = new MemoryStore();
    await putCommit(store, 1, metaData);
    await putCommit(store, 2, { commitInfo: { txnId: ID } }, otherAdd);
    expect(await place(store)).toMatchObject({ status: "committed", version: 2n });
  });

  it("may lose as any other", async () => {
    const store = new MemoryStore();
    await putCommit(store, 1, metaData);
    expect(await place(store)).toMatchObject({ status: "conflict", version: 1n });
    expect(await entriesOfId(store)).toEqual([]);
  });

  it("creates a table once", async () => {
    const store = new MemoryStore();
    const create = (now: number): ReturnType<typeof commit> =>
      commit({ ...base(store, undefined), now: () => now }, append, undefined, ID);
    const outcomes = await Promise.all([create(1), create(2), create(3)]);
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "committed", version: 0n });
    expect(await entriesOfId(store)).toEqual([0]);
    // Everyone is told what the log has, not what they wanted it to have.
    const text = new TextDecoder().decode(await store.get(commitPath(version(0))));
    for (const outcome of outcomes) {
      expect(outcome.status === "committed" && serializeCommit(outcome.actions)).toBe(text);
    }
  });

  it("is not put where commits were cleaned up", async () => {
    const store = new MemoryStore();
    await putCommit(store, 7, otherAdd);
    await expect(place(store)).rejects.toMatchObject({ kind: "conflict", code: "commits-cleaned-up" });
    expect(await entriesOfId(store)).toEqual([]);
  });

  /** Answers to puts are lost, before or after the bytes are there, as often as `losses` says. */
  const losing =
    (losses: number) =>
    (inner: ObjectStore): ObjectStore => {
      let puts = 0;
      return new Proxy(inner, {
        get(target, name) {
          if (name !== "putIfAbsent") {
            const member: unknown = Reflect.get(target, name, target);
            return typeof member === "function" ? member.bind(target) : member;
          }
          return async (path: ObjectPath, data: Uint8Array): Promise<PutIfAbsentResult> => {
            puts += 1;
            if (puts % losses === 0) throw new LakeError("unavailable", "timeout", "no answer");
            const result = await target.putIfAbsent(path, data);
            if (puts % losses === 1) throw new LakeError("unavailable", "timeout", "no answer");
            return result;
          };
        },
      });
    };

  it.each([
    ["in memory", async () => new MemoryStore()],
    ["on a local disk", async () => new LocalStore(await temporaryFolder())],
  ])("lands once, whoever commits it at the same time, %s", async (_, make) => {
    for (let round = 0; round < 20; round++) {
      const store = await make();
      const others = [1, 2, 3].map((n) =>
        commit(base(store, 0n), {
          ...append,
          adds: append.adds.map((add) => ({ ...add, path: `other-${n}` })),
        }),
      );
      const placers = [1, 2, 3, 4, 5].map(async (n) => {
        const own = n % 2 === 0 ? losing(n)(store) : store;
        for (;;) {
          try {
            return await place(own);
          } catch (error) {
            // An answer that was lost: who has the id asks again.
            if (!isLakeError(error, "unavailable")) throw error;
          }
        }
      });
      const outcomes = await Promise.all(placers);
      await Promise.all(others);
      const [at] = await entriesOfId(store);
      expect(await entriesOfId(store)).toHaveLength(1);
      for (const outcome of outcomes)
        expect(outcome).toMatchObject({ status: "committed", version: BigInt(at ?? -1) });
      expect(await store.head(objectPath(`_delta_log/${"4".padStart(20, "0")}.json`))).toBeDefined();
      expect(await store.head(objectPath(`_delta_log/${"5".padStart(20, "0")}.json`))).toBeUndefined();
    }
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
