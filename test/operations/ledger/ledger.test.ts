import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, type Session } from "../../../engine/index.js";
import { LocalStore, MemoryStore, type ObjectStore } from "../../../object-store/index.js";
import type { FoundFile, LandedFile } from "../../../src/operations/landing/ledger/landed-file.js";
import { renewedLedger } from "../../../src/operations/landing/ledger/ledger.js";
import { sharedFolder, temporaryFolder } from "../../support/temporary-folder.js";
import { found, HOUR, LedgerTable, landedFile, landedFiles, type Verdicts } from "./ledger-table.js";

const SEED = 20_261_120;

let engine: Engine;
let session: Session;
beforeAll(async () => {
  engine = await Engine.open({ threads: 2 });
  session = await engine.acquire();
});
afterAll(() => engine.close());

const onDisk = async (): Promise<LedgerTable> =>
  LedgerTable.create(new LocalStore(await temporaryFolder()), engine, session);

/** What a ledger is to say of files, by a map of all that landed. */
function verdicts(model: ReadonlyMap<string, LandedFile>, files: readonly FoundFile[]): Verdicts {
  const isSame = (file: FoundFile, landed: LandedFile | undefined): boolean =>
    landed?.size === file.size && landed.modificationTime === file.modificationTime;
  return {
    fresh: files.filter(({ uri }) => !model.has(uri)),
    unchanged: files.filter((file) => isSame(file, model.get(file.uri))),
    touched: files.flatMap((file) => {
      const landed = model.get(file.uri);
      return landed === undefined || isSame(file, landed) ? [] : [{ found: file, landed }];
    }),
  };
}

type Step =
  | {
      readonly kind: "land" | "reset" | "staged" | "discarded" | "race";
      readonly from: number;
      readonly count: number;
      readonly edition: number;
    }
  | { readonly kind: "wait"; readonly ms: number };

const FILES = 1_200;

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.oneof(
        { weight: 6, arbitrary: fc.constant("land" as const) },
        { weight: 1, arbitrary: fc.constantFrom("reset" as const, "staged" as const, "discarded" as const) },
        { weight: 2, arbitrary: fc.constant("race" as const) },
      ),
      from: fc.nat(FILES),
      count: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 100, max: 700 })),
      edition: fc.nat(2),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.constantFrom(1, HOUR / 2, 2 * HOUR) }),
  },
);

/** Takes a step with the table and with the model of it. */
async function take(table: LedgerTable, model: Map<string, LandedFile>, step: Step): Promise<void> {
  if (step.kind === "wait") return table.clock.forward(step.ms);
  const { kind, from, count, edition } = step;
  const files = landedFiles(from, count, edition);
  const learn = (landed: readonly LandedFile[]): void => {
    for (const file of landed) model.set(file.uri, file);
  };
  const read = await table.snapshot();
  switch (kind) {
    case "reset":
      model.clear();
      await table.land(files, { reset: true });
      return learn(files);
    case "land":
      await table.land(files);
      return learn(files);
    case "staged":
      // The process dies before its commit.
      await table.stage(read, files);
      return;
    case "discarded": {
      const before = await table.files();
      await (await table.stage(read, files)).discard();
      expect(await table.files()).toEqual(before);
      return;
    }
    case "race": {
      const others = landedFiles(FILES - from, 5, edition + 1);
      const [first, second] = [await table.stage(read, files), await table.stage(read, others)];
      expect(await table.commit(read, first)).toMatchObject({ status: "committed" });
      expect(await table.commit(read, second)).toMatchObject({
        status: "conflict",
        conflict: { reason: "duplicate-application-commit" },
      });
      await second.discard();
      await first.tidy();
      await table.land(others);
      learn(files);
      learn(others);
    }
  }
}

describe.each<{ readonly name: string; readonly open: (folder: string) => ObjectStore }>([
  { name: "a local store", open: (folder) => new LocalStore(folder) },
  { name: "a store that is not local", open: () => new MemoryStore() },
])("a ledger in $name", ({ open }) => {
  it("knows what landed, whatever else happens", async () => {
    // Files of every edition, and some that never land, in an order of their own.
    const asked = Array.from({ length: FILES + 500 }, (_, index) => {
      const number = (index * 1_009) % (FILES + 500);
      return found(landedFile(number, number % 4));
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const folder = await sharedFolder();
        try {
          const table = await LedgerTable.create(open(folder.path), engine, session);
          const model = new Map<string, LandedFile>();
          for (const each of steps) {
            await take(table, model, each);
            expect(await table.compare(asked)).toEqual(verdicts(model, asked));
          }
        } finally {
          await folder.remove();
        }
      }),
      { seed: SEED, numRuns: 6, endOnFailure: true },
    );
  });
});

