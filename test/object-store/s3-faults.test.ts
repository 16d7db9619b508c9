import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { LakeError, mapParallel } from "../../core/index.js";
import {
  compareUtf8,
  type ObjectPath,
  type ObjectStore,
  openStore,
  type PutIfAbsentResult,
  objectPath as p,
} from "../../object-store/index.js";
import { seededRandom } from "../concurrency/seeded-random.js";
import { pathsOf } from "../support/object-stores.js";
import {
  drawnS3Faults,
  type S3Endpoint,
  type S3FaultRates,
  startS3Endpoint,
} from "../support/s3-endpoint/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

// Random calls of a store under random faults of the service, against a model: a call gives what is right or fails
// with `unavailable`, and what it failed in was done in whole or not at all.

const SEEDS = [1, 2, 3];
const RATES: S3FaultRates = { error: 0.1, connection: 0.2, outcome: 0.15 };
const ROUNDS = 40;
const PARALLEL = 8;
const MiB = 1 << 20;

type Outcome<T> = { readonly status: "done"; readonly value: T } | { readonly status: "failed" };

/** What a call came to. A failure that is not `unavailable` fails the test: no fault says anything else. */
async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { status: "done", value: await call };
  } catch (error) {
    expect(error).toBeInstanceOf(LakeError);
    expect(error).toMatchObject({ kind: "unavailable" });
    return { status: "failed" };
  }
}

/** As {@link outcomeOf}; `undefined` for an object that is not there. */
async function readingOf(store: ObjectStore, path: ObjectPath): Promise<Outcome<Buffer | undefined>> {
  return outcomeOf(
    store.get(path).then(
      (bytes) => Buffer.from(bytes),
      (error: unknown) => {
        if (error instanceof LakeError && error.code === "object-not-found") return undefined;
        throw error;
      },
    ),
  );
}

interface Scene {
  readonly endpoint: S3Endpoint;
  /** Of two processes, as it were: each has connections of its own. */
  readonly stores: readonly [ObjectStore, ObjectStore];
  readonly random: () => number;
  /** Lets the service fail from here on. */
  fail(): void;
  /** Lets it be well from here on; what was under way arrives. */
  heal(): void;
}

async function scene(seed: number): Promise<Scene> {
  const endpoint = await startS3Endpoint({ minPartBytes: 1 });
  onTestFinished(() => endpoint.close());
  const open = (connections: number): ObjectStore =>
    openStore(`s3://${endpoint.bucket}/t`, {
      s3: { ...endpoint.s3Options, connections, attempts: 4, timeoutMs: 5_000 },
    });
  const stores = [open(8), open(9)] as const;
  // The first put-if-absent looks at what the service is; it is not what is tested here.
  await stores[0].putIfAbsent(p("ready"), Buffer.from(""));
  await stores[1].putIfAbsent(p("ready"), Buffer.from(""));
  return {
    endpoint,
    stores,
    random: seededRandom(seed),
    fail: () => {
      endpoint.faults.plan = drawnS3Faults(seededRandom(seed + 1_000), RATES);
    },
    heal: () => {
      endpoint.faults.applyDelayed();
      endpoint.faults.clear();
    },
  };
}

function below(random: () => number, count: number): number {
  return Math.floor(random() * count);
}

/** Bytes that tell who wrote them, at every place. */
function bytesOf(writer: string, size: number): Buffer {
  return Buffer.alloc(size, `${writer};`);
}

/** Equality of bytes, which `toEqual` takes a second to find of a megabyte. */
function expectSame(bytes: Buffer | undefined, expected: Buffer | undefined): void {
  const [got, wanted] = [bytes ?? Buffer.from("absent"), expected ?? Buffer.from("absent")];
  expect({ length: got.length, isSame: got.equals(wanted) }).toEqual({ length: wanted.length, isSame: true });
}

function either(random: () => number, { stores }: Scene): ObjectStore {
  return stores[below(random, 2)] ?? stores[0];
}

