import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { objectPath } from "../../object-store/index.js";
import { contentLine, readSpanLog } from "../../object-store/local-tier/span-log.js";
import { content, counter, expectBytes, FarObjects, Gate, MIB, tierIn } from "../support/remote-objects.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const LARGE = objectPath("data/large.bin");
const SMALL = objectPath("data/small.bin");
const START = { offset: 0, length: 10_000 };
const LATER = { offset: 500_000, length: 10_000 };

/** The files that the tier keeps of objects, without their ends. */
async function keptCopies(directory: string): Promise<string[]> {
  const names = await readdir(path.join(directory, "objects"), { recursive: true });
  return names
    .filter((name) => name.endsWith(".data"))
    .map((name) => path.join(directory, "objects", name.slice(0, -".data".length)));
}

/** The one copy that is kept. */
async function keptCopy(directory: string): Promise<{ readonly data: string; readonly log: string }> {
  const copies = await keptCopies(directory);
  expect(copies).toHaveLength(1);
  return { data: `${copies[0]}.data`, log: `${copies[0]}.log` };
}

async function leasedFiles(directory: string): Promise<string[]> {
  const names = await readdir(path.join(directory, "processes"), { recursive: true, withFileTypes: true });
  return names.filter((entry) => entry.isFile()).map(({ name }) => name);
}

describe("an object that was replaced", () => {
  test("is told at the next fetch; what is here stays with who leased it, and the next lease begins anew", async () => {
    const directory = await temporaryFolder();
    const tier = tierIn(directory);
    const far = new FarObjects();
    const [before, after] = [content(MIB, 1), content(MIB, 2)];
    const object = await far.object(LARGE, before);
    const lease = await tier.leaseObject(object);
    await lease.fetch([START]);
    await far.put(LARGE, after);
    await expect(lease.fetch([LATER])).rejects.toMatchObject({ kind: "conflict", code: "object-changed" });
    expect(await keptCopies(directory)).toEqual([]);
    await lease.fetch([START]);
    await expectBytes(lease.localPath, before, [START]);

    const next = await tier.leaseObject(object);
    await next.fetch([START, LATER]);
    await expectBytes(next.localPath, after, [START, LATER]);
    await expectBytes(lease.localPath, before, [START]);
    await lease.release();
    await expectBytes(next.localPath, after, [START, LATER]);
    await next.release();
    expect(await leasedFiles(directory)).toEqual([]);
    expect(await keptCopies(directory)).toHaveLength(1);
  });

  test("is known by its etag before anything is fetched", async () => {
    const directory = await temporaryFolder();
    const far = new FarObjects();
    const [before, after] = [content(MIB, 1), content(MIB, 2)];
    const object = await far.object(LARGE, before);
    const etagOf = async (): Promise<string | undefined> => (await far.head(LARGE))?.etag;
    const old = { ...object, etag: await etagOf() };
    const tier = tierIn(directory);
    const lease = await tier.leaseObject(old);
    await lease.fetch([START]);
    await far.put(LARGE, after);
    const now = { ...object, etag: await etagOf() };
    // In the process that has it open, and in another one.
    for (const other of [tier, tierIn(directory)]) {
      const next = await other.leaseObject(now);
      await next.fetch([START]);
      await expectBytes(next.localPath, after, [START]);
      await next.release();
    }
    await expectBytes(lease.localPath, before, [START]);
    expect(await keptCopies(directory)).toHaveLength(1);
    const stale = await tierIn(directory).leaseObject(old);
    await expect(stale.fetch([START])).rejects.toMatchObject({ code: "object-changed" });
  });

  test("is found by who leased it before its content was known", async () => {
    const directory = await temporaryFolder();
    const [tier, other] = [tierIn(directory), tierIn(directory)];
    const far = new FarObjects();
    const object = await far.object(LARGE, content(MIB, 1));
    const [one, two] = [await tier.leaseObject(object), await other.leaseObject(object)];
    const told = await other.leaseObject({ ...object, etag: "another" });
    await one.fetch([START]);
    await far.put(LARGE, content(MIB, 2));
    await expect(two.fetch([LATER])).rejects.toMatchObject({ code: "object-changed" });
    await expect(told.fetch([START])).rejects.toMatchObject({ code: "object-changed" });
  });

  test("while two processes fetched its first bytes is told to one of them", async () => {
    const directory = await temporaryFolder();
    const gate = new Gate();
    class Held extends FarObjects {
      override async read(...call: Parameters<FarObjects["read"]>): ReturnType<FarObjects["read"]> {
        const part = await super.read(...call);
        await gate.pass("");
        return part;
      }
    }
    const far = new Held();
    const object = await far.object(LARGE, content(MIB, 1));
    const leases = [
      await tierIn(directory).leaseObject(object),
      await tierIn(directory).leaseObject(object),
    ] as const;
    const first = leases[0].fetch([START]);
    await gate.arrived(1);
    await far.put(LARGE, content(MIB, 2));
    const second = leases[1].fetch([START]);
    await gate.arrived(2);
    gate.open();
    const ends = await Promise.allSettled([first, second]);
    const failures = ends.flatMap((end): unknown[] => (end.status === "rejected" ? [end.reason] : []));
    expect(failures).toMatchObject([{ code: "object-changed" }]);
    const winner = ends[0].status === "fulfilled" ? 1 : 2;
    await expectBytes(leases[0].localPath, content(MIB, winner), [START]);
  });

  test("is told when it is small and its etag was known", async () => {
    const directory = await temporaryFolder();
    const tier = tierIn(directory);
    const far = new FarObjects();
    const object = await far.object(SMALL, content(100, 1));
    const etag = (await far.head(SMALL))?.etag;
    await far.put(SMALL, content(100, 2));
    const stale = await tier.leaseObject({ ...object, etag });
    await expect(stale.fetch("all")).rejects.toMatchObject({ code: "object-changed" });
    const now = await tier.leaseObject({ ...object, etag: (await far.head(SMALL))?.etag });
    await now.fetch("all");
    await expectBytes(now.localPath, content(100, 2));
  });
});

