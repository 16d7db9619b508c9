import fc from "fast-check";
import { expect, test } from "vitest";
import { LakeError } from "../../core/index.js";
import { type ByteSpan, type LocalTier, type ObjectLease, objectPath } from "../../object-store/index.js";
import { content, expectBytes, FarObjects, tierIn } from "../support/remote-objects.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** Bytes of the objects; the first is small, so that it is fetched whole. */
const SIZES = [3000, 150_000, 700_000];
const TIERS = 3;

type Step =
  | { readonly kind: "lease"; readonly tier: number; readonly object: number }
  | { readonly kind: "fetch"; readonly which: number; readonly spans: readonly ByteSpan[] | "all" }
  | { readonly kind: "release"; readonly which: number }
  | { readonly kind: "wipe"; readonly tier: number };

const span = fc.record({
  offset: fc.nat(720_000),
  length: fc.oneof(fc.nat(500), fc.nat(40_000), fc.nat(400_000)),
});
const lease = fc
  .tuple(fc.nat(TIERS - 1), fc.nat(SIZES.length - 1))
  .map(([tier, object]): Step => ({ kind: "lease", tier, object }));
const fetch = fc
  .tuple(fc.nat(20), fc.oneof(fc.array(span, { maxLength: 6 }), fc.constant("all" as const)))
  .map(([which, spans]): Step => ({ kind: "fetch", which, spans }));
const release = fc.nat(20).map((which): Step => ({ kind: "release", which }));
const wipe = fc.nat(TIERS - 1).map((tier): Step => ({ kind: "wipe", tier }));
const calm = fc.oneof({ weight: 3, arbitrary: lease }, { weight: 6, arbitrary: fetch });
const wild = fc.oneof(
  { weight: 4, arbitrary: lease },
  { weight: 9, arbitrary: fetch },
  { weight: 3, arbitrary: release },
  { weight: 1, arbitrary: wipe },
);
/** Steps that go on at the same time, several times over. */
const history = (step: fc.Arbitrary<Step>): fc.Arbitrary<Step[][]> =>
  fc.array(fc.array(step, { minLength: 1, maxLength: 6 }), { maxLength: 12 });

interface Held {
  readonly lease: ObjectLease;
  readonly object: number;
  readonly fetched: ByteSpan[];
}

class World {
  readonly far = new FarObjects();
  readonly contents = SIZES.map((size, seed) => content(size, seed));
  readonly held: Held[] = [];
  readonly #tiers: readonly LocalTier[];

  constructor(tiers: readonly LocalTier[]) {
    this.#tiers = tiers;
  }

  async run(batch: readonly Step[]): Promise<void> {
    await Promise.all(batch.map((step) => this.#do(step)));
  }

  /** Whether every byte that was fetched through a lease is right. */
  async check(): Promise<void> {
    const files = new Map<string, { readonly object: number; readonly fetched: ByteSpan[] }>();
    for (const { lease: one, object, fetched } of this.held) {
      const file = files.get(one.localPath) ?? { object, fetched: [] };
      files.set(one.localPath, file);
      file.fetched.push(...fetched);
    }
    for (const [file, { object, fetched }] of files) {
      if (fetched.length > 0) await expectBytes(file, this.#contentOf(object), fetched);
    }
  }

  async releaseAll(): Promise<void> {
    for (const { lease: one } of this.held.splice(0)) await one.release();
  }

  #contentOf(object: number): Uint8Array {
    return this.contents[object] ?? new Uint8Array();
  }

  async #do(step: Step): Promise<void> {
    if (step.kind === "lease") {
      const { object } = step;
      const path = objectPath(`data/${object}`);
      const size = this.#contentOf(object).length;
      const one = await this.#tiers[step.tier]?.leaseObject({ store: this.far, path, size });
      if (one !== undefined) this.held.push({ lease: one, object, fetched: [] });
    } else if (step.kind === "wipe") {
      await this.#tiers[step.tier]?.wipe();
    } else if (step.kind === "release") {
      await this.held.splice(step.which % Math.max(1, this.held.length), 1)[0]?.lease.release();
    } else {
      const one = this.held[step.which % Math.max(1, this.held.length)];
      if (one === undefined) return;
      const size = this.#contentOf(one.object).length;
      const spans = step.spans === "all" ? [{ offset: 0, length: size }] : step.spans;
      try {
        await one.lease.fetch(step.spans);
        one.fetched.push(...spans.filter(({ offset }) => offset < size));
      } catch (error) {
        if (!(error instanceof LakeError) || error.code !== "test") throw error;
      }
    }
  }
}

async function worldOf(maxBytes: number): Promise<{ readonly world: World; readonly tiers: LocalTier[] }> {
  const directory = await temporaryFolder();
  const tiers = Array.from({ length: TIERS }, () => tierIn(directory, maxBytes));
  const world = new World(tiers);
  for (const [object, bytes] of world.contents.entries()) {
    await world.far.object(objectPath(`data/${object}`), bytes);
  }
  return { world, tiers };
}

test("whatever is leased, fetched, released, evicted and wiped at the same time: bytes that were fetched are right", async () => {
  await fc.assert(
    fc.asyncProperty(history(wild), fc.infiniteStream(fc.nat(9)), async (batches, luck) => {
      const { world, tiers } = await worldOf(600_000);
      world.far.beforeRead = () => {
        if (luck.next().value === 0) throw new LakeError("unavailable", "test", "the service is down");
      };
      for (const batch of batches) {
        // What is released is not fetched with at the same time.
        await world.run(batch.filter(({ kind }) => kind !== "release"));
        for (const step of batch) if (step.kind === "release") await world.run([step]);
        await world.check();
      }
      await world.releaseAll();
      for (const tier of tiers) await tier.wipe();
      expect(await tiers[0]?.usage()).toMatchObject({ files: 0, bytes: 0 });
    }),
    { seed: 65, numRuns: 40 },
  );
});

/** Whether some byte of an object was fetched twice. */
function isFetchedTwice({ far, contents }: World): boolean {
  return [...contents.keys()].some((object) => {
    const spans = far.answered
      .filter(({ path }) => path === `data/${object}`)
      .toSorted((a, b) => a.offset - b.offset);
    return spans.some(({ offset }, index) => {
      const before = spans[index - 1];
      return before !== undefined && offset < before.offset + before.length;
    });
  });
}

test("with room for all, no byte is fetched twice by the tiers of a folder that fetch one after the other", async () => {
  await fc.assert(
    fc.asyncProperty(history(calm), async (batches) => {
      const { world } = await worldOf(10_000_000);
      for (const step of batches.flat()) await world.run([step]);
      await world.check();
      expect(isFetchedTwice(world)).toBe(false);
      await world.releaseAll();
    }),
    { seed: 66, numRuns: 15 },
  );
});

test("with room for all, no byte is fetched twice by one tier, whatever goes on at the same time", async () => {
  await fc.assert(
    fc.asyncProperty(history(calm), async (batches) => {
      const { world } = await worldOf(10_000_000);
      const ofOne = (step: Step): Step => (step.kind === "lease" ? { ...step, tier: 0 } : step);
      for (const batch of batches) await world.run(batch.map(ofOne));
      await world.check();
      expect(isFetchedTwice(world)).toBe(false);
      await world.releaseAll();
    }),
    { seed: 67, numRuns: 15 },
  );
});