describe("a ledger", () => {
  it("is empty where nothing has landed, and where a transaction was undone", async () => {
    const table = await onDisk();
    const read = await table.snapshot();
    const ledger = await table.ledger(read);
    expect(ledger.isEmpty).toBe(true);
    const staged = await ledger.stage(session, [landedFile(1)]);
    await staged.discard();
    await table.commit(read, { ...staged, transaction: { ...staged.transaction, version: -1n } });
    expect((await table.ledger(await table.snapshot())).isEmpty).toBe(true);
  });

  it("writes nothing but a head when few files land", async () => {
    const table = await onDisk();
    await table.land(landedFiles(0, 20_000));
    const before = await table.files();
    await table.land([landedFile(20_000)]);
    const written = (await table.files()).filter((name) => !before.includes(name));
    expect(written).toEqual([expect.stringMatching(/^\d{20}\.json$/)]);
    expect((await table.store.head(table.file(written[0] ?? "")))?.size).toBeLessThan(1_000);
    const asked = [landedFile(20_000), landedFile(3), landedFile(20_001), landedFile(4, 1)].map(found);
    expect(await table.compare(asked)).toEqual({
      fresh: [asked[2]],
      unchanged: [asked[0], asked[1]],
      touched: [{ found: asked[3], landed: landedFile(4) }],
    });
  });

  it("keeps few segments and 60 bytes a file however it grew", async () => {
    const table = await onDisk();
    let count = 0;
    for (const size of [300, 257, 900, 300, 4_000, 260, 300, 7_000, 500, 300, 300, 300, 300]) {
      await table.land(landedFiles(count, size));
      table.clock.forward(HOUR / 4);
      count += size;
    }
    table.clock.forward(2 * HOUR);
    await table.land([landedFile(0, 1)]);
    const segments = (await table.files()).filter((name) => name.endsWith(".parquet"));
    expect(segments.length).toBeLessThanOrEqual(Math.ceil(Math.log2(count / 256)));
    const sizes = await Promise.all(segments.map((name) => table.store.head(table.file(name))));
    expect(sizes.reduce((sum, object) => sum + (object?.size ?? 0), 0)).toBeLessThan(60 * count);
    expect((await table.compare(landedFiles(0, count).map(found))).unchanged).toHaveLength(count - 1);
  });

  it("deletes what was left behind an hour ago, and nothing that is younger", async () => {
    const table = await onDisk();
    for (let number = 0; number < 5; number++) {
      await table.land(landedFiles(number * 300, 300));
      await table.stage(await table.snapshot(), landedFiles(0, 400));
      table.clock.forward(60_000);
    }
    const before = await table.files();
    await table.land([landedFile(0)]);
    expect((await table.files()).filter((name) => before.includes(name))).toEqual(before);
    table.clock.forward(2 * HOUR);
    await table.land([landedFile(1)]);
    // The head that landed, the one that it stands on, and the last that readers may still begin with.
    const after = await table.files();
    expect(after.filter((name) => name.endsWith(".json")).length).toBeLessThanOrEqual(3);
    expect(after.filter((name) => name.endsWith(".parquet")).length).toBeLessThanOrEqual(3);
    expect((await table.compare(landedFiles(0, 1_500).map(found))).unchanged).toHaveLength(1_500);
  });

  it("has one version for each of two landings that begin at the same moment", async () => {
    const table = await onDisk();
    const read = await table.snapshot();
    const staged = await Promise.all([1, 2, 3, 4].map((number) => table.stage(read, [landedFile(number)])));
    expect(new Set(staged.map(({ transaction }) => transaction.version)).size).toBe(4);
  });

  it("goes on from a version of a machine whose clock is ahead", async () => {
    const table = await onDisk();
    table.clock.forward(24 * HOUR);
    await table.land([landedFile(1)]);
    table.clock.forward(-24 * HOUR);
    await table.land([landedFile(2)]);
    expect((await table.compare([1, 2].map((number) => found(landedFile(number))))).unchanged).toHaveLength(
      2,
    );
  });

  it("that is renewed knows the files that landed since", async () => {
    const table = await onDisk();
    await table.land([landedFile(1)]);
    const read = await table.snapshot();
    const staged = await renewedLedger(read.folder, read, { clock: table.clock }).stage(session, [
      landedFile(2),
    ]);
    expect(staged.transaction.version).toBeGreaterThan(
      read.transactions.get("grizzly.landing")?.version ?? 0n,
    );
    await table.commit(read, staged);
    expect(await table.compare([landedFile(1), landedFile(2)].map(found))).toEqual({
      fresh: [found(landedFile(1))],
      unchanged: [found(landedFile(2))],
      touched: [],
    });
  });

  it("leaves nothing of a staging that is cancelled", async () => {
    const table = await onDisk();
    const read = await table.snapshot();
    const before = await table.files();
    const signal = AbortSignal.abort();
    await expect(table.stage(read, landedFiles(0, 1_000), { signal })).rejects.toMatchObject({
      kind: "cancelled",
    });
    expect(await table.files()).toEqual(before);
  });
});
