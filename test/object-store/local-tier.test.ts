import { chmod, mkdir, readdir, readFile, truncate, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { LakeError } from "../../core/index.js";
import { LocalTier, type TierLease } from "../../object-store/index.js";
import { temporaryFolder } from "../support/temporary-folder.js";

const TEXT = "some rows";

async function tierIn(directory: string, maxBytes = 1000): Promise<LocalTier> {
  const tier = new LocalTier({ directory, maxBytes });
  onTestFinished(() => tier.close());
  return tier;
}

/** Writes a text, and counts how often it had to. */
function maker(text = TEXT): {
  readonly make: (file: string) => Promise<void>;
  readonly times: () => number;
} {
  let times = 0;
  const make = async (file: string): Promise<void> => {
    times++;
    await writeFile(file, text);
  };
  return { make, times: () => times };
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}

/** The one copy that the tier keeps of a key. */
async function keptCopy(directory: string, key: string): Promise<string> {
  const [found] = (await filesBelow(path.join(directory, "files"))).filter((file) =>
    path.basename(file).startsWith(`${key}.`),
  );
  if (found === undefined) throw new Error(`no copy of ${key}`);
  return found;
}

test("a copy is made once, for this tier and for every other one of the folder", async () => {
  const directory = path.join(await temporaryFolder(), "made", "when", "needed");
  const [tier, other] = [await tierIn(directory), await tierIn(directory)];
  const { make, times } = maker();
  const leases = [await tier.lease("k", make), await tier.lease("k", make), await other.lease("k", make)];
  for (const lease of leases) {
    expect(path.isAbsolute(lease.localPath)).toBe(true);
    expect(await readFile(lease.localPath, "utf8")).toBe(TEXT);
    await lease.release();
    await lease.release();
  }
  expect(times()).toBe(1);
  expect(await tier.usage()).toEqual({ directory, files: 1, bytes: TEXT.length, maxBytes: 1000 });
});

test("who asks for a key that is being made waits for it, and makes it when the first one fails", async () => {
  const tier = await tierIn(await temporaryFolder());
  const { make, times } = maker();
  const broken = tier.lease("k", async (file) => {
    await writeFile(file, "half of it");
    throw new LakeError("corrupt", "test", "the source is damaged");
  });
  const leases = [tier.lease("k", make), tier.lease("k", make), tier.lease("k", make)];
  await expect(broken).rejects.toMatchObject({ code: "test" });
  for (const lease of await Promise.all(leases)) expect(await readFile(lease.localPath, "utf8")).toBe(TEXT);
  expect(times()).toBe(1);
});

test("nothing is left of a copy that could not be made", async () => {
  const directory = await temporaryFolder();
  const tier = await tierIn(directory);
  const fails = tier.lease("k", async (file) => {
    await writeFile(file, "half of it");
    throw new LakeError("corrupt", "test", "the source is damaged");
  });
  await expect(fails).rejects.toMatchObject({ kind: "corrupt" });
  expect(await filesBelow(directory)).toEqual([]);
});

test("a file that is leased stays when the tier is wiped, and is gone when it is released", async () => {
  const directory = await temporaryFolder();
  const [tier, other] = [await tierIn(directory), await tierIn(directory)];
  const { make, times } = maker();
  const lease = await tier.lease("k", make);
  const second = await tier.lease("k", make);
  expect(await other.wipe()).toMatchObject({ files: 1, bytes: TEXT.length });
  expect(await other.usage()).toMatchObject({ files: 0, bytes: 0 });
  await lease.release();
  expect(await readFile(second.localPath, "utf8")).toBe(TEXT);
  await second.release();
  expect(await filesBelow(directory)).toEqual([]);
  await (await tier.lease("k", make)).release();
  expect(times()).toBe(2);
});

test("what was used least lately leaves first", async () => {
  const directory = await temporaryFolder();
  const tier = await tierIn(directory, 1000);
  const make = maker("x".repeat(240)).make;
  for (const [age, key] of ["a", "b", "c", "d"].entries()) {
    await (await tier.lease(key, make)).release();
    const file = await keptCopy(directory, key);
    await utimes(file, 1000 + age, 1000);
  }
  // A use makes it the newest.
  await (await tier.lease("a", make)).release();
  await (await tier.lease("e", make)).release();
  const kept = (await filesBelow(path.join(directory, "files"))).map((file) => path.basename(file)[0]);
  expect(kept.toSorted()).toEqual(["a", "d", "e"]);
});

test("a file that is larger than the tier is leased all the same, and leaves when it is released", async () => {
  const directory = await temporaryFolder();
  const tier = await tierIn(directory, 100);
  await (await tier.lease("small", maker().make)).release();
  const big = maker("x".repeat(101));
  const lease = await tier.lease("big", big.make);
  expect(await readFile(lease.localPath, "utf8")).toHaveLength(101);
  expect(await tier.usage()).toMatchObject({ files: 1, bytes: TEXT.length });
  await lease.release();
  expect(await filesBelow(directory)).toEqual([await keptCopy(directory, "small")]);
  await (await tier.lease("big", big.make)).release();
  expect(big.times()).toBe(2);
});

test("a copy that lost its end is made again", async () => {
  const directory = await temporaryFolder();
  const tier = await tierIn(directory);
  const { make, times } = maker();
  await (await tier.lease("k", make)).release();
  await truncate(await keptCopy(directory, "k"), 3);
  const lease = await tier.lease("k", make);
  expect(await readFile(lease.localPath, "utf8")).toBe(TEXT);
  expect(times()).toBe(2);
  expect(await tier.usage()).toMatchObject({ files: 1 });
});

test("the folders of processes that are gone are removed, those of living ones and of other machines stay", async () => {
  const directory = await temporaryFolder();
  const tier = await tierIn(directory);
  await tier.lease("k", maker().make);
  const processes = path.join(directory, "processes");
  const [own = ""] = await readdir(processes);
  const [pid = "", start = "", machine = ""] = own.split("-");
  expect(Number(pid)).toBe(process.pid);
  const folders = {
    // No process has this number: it is above every system's limit.
    gone: `2147483646-${start}-${machine}-00000000`,
    otherOfMyNumber: `${pid}-${start === "0" ? "0" : `${start}0`}-${machine}-00000000`,
    mine: `${pid}-${start}-${machine}-00000000`,
    elsewhere: `2147483646-1-${machine === "00000000" ? "11111111" : "00000000"}-00000000`,
    unknown: "lost+found",
  };
  for (const folder of Object.values(folders)) {
    await mkdir(path.join(processes, folder));
    await writeFile(path.join(processes, folder, "some.half"), "half of it");
  }
  await tier.wipe();
  const left = (await readdir(processes)).toSorted();
  const staying = [own, folders.mine, folders.elsewhere, folders.unknown];
  expect(left).toEqual((start === "0" ? [...staying, folders.otherOfMyNumber] : staying).toSorted());
  await utimes(path.join(processes, folders.elsewhere), 0, 0);
  await tier.wipe();
  expect(await readdir(processes)).not.toContain(folders.elsewhere);
});

describe("a folder that cannot be used", () => {
  test("is named, with what to do about it", async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, "taken"), "");
    const tier = await tierIn(path.join(folder, "taken"));
    const failure = await tier.lease("k", maker().make).catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "unavailable", code: "cache-folder" });
    expect(failure).toMatchObject({ message: expect.stringContaining(path.join(folder, "taken")) });
    expect(failure).toMatchObject({ hint: expect.stringContaining("GRIZZLY_CACHE_DIR") });
  });

  test.skipIf(process.getuid?.() === 0)(
    "may be one without the right to write (skipped as root, who has every right)",
    async () => {
      const folder = await temporaryFolder();
      await chmod(folder, 0o500);
      onTestFinished(() => chmod(folder, 0o700));
      const tier = await tierIn(path.join(folder, "cache"));
      await expect(tier.lease("k", maker().make)).rejects.toMatchObject({ code: "cache-folder" });
    },
  );
});

