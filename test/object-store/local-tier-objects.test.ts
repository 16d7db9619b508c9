import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { LakeError } from "../../core/index.js";
import { objectPath } from "../../object-store/index.js";
import { content, counter, expectBytes, FarObjects, Gate, MIB, tierIn } from "../support/remote-objects.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const LARGE = objectPath("data/large.bin");
const SMALL = objectPath("data/small.bin");

test("spans of an object are fetched once, into a file of its size, for every lease and tier of the folder", async () => {
  const directory = await temporaryFolder();
  const [tier, other] = [tierIn(directory), tierIn(directory)];
  const far = new FarObjects();
  const bytes = content(MIB);
  const object = await far.object(LARGE, bytes);
  const told = counter();

  const lease = await tier.leaseObject(object);
  await lease.fetch([{ offset: MIB - 1000, length: 1000 }], told);
  await lease.fetch([{ offset: 5000, length: 3000 }], told);
  await expectBytes(lease.localPath, bytes, [{ offset: MIB - 1000, length: 1000 }]);
  await expectBytes(lease.localPath, bytes, [{ offset: 5000, length: 3000 }]);
  expect((await readFile(lease.localPath)).subarray(0, 5000).every((byte) => byte === 0)).toBe(true);

  const second = await other.leaseObject(object);
  await second.fetch([{ offset: 4000, length: 4000 }], told);
  await expectBytes(second.localPath, bytes, [{ offset: 4000, length: 4000 }]);
  // What the other tier brought since is found in the log of the copy.
  await lease.fetch([{ offset: 4000, length: 4000 }], told);
  expect(told.counts).toEqual([
    { requests: 1, bytes: 1000, hitBytes: 0 },
    { requests: 1, bytes: 3000, hitBytes: 0 },
    { requests: 1, bytes: 1000, hitBytes: 3000 },
    { requests: 0, bytes: 0, hitBytes: 4000 },
  ]);
  await lease.release();
  await lease.release();
  await second.release();
  for (const process of await readdir(path.join(directory, "processes"))) {
    expect(await readdir(path.join(directory, "processes", process))).toEqual([]);
  }
  expect(await tier.usage()).toMatchObject({ files: 1 });
});

describe("an object that is small", () => {
  test("is fetched whole in one request, whatever is asked", async () => {
    const directory = await temporaryFolder();
    const tier = tierIn(directory);
    const far = new FarObjects();
    const bytes = content(2000);
    const object = await far.object(SMALL, bytes);
    const told = counter();
    const lease = await tier.leaseObject(object);
    await lease.fetch([{ offset: 10, length: 20 }], told);
    await lease.fetch("all", told);
    await expectBytes(lease.localPath, bytes, [{ offset: 0, length: 2000 }]);
    await lease.release();
    const again = await tier.leaseObject(object);
    await again.fetch("all", told);
    await expectBytes(again.localPath, bytes, [{ offset: 0, length: 2000 }]);
    await again.release();
    expect(told.counts).toEqual([
      { requests: 1, bytes: 2000, hitBytes: 0 },
      { requests: 0, bytes: 0, hitBytes: 2000 },
      { requests: 0, bytes: 0, hitBytes: 2000 },
    ]);
    expect(far.take()).toEqual(["get data/small.bin", "put data/small.bin"]);
  });

  test("that is empty is fetched without a request", async () => {
    const tier = tierIn(await temporaryFolder());
    const far = new FarObjects();
    const lease = await tier.leaseObject(await far.object(SMALL, new Uint8Array()));
    await lease.fetch("all");
    expect(await readFile(lease.localPath)).toHaveLength(0);
    expect(far.take()).toEqual(["put data/small.bin"]);
  });
});