describe("a copy that a crash left", () => {
  /** A copy with `START` and then `LATER`, and what a new process finds of it after something happened to its files. */
  async function foundAfter(
    happens: (files: { readonly data: string; readonly log: string }) => Promise<unknown>,
  ): Promise<{ readonly hitBytes: number | undefined; readonly copies: number }> {
    const directory = await temporaryFolder();
    const far = new FarObjects();
    const bytes = content(MIB);
    const object = await far.object(LARGE, bytes);
    const before = tierIn(directory);
    const lease = await before.leaseObject(object);
    await lease.fetch([START]);
    await lease.fetch([LATER]);
    await before.close();
    await happens(await keptCopy(directory));
    const told = counter();
    const next = await tierIn(directory).leaseObject(object);
    await next.fetch([START, LATER], told);
    await expectBytes(next.localPath, bytes, [START, LATER]);
    return { hitBytes: told.counts[0]?.hitBytes, copies: (await keptCopies(directory)).length };
  }

  test("is taken as it is when nothing happened to it", async () => {
    expect(await foundAfter(async () => {})).toEqual({ hitBytes: 20_000, copies: 1 });
  });

  test("lacks what the torn last line of its log says", async () => {
    const happens = async ({ log }: { readonly log: string }): Promise<void> =>
      truncate(log, (await stat(log)).size - 3);
    expect(await foundAfter(happens)).toEqual({ hitBytes: 10_000, copies: 1 });
  });

  test("has lines behind one that was torn", async () => {
    const happens = async ({ log }: { readonly log: string }): Promise<void> => {
      const bytes = await readFile(log);
      const last = bytes.lastIndexOf("\n+");
      await writeFile(log, Buffer.concat([bytes.subarray(0, last - 4), bytes.subarray(last)]));
    };
    expect(await foundAfter(happens)).toEqual({ hitBytes: 10_000, copies: 1 });
  });

  test("is empty without a log of its content", async () => {
    expect(await foundAfter(({ log }) => truncate(log, 5))).toEqual({ hitBytes: 0, copies: 1 });
    expect(await foundAfter(({ log }) => truncate(log, 0))).toEqual({ hitBytes: 0, copies: 1 });
  });

  test("is not taken when one of its files is gone or has lost its end", async () => {
    expect(await foundAfter(({ log }) => rm(log))).toEqual({ hitBytes: 0, copies: 1 });
    expect(await foundAfter(({ data }) => rm(data))).toEqual({ hitBytes: 0, copies: 1 });
    expect(await foundAfter(({ data }) => truncate(data, 1000))).toEqual({ hitBytes: 0, copies: 1 });
  });

  /** The copy as if it were made after another start of the machine. */
  const madeAfter =
    (boot: string) =>
    async ({ log }: { readonly log: string }): Promise<void> => {
      const bytes = await readFile(log);
      const { content: made } = readSpanLog(bytes);
      if (made === undefined) throw new Error("no content");
      const first = contentLine({ ...made, boot });
      await writeFile(log, Buffer.concat([first, bytes]));
    };

  test("is not taken after the machine was started again, for bytes may be lost that were not flushed", async () => {
    expect(await foundAfter(madeAfter("another-start"))).toEqual({ hitBytes: 0, copies: 1 });
  });

  test("is taken after any start when its bytes were flushed", async () => {
    expect(await foundAfter(madeAfter(""))).toEqual({ hitBytes: 20_000, copies: 1 });
  });

  test("goes on being flushed when it was begun so", async () => {
    const directory = await temporaryFolder();
    const far = new FarObjects();
    const bytes = content(MIB);
    const object = await far.object(LARGE, bytes);
    const etag = (await far.head(LARGE))?.etag ?? "";
    const first = await tierIn(directory).leaseObject(object);
    await appendFile((await keptCopy(directory)).log, contentLine({ etag, boot: "" }));
    await first.fetch([START]);
    await expectBytes(first.localPath, bytes, [START]);
    expect(readSpanLog(await readFile((await keptCopy(directory)).log))).toMatchObject({
      content: { etag, boot: "" },
      spans: [START],
    });
  });
});

