import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { landingBatches } from "../../../src/operations/landing/ledger/landing-batches.js";
import {
  EMPTY_HEAD,
  type LedgerHead,
  type LedgerSegment,
  parseHead,
  serializeHead,
} from "../../../src/operations/landing/ledger/ledger-head.js";
import {
  newLedgerVersion,
  newSegmentName,
  timeOfLedger,
} from "../../../src/operations/landing/ledger/ledger-version.js";
import { MOST_RECENT, planLedger } from "../../../src/operations/landing/ledger/segment-plan.js";
import { isSweepDue, planSweep } from "../../../src/operations/landing/ledger/sweep-plan.js";
import { HOUR, landedFile, landedFiles } from "./ledger-table.js";

const SEED = 20_261_120;
const NOW = Date.UTC(2026, 10, 20);

function segment(entries: number, made = NOW): LedgerSegment {
  const name = newSegmentName(newLedgerVersion(undefined, made));
  return { name, entries, bytes: entries * 30, firstUri: "file:///a", lastUri: "file:///z" };
}

describe("a plan of a ledger", () => {
  it("gathers entries in the head, the newest of each file", () => {
    const base = { ...EMPTY_HEAD, recent: landedFiles(0, 3), segments: [segment(1_000)] };
    const plan = planLedger(base, [landedFile(1, 5), landedFile(9)], { reset: false, now: NOW });
    expect(plan).toMatchObject({ kept: base.segments, written: undefined, retired: [] });
    expect(plan.recent.toSorted((a, b) => (a.uri < b.uri ? -1 : 1))).toEqual(
      [landedFile(0), landedFile(1, 5), landedFile(2), landedFile(9)].toSorted((a, b) =>
        a.uri < b.uri ? -1 : 1,
      ),
    );
  });

  it("writes a segment when there are too many, and takes in those before that are no larger", () => {
    const segments = [segment(5_000), segment(900), segment(400), segment(300)];
    const recent = landedFiles(0, MOST_RECENT);
    const base = { ...EMPTY_HEAD, segments, recent };
    const plan = planLedger(base, landedFiles(MOST_RECENT, 100), { reset: false, now: NOW });
    expect(plan.recent).toEqual([]);
    expect(plan.kept).toEqual(segments.slice(0, 1));
    expect(plan.written?.merged).toEqual(segments.slice(1));
    expect(plan.written?.entries).toHaveLength(MOST_RECENT + 100);
    expect(plan.retired).toEqual(segments.slice(1).map(({ name }) => ({ name, at: NOW })));
  });

  it("that begins anew retires all there was", () => {
    const base = { ...EMPTY_HEAD, segments: [segment(500)], recent: landedFiles(0, 10) };
    expect(planLedger(base, [landedFile(99)], { reset: true, now: NOW })).toEqual({
      recent: [landedFile(99)],
      kept: [],
      written: undefined,
      retired: [{ name: base.segments[0]?.name, at: NOW }],
    });
  });

  it("remembers what was retired for an hour", () => {
    const [old, young] = [
      { name: segment(1).name, at: NOW - HOUR - 1 },
      { name: segment(1).name, at: NOW - HOUR + 1 },
    ];
    const base = { ...EMPTY_HEAD, retired: [old, young] };
    expect(planLedger(base, [], { reset: false, now: NOW }).retired).toEqual([young]);
  });

  it("keeps segments few, and writes each entry few times", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 3_000 })), {
          minLength: 1,
          maxLength: 30,
        }),
        (sizes) => {
          let head: LedgerHead = EMPTY_HEAD;
          let written = 0;
          let total = 0;
          for (const size of sizes) {
            const plan = planLedger(head, landedFiles(total, size), { reset: false, now: NOW });
            total += size;
            const merged = (plan.written?.merged ?? []).reduce((sum, { entries }) => sum + entries, 0);
            const added = plan.written === undefined ? [] : [segment(plan.written.entries.length + merged)];
            written += added[0]?.entries ?? 0;
            head = { ...EMPTY_HEAD, recent: plan.recent, segments: [...plan.kept, ...added] };
            const held = head.segments.reduce((sum, { entries }) => sum + entries, head.recent.length);
            expect(held).toBe(total);
            const doublings = Math.log2(Math.max(2, total / MOST_RECENT)) + 1;
            expect(head.segments.length).toBeLessThanOrEqual(doublings);
            expect(written).toBeLessThanOrEqual(total * doublings);
          }
        },
      ),
      { seed: SEED, numRuns: 25 },
    );
  });
});