describe("fetches that go on at the same time", () => {
  test("wait for each other's bytes, and ask for none twice", async () => {
    const tier = tierIn(await temporaryFolder());
    const far = new FarObjects();
    const bytes = content(MIB);
    const object = await far.object(LARGE, bytes);
    const gate = new Gate();
    far.beforeRead = (_, { signal }) => gate.pass("", signal);
    const told = [counter(), counter(), counter()] as const;
    const [one, two] = [await tier.leaseObject(object), await tier.leaseObject(object)];
    const first = one.fetch([{ offset: 0, length: 300_000 }], told[0]);
    await gate.arrived(1);
    const second = two.fetch([{ offset: 200_000, length: 300_000 }], told[1]);
    await gate.arrived(2);
    const third = two.fetch([{ offset: 100_000, length: 350_000 }], told[2]);
    gate.open();
    await Promise.all([first, second, third]);
    await expectBytes(one.localPath, bytes, [{ offset: 0, length: 500_000 }]);
    expect(far.answered).toEqual([
      { path: LARGE, offset: 0, length: 300_000 },
      { path: LARGE, offset: 300_000, length: 200_000 },
    ]);
    expect(told.map(({ counts }) => counts[0]?.hitBytes)).toEqual([0, 100_000, 350_000]);
  });

  test("bring what another one failed to bring", async () => {
    const tier = tierIn(await temporaryFolder());
    const far = new FarObjects();
    const bytes = content(MIB);
    const lease = await tier.leaseObject(await far.object(LARGE, bytes));
    const gate = new Gate();
    let isFirst = true;
    far.beforeRead = async () => {
      if (!isFirst) return;
      isFirst = false;
      await gate.pass("");
      throw new LakeError("unavailable", "test", "the service is down");
    };
    const failing = lease.fetch([{ offset: 0, length: 1000 }]);
    await gate.arrived(1);
    const second = lease.fetch([{ offset: 500, length: 1000 }]);
    gate.open();
    await expect(failing).rejects.toMatchObject({ code: "test" });
    await second;
    await expectBytes(lease.localPath, bytes, [{ offset: 500, length: 1000 }]);
  });

  test("are 32 requests at most", async () => {
    const tier = tierIn(await temporaryFolder());
    const far = new FarObjects();
    const bytes = content(8 * MIB);
    const lease = await tier.leaseObject(await far.object(LARGE, bytes));
    const gate = new Gate();
    let [under, most] = [0, 0];
    far.beforeRead = async () => {
      most = Math.max(most, ++under);
      if (most < 32) await gate.pass("");
      else gate.open();
      under--;
    };
    const spans = Array.from({ length: 80 }, (_, index) => ({ offset: index * 100_000, length: 10 }));
    await lease.fetch(spans);
    expect(most).toBe(32);
    await expectBytes(lease.localPath, bytes, spans);
  });
});

describe("a fetch that is cancelled", () => {
  test("ends at once, and leaves what came before and what others wait for", async () => {
    const tier = tierIn(await temporaryFolder());
    const far = new FarObjects();
    const bytes = content(8 * MIB);
    const lease = await tier.leaseObject(await far.object(LARGE, bytes));
    const gate = new Gate();
    let reads = 0;
    far.beforeRead = (_, { signal }) => (++reads > 2 ? gate.pass("", signal) : undefined);
    const abort = new AbortController();
    const told = counter();
    // 64 requests, 32 of which may go: two come, the next are held up, the others wait.
    const spans = Array.from({ length: 64 }, (_, index) => ({ offset: index * 131_072, length: 1000 }));
    const cancelled = lease.fetch(spans, { signal: abort.signal, ...told });
    await gate.arrived(32);
    const other = lease.fetch([{ offset: 5 * 131_072, length: 10 }]);
    abort.abort(new Error("enough"));
    await expect(cancelled).rejects.toThrow();
    far.beforeRead = () => {};
    await other;
    expect(told.counts).toEqual([{ requests: 34, bytes: 2000, hitBytes: 0 }]);
    await lease.fetch(spans, told);
    expect(told.counts[1]).toEqual({ requests: 62, bytes: 61_990, hitBytes: 2010 });
    await expectBytes(lease.localPath, bytes, spans);
  });

  test("has not begun when the signal has fired before", async () => {
    const tier = tierIn(await temporaryFolder());
    const far = new FarObjects();
    const signal = AbortSignal.abort();
    for (const [name, size] of [
      [LARGE, MIB],
      [SMALL, 100],
    ] as const) {
      const object = await far.object(name, content(size));
      await expect(tier.leaseObject(object, { signal })).rejects.toMatchObject({ kind: "cancelled" });
      const lease = await tier.leaseObject(object);
      await expect(lease.fetch("all", { signal })).rejects.toMatchObject({ kind: "cancelled" });
    }
    expect(far.answered).toEqual([]);
  });

  test("of a small object does not wait for another one's request", async () => {
    const tier = tierIn(await temporaryFolder());
    const far = new FarObjects();
    const object = await far.object(SMALL, content(100));
    const gate = new Gate();
    far.beforeRead = () => gate.pass("");
    const [one, two] = [await tier.leaseObject(object), await tier.leaseObject(object)];
    const first = one.fetch("all");
    await gate.arrived(1);
    const abort = new AbortController();
    const second = two.fetch("all", { signal: abort.signal });
    abort.abort();
    await expect(second).rejects.toMatchObject({ kind: "cancelled" });
    gate.open();
    await first;
    await expectBytes(one.localPath, content(100));
    expect(far.answered).toHaveLength(1);
  });
});