describe("the room that copies take", () => {
  test("is what they take of the disk, not the size of their objects", async () => {
    const directory = await temporaryFolder();
    const tier = tierIn(directory, 5 * MIB);
    const far = new FarObjects();
    const lease = await tier.leaseObject(await far.object(LARGE, content(50 * MIB)));
    await lease.fetch([{ offset: 20 * MIB, length: MIB }]);
    const { bytes, files } = await tier.usage();
    expect(files).toBe(1);
    expect(bytes).toBeGreaterThanOrEqual(MIB);
    expect(bytes).toBeLessThan(1.2 * MIB);
  });

  test("is bounded: what was used least lately leaves, also for whole copies and they for it", async () => {
    const directory = await temporaryFolder();
    const tier = tierIn(directory, 5 * MIB);
    const far = new FarObjects();
    const objects = await Promise.all(
      [1, 2, 3].map((seed) => far.object(objectPath(`data/${seed}.bin`), content(2 * MIB, seed))),
    );
    await (await tier.lease("whole", (file) => writeFile(file, content(MIB)))).release();
    for (const object of objects) {
      const lease = await tier.leaseObject(object);
      await lease.fetch("all");
      await lease.release();
    }
    expect((await tier.usage()).bytes).toBeLessThanOrEqual(5 * MIB * 1.05);
    const told = counter();
    for (const object of objects.toReversed()) await (await tier.leaseObject(object)).fetch("all", told);
    expect(told.counts.map(({ requests }) => requests)).toEqual([0, 0, 1]);
    let made = 0;
    await tier.lease("whole", async (file) => {
      made++;
      await writeFile(file, "again");
    });
    expect(made).toBe(1);
  });

  test("is given back when the last one has released what left the tier while it was read", async () => {
    const directory = await temporaryFolder();
    const tier = tierIn(directory, MIB);
    const far = new FarObjects();
    const bytes = content(4 * MIB);
    const object = await far.object(LARGE, bytes);
    const [one, two] = [await tier.leaseObject(object), await tier.leaseObject(object)];
    await one.fetch("all");
    // Larger than the tier: it left at once, and is read all the same.
    expect(await tier.usage()).toMatchObject({ files: 0, bytes: 0 });
    await expectBytes(two.localPath, bytes);
    await one.release();
    const told = counter();
    await two.fetch("all", told);
    expect(told.counts).toEqual([{ requests: 0, bytes: 0, hitBytes: 4 * MIB }]);
    await expectBytes(two.localPath, bytes);
    await two.release();
    expect(await leasedFiles(directory)).toEqual([]);
  });

  test("is free after a wipe, but for what is being read", async () => {
    const directory = await temporaryFolder();
    const [tier, other] = [tierIn(directory), tierIn(directory)];
    const far = new FarObjects();
    const bytes = content(MIB);
    const object = await far.object(LARGE, bytes);
    const small = await far.object(SMALL, content(100));
    const lease = await tier.leaseObject(object);
    await lease.fetch([START]);
    const smallLease = await tier.leaseObject(small);
    await smallLease.fetch("all");
    expect(await other.wipe()).toMatchObject({ files: 2 });
    expect(await other.usage()).toMatchObject({ files: 0, bytes: 0 });
    await lease.fetch([LATER]);
    await expectBytes(lease.localPath, bytes, [START, LATER]);
    await expectBytes(smallLease.localPath, content(100));
    const told = counter();
    const anew = await other.leaseObject(object);
    await anew.fetch([START], told);
    expect(told.counts).toEqual([{ requests: 1, bytes: 10_000, hitBytes: 0 }]);
    await Promise.all([lease.release(), smallLease.release(), anew.release()]);
    expect(await leasedFiles(directory)).toEqual([]);
  });

  test("is not taken by what is not to be kept", async () => {
    const directory = await temporaryFolder();
    const tier = tierIn(directory);
    const far = new FarObjects();
    for (const [name, bytes] of [
      [LARGE, content(MIB)],
      [SMALL, content(100)],
    ] as const) {
      const object = await far.object(name, bytes);
      const lease = await tier.leaseObject(object, { keep: false });
      await lease.fetch("all");
      await expectBytes(lease.localPath, bytes);
      await lease.release();
      const told = counter();
      const kept = await tier.leaseObject(object);
      await kept.fetch("all", told);
      expect(told.counts).toEqual([{ requests: 1, bytes: bytes.length, hitBytes: 0 }]);
      await kept.release();
      // One that is there is used.
      const again = await tier.leaseObject(object, { keep: false });
      await again.fetch("all", told);
      expect(told.counts[1]).toEqual({ requests: 0, bytes: 0, hitBytes: bytes.length });
      await again.release();
    }
    expect(await tier.usage()).toMatchObject({ files: 2 });
    expect(await leasedFiles(directory)).toEqual([]);
  });
});