describe("a head", () => {
  it("is read as it was written", () => {
    const head: LedgerHead = {
      sweptAt: NOW,
      segments: [segment(3)],
      recent: [{ ...landedFile(1), uri: 'file:///ä "quoted" \\ \u{1F600}' }],
      retired: [{ name: segment(1).name, at: NOW }],
    };
    expect(parseHead(serializeHead(head), "the file")).toEqual(head);
  });
});

describe("a version of a ledger", () => {
  it("is above its base, whatever the clocks say, and tells when it was made", () => {
    const first = newLedgerVersion(undefined, NOW);
    expect(timeOfLedger(first)).toBe(NOW);
    expect(newLedgerVersion(first, NOW)).toBeGreaterThan(first);
    expect(newLedgerVersion(first, NOW - HOUR)).toBeGreaterThan(first);
    expect(newLedgerVersion(first, NOW + 1)).toBeGreaterThan(first);
    // A txn's version is a signed 64-bit number in every reader, until the year 2248.
    expect(newLedgerVersion(undefined, Date.UTC(2248, 0, 1), 2 ** 20 - 1)).toBeLessThan(2n ** 63n);
  });
});

describe("a sweep", () => {
  const head = (made: number): string =>
    `${newLedgerVersion(undefined, made, 7).toString().padStart(20, "0")}.json`;
  const version = newLedgerVersion(undefined, NOW, 7);

  it("is due once an hour", () => {
    expect(isSweepDue({ ...EMPTY_HEAD, sweptAt: NOW - HOUR + 1 }, NOW)).toBe(false);
    expect(isSweepDue({ ...EMPTY_HEAD, sweptAt: NOW - HOUR }, NOW)).toBe(true);
    expect(isSweepDue({ ...EMPTY_HEAD, sweptAt: NOW + 1 }, NOW)).toBe(true);
  });

  it("takes heads but the last of an hour ago, the base and those that are younger", () => {
    const hours = [5, 4, 3, 2, 1.5, 0.5, 0, -1];
    const names = hours.map((each) => head(NOW - each * HOUR));
    const base = newLedgerVersion(undefined, NOW - 4 * HOUR, 7);
    expect(planSweep(names, { version, base, head: EMPTY_HEAD }, NOW)).toEqual(
      [5, 3, 2].map((each) => head(NOW - each * HOUR)),
    );
  });

  it("takes segments that no reader wants, and no other file", () => {
    const old = [1, 2, 3].map(() => segment(1, NOW - 2 * HOUR));
    const [kept, retired, left] = old.map(({ name }) => name);
    const young = segment(1, NOW - 1).name;
    const later = segment(1, NOW + 1).name;
    const names = [kept, retired, left, young, later, "notes.txt", `${head(0)}.bak`].flatMap(
      (name) => name ?? [],
    );
    const committed = {
      version,
      base: undefined,
      head: { ...EMPTY_HEAD, segments: old.slice(0, 1), retired: [{ name: retired ?? "", at: NOW - 1 }] },
    };
    expect(planSweep(names, committed, NOW)).toEqual([left]);
  });
});

describe("batches", () => {
  const files = (...sizes: number[]): { size: number }[] => sizes.map((size) => ({ size }));

  it("hold so many files and bytes at most, in order", () => {
    expect(landingBatches(files(1, 2, 3, 4, 5), { files: 2, bytes: 100 })).toEqual([
      files(1, 2),
      files(3, 4),
      files(5),
    ]);
    expect(landingBatches(files(4, 4, 4, 9, 1), { files: 10, bytes: 8 })).toEqual([
      files(4, 4),
      files(4),
      files(9),
      files(1),
    ]);
    expect(landingBatches([], { files: 2, bytes: 1 })).toEqual([]);
  });
});