test("close ends every lease, and the tier can be used again", async () => {
  const directory = await temporaryFolder();
  const tier = await tierIn(directory);
  const lease = await tier.lease("k", maker().make);
  await tier.close();
  expect(await readdir(path.join(directory, "processes"))).toEqual([]);
  await lease.release();
  const again = await tier.lease("k", maker("made anew").make);
  expect(await readFile(again.localPath, "utf8")).toBe(TEXT);
});

type Step =
  | { readonly kind: "lease"; readonly key: number }
  | { readonly kind: "release"; readonly which: number }
  | { readonly kind: "wipe" };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.nat(9).map((key): Step => ({ kind: "lease", key })) },
  { weight: 4, arbitrary: fc.nat(20).map((which): Step => ({ kind: "release", which })) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "wipe" }) },
);

test("whatever is leased, released and wiped: leased files are whole, and the tier stays within its limit", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const directory = await temporaryFolder();
      const tier = await tierIn(directory, 1000);
      const contentOf = (key: number): string => String(key).repeat(key * 45);
      const held: { readonly key: number; readonly lease: TierLease }[] = [];
      for (const one of steps) {
        if (one.kind === "lease") {
          const make = maker(contentOf(one.key)).make;
          held.push({ key: one.key, lease: await tier.lease(`k${one.key}`, make) });
        } else if (one.kind === "wipe") {
          await tier.wipe();
        } else {
          await held.splice(one.which % Math.max(1, held.length), 1)[0]?.lease.release();
        }
        for (const { key, lease } of held)
          expect(await readFile(lease.localPath, "utf8")).toBe(contentOf(key));
        const { bytes } = await tier.usage();
        expect(bytes).toBeLessThanOrEqual(1000 * 1.05);
      }
      for (const { lease } of held) await lease.release();
      await tier.wipe();
      expect(await filesBelow(directory)).toEqual([]);
    }),
    { seed: 11, numRuns: 40 },
  );
});