test("tiers that begin a copy at the same time have one in the end", async () => {
  const far = new FarObjects();
  const bytes = content(MIB);
  const object = await far.object(LARGE, bytes);
  for (let round = 0; round < 20; round++) {
    const directory = await temporaryFolder();
    const tiers = [1, 2, 3, 4].map(() => tierIn(directory));
    const leases = await Promise.all(tiers.map((tier) => tier.leaseObject(object)));
    await Promise.all(leases.map((lease, index) => lease.fetch([{ offset: index * 1000, length: 3000 }])));
    for (const [index, lease] of leases.entries())
      await expectBytes(lease.localPath, bytes, [{ offset: index * 1000, length: 3000 }]);
    // Whoever comes later takes the first in order.
    const told = counter();
    const [one, two] = [
      await tierIn(directory).leaseObject(object),
      await tierIn(directory).leaseObject(object),
    ];
    await one.fetch("all");
    await two.fetch("all", told);
    expect(told.counts).toEqual([{ requests: 0, bytes: 0, hitBytes: MIB }]);
    await expectBytes(two.localPath, bytes);
  }
});

test("a folder that cannot be used is named, with what to do about it", async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, "taken"), "");
  const tier = tierIn(path.join(folder, "taken"));
  const far = new FarObjects();
  const failure = {
    kind: "unavailable",
    code: "cache-folder",
    hint: expect.stringContaining("GRIZZLY_CACHE_DIR"),
  };
  await expect(tier.leaseObject(await far.object(LARGE, content(MIB)))).rejects.toMatchObject(failure);
  const small = await tier.leaseObject(await far.object(SMALL, content(10)));
  await expect(small.fetch("all")).rejects.toMatchObject(failure);
});

test("stores that are opened at different folders share a copy", async () => {
  const tier = tierIn(await temporaryFolder());
  const bucket = new FarObjects("far://bucket");
  const folder = new FarObjects("far://bucket/lake/");
  const bytes = content(MIB);
  const whole = await bucket.object(objectPath("lake/t/a.parquet"), bytes);
  const below = { store: folder, path: objectPath("t/a.parquet"), size: bytes.length };
  await (await tier.leaseObject(whole)).fetch([START]);
  const lease = await tier.leaseObject(below);
  await lease.fetch([START]);
  await expectBytes(lease.localPath, bytes, [START]);
  expect(folder.answered).toEqual([]);
});

test("objects whose names differ only by being encoded are two", async () => {
  const tier = tierIn(await temporaryFolder());
  const [encoded, literal] = [new FarObjects("far://bucket/a%20b"), new FarObjects("far://bucket")];
  const [one, two] = [content(MIB, 1), content(MIB, 2)];
  const leases = [
    await tier.leaseObject(await encoded.object(objectPath("c"), one)),
    await tier.leaseObject(await literal.object(objectPath("a%20b/c"), two)),
  ] as const;
  for (const lease of leases) await lease.fetch([START]);
  await expectBytes(leases[0].localPath, one, [START]);
  await expectBytes(leases[1].localPath, two, [START]);
});