test("a span that cannot be fetched leaves the others", async () => {
  const tier = tierIn(await temporaryFolder());
  const far = new FarObjects();
  const bytes = content(4 * MIB);
  const lease = await tier.leaseObject(await far.object(LARGE, bytes));
  far.beforeRead = (_, { range }) => {
    if (range !== undefined && "offset" in range && range.offset === 2 * MIB)
      throw new LakeError("unavailable", "test", "the service is down");
  };
  const spans = [0, 1, 2, 3].map((index) => ({ offset: index * MIB, length: 1000 }));
  const told = counter();
  await expect(lease.fetch(spans, told)).rejects.toMatchObject({ code: "test" });
  far.beforeRead = () => {};
  await lease.fetch(spans, told);
  expect(told.counts).toEqual([
    { requests: 4, bytes: 3000, hitBytes: 0 },
    { requests: 1, bytes: 1000, hitBytes: 3000 },
  ]);
  await expectBytes(lease.localPath, bytes, spans);
});

test("no request is begun after one that failed", async () => {
  const tier = tierIn(await temporaryFolder());
  const far = new FarObjects();
  const lease = await tier.leaseObject(await far.object(LARGE, content(8 * MIB)));
  far.beforeRead = () => {
    throw new LakeError("unavailable", "test", "the service is down");
  };
  const spans = Array.from({ length: 80 }, (_, index) => ({ offset: index * 100_000, length: 10 }));
  const told = counter();
  await expect(lease.fetch(spans, told)).rejects.toMatchObject({ code: "test" });
  expect(told.counts).toEqual([{ requests: 32, bytes: 0, hitBytes: 0 }]);
});

describe("an answer that is not what was asked for", () => {
  test.each([
    ["large", LARGE, MIB],
    ["small", SMALL, 1000],
  ])("is refused: a %s object of another size", async (_, name, size) => {
    const tier = tierIn(await temporaryFolder());
    const far = new FarObjects();
    const object = await far.object(name, content(size + 1));
    const lease = await tier.leaseObject({ ...object, size });
    await expect(lease.fetch("all")).rejects.toMatchObject({ kind: "corrupt", code: "object-size" });
  });

  test.each([
    ["large", LARGE, MIB],
    ["small", SMALL, 1000],
  ])("is refused: too few bytes of a %s object", async (_, name, size) => {
    const tier = tierIn(await temporaryFolder());
    class Short extends FarObjects {
      override async read(...call: Parameters<FarObjects["read"]>): ReturnType<FarObjects["read"]> {
        const part = await super.read(...call);
        return { ...part, bytes: part.bytes.subarray(1) };
      }
    }
    const far = new Short();
    const lease = await tier.leaseObject(await far.object(name, content(size)));
    await expect(lease.fetch("all")).rejects.toMatchObject({ kind: "unavailable", code: "object-truncated" });
  });

  test("is told: an object that is gone", async () => {
    const tier = tierIn(await temporaryFolder());
    const lease = await tier.leaseObject({ store: new FarObjects(), path: LARGE, size: MIB });
    await expect(lease.fetch("all")).rejects.toMatchObject({ kind: "not-found" });
  });
});