describe.each(SEEDS)("a service with every fault, seed %i", (seed) => {
  test("put if absent: one wins, whoever is told so; readers see whole objects", async () => {
    const made = await scene(seed);
    const { random } = made;
    const races = Array.from({ length: ROUNDS }, (_, i) => ({
      path: p(`log/${i}`),
      // Large enough for a body that is cut in its midst to come in several pieces.
      contents: Array.from({ length: 1 + below(random, 3) }, (_, writer) =>
        bytesOf(`${i}/${writer}`, 1 + below(random, 200_000)),
      ),
      stores: [either(random, made), either(random, made), either(random, made)],
    }));
    made.fail();
    const raced = await mapParallel(races, PARALLEL, async ({ path, contents, stores: [first, ...rest] }) => {
      const puts = contents.map((content, i) => {
        const store = rest[i - 1] ?? first ?? made.stores[0];
        return outcomeOf<PutIfAbsentResult>(store.putIfAbsent(path, content));
      });
      const seen = await readingOf(made.stores[1], path);
      return { path, contents, seen, outcomes: await Promise.all(puts) };
    });
    made.heal();

    for (const { path, contents, seen, outcomes } of raced) {
      const there = await readingOf(made.stores[0], path);
      const content = there.status === "done" ? there.value : undefined;
      const owner = content === undefined ? -1 : contents.findIndex((each) => each.equals(content));
      // Something is there, and it is the whole of what one of them wrote.
      if (content !== undefined) expect(owner).toBeGreaterThanOrEqual(0);
      if (seen.status === "done" && seen.value !== undefined) expectSame(seen.value, content);
      for (const [i, outcome] of outcomes.entries()) {
        if (outcome.status === "failed") continue;
        if (i === owner) expect(outcome.value).toEqual({ status: "created" });
        else expect({ outcome: outcome.value, owner }).toEqual({ outcome: { status: "exists" }, owner });
        expect(content).toBeDefined();
      }
    }
    const done = raced.flatMap(({ outcomes }) => outcomes).filter(({ status }) => status === "done");
    expect(done.length).toBeGreaterThan(ROUNDS / 2);
  });

  test("put: the object is there when it is said to be, and whole in any case", async () => {
    const made = await scene(seed);
    const { random } = made;
    const objects = Array.from({ length: ROUNDS }, (_, i) => ({
      path: p(`data/${i}`),
      content: bytesOf(`${i}`, below(random, 300_000)),
      store: either(random, made),
    }));
    made.fail();
    const put = await mapParallel(objects, PARALLEL, async (object) => ({
      ...object,
      outcome: await outcomeOf(object.store.put(object.path, object.content)),
      seen: await readingOf(made.stores[0], object.path),
    }));
    made.heal();
    for (const { path, content, outcome, seen } of put) {
      if (outcome.status === "done" && seen.status === "done") expectSame(seen.value, content);
      const there = await readingOf(made.stores[1], path);
      if (there.status === "failed") throw new Error("the service is well");
      if (outcome.status === "done" || there.value !== undefined) expectSame(there.value, content);
    }
  });

  test("reads give what is there, or fail; nothing is absent that is not", async () => {
    const made = await scene(seed);
    const { random } = made;
    const content = bytesOf("read me", 500_000);
    await made.stores[0].put(p("a"), content);
    const etag = (await made.stores[0].head(p("a")))?.etag;
    made.fail();
    const calls = Array.from({ length: ROUNDS * 2 }, () => ({
      kind: below(random, 6),
      offset: below(random, 600_000),
      length: below(random, 300_000),
      store: either(random, made),
    }));
    let done = 0;
    await mapParallel(calls, PARALLEL, async ({ kind, offset, length, store }) => {
      const outcome = await outcomeOf(checkRead(store, kind, offset, length));
      if (outcome.status === "done") done++;
    });
    expect(done).toBeGreaterThan(ROUNDS);

    async function checkRead(
      store: ObjectStore,
      kind: number,
      offset: number,
      length: number,
    ): Promise<void> {
      switch (kind) {
        case 0: {
          const part = await store.read(p("a"), { range: { offset, length }, ifMatch: etag });
          expectSame(Buffer.from(part.bytes), content.subarray(offset, offset + length));
          expect(part).toMatchObject({ size: content.length, etag });
          return;
        }
        case 1: {
          const bytes = await store.get(p("a"), { range: { suffix: length } });
          expect(Buffer.from(bytes).equals(length === 0 ? Buffer.of() : content.subarray(-length))).toBe(
            true,
          );
          return;
        }
        case 2:
          expectSame(Buffer.from(await store.get(p("a"))), content);
          return;
        case 3:
          expect(await store.head(p("a"))).toMatchObject({ size: content.length, etag });
          return;
        case 4:
          expect(await store.head(p("none"))).toBeUndefined();
          return;
        default: {
          const other = store.read(p("a"), { ifMatch: "0123456789abcdef0123456789abcdef" });
          const error: unknown = await other.then(
            () => undefined,
            (thrown: unknown) => thrown,
          );
          if (error instanceof LakeError && error.kind === "unavailable") throw error;
          expect(error).toMatchObject({ kind: "conflict", code: "object-changed" });
        }
      }
    }
  });

  test("lists and deletes: what is said is so", async () => {
    const made = await scene(seed);
    const { random, endpoint } = made;
    const paths = Array.from({ length: 1_100 }, (_, i) => p(`many/${i}`)).sort(compareUtf8);
    for (const path of paths) endpoint.put(`t/${path}`, Buffer.from("x"));
    made.fail();
    for (let i = 0; i < 12; i++) {
      const startAfter = paths[below(random, paths.length)] ?? "";
      const listed = await outcomeOf(pathsOf(either(random, made).list("many/", { startAfter })));
      if (listed.status === "done")
        expect(listed.value).toEqual(paths.filter((path) => compareUtf8(path, startAfter) > 0));
    }
    // One more than a request takes, so that there are two.
    const gone = paths.slice(0, 1_001);
    const deleted = await outcomeOf(made.stores[1].delete(gone));
    const left = new Set(endpoint.objects().map(({ key }) => key));
    if (deleted.status === "done") expect(gone.filter((path) => left.has(`t/${path}`))).toEqual([]);
    made.heal();
    await made.stores[1].delete(gone);
    expect(await pathsOf(made.stores[0].list("many/"))).toEqual(paths.slice(1_001));
  });

  test("uploads: the object is whole or the file is still there, and no parts are left", async () => {
    const made = await scene(seed);
    const { random, endpoint, stores } = made;
    const folder = await temporaryFolder();
    const files = Array.from({ length: 6 }, (_, i) => ({
      localFile: join(folder, `${i}`),
      path: p(`up/${i}`),
      content: bytesOf(`${i}`, i % 2 === 0 ? 17 * MiB + below(random, MiB) : 1 + below(random, 100_000)),
    }));
    for (const { localFile, content } of files) await writeFile(localFile, content);
    made.fail();
    const uploaded = await mapParallel(files, 3, async ({ localFile, path, content }) => ({
      localFile,
      path,
      content,
      outcome: await outcomeOf(stores[0].adopt([{ localFile, path }])),
    }));
    made.heal();
    for (const { localFile, path, content, outcome } of uploaded) {
      const there = await readingOf(stores[1], path);
      if (there.status === "failed") throw new Error("the service is well");
      expect(existsSync(localFile)).toBe(outcome.status === "failed");
      if (outcome.status === "done" || there.value !== undefined) expectSame(there.value, content);
    }
    // Of an upload that began and was never heard of, nobody can tell; it has no parts.
    expect(endpoint.uploads().filter(({ parts }) => parts > 0)).toEqual([]);
  });
});
