import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { objectPath } from "../../object-store/index.js";
import { type LogFile, parseLogFile } from "../../table-format/log/log-path.js";
import { type Version, version } from "../../table-format/log/version.js";
import { planLogCleanup } from "../../table-format/maintenance/plan-log-cleanup.js";

// Random logs: some begin late, some have checkpoints that lack a part, some lack a commit. A naive reader
// says which versions can be put together from the names of the files; clean-up must not take any of them
// that it promised to keep, whenever it is stopped.

const SEED = 20_261_121;
const digits = (n: number): string => String(n).padStart(20, "0");

const CHECKPOINTS = ["classic", "v2", "whole-parts", "broken-parts"] as const;

const logArbitrary = fc
  .record({
    newest: fc.nat(14),
    begins: fc.nat(6),
    lost: fc.option(fc.nat(14), { freq: 5 }),
    checkpoints: fc.array(fc.record({ at: fc.nat(14), kind: fc.constantFrom(...CHECKPOINTS) }), {
      maxLength: 6,
    }),
    compactions: fc.array(fc.record({ first: fc.nat(12), length: fc.integer({ min: 1, max: 5 }) }), {
      maxLength: 3,
    }),
    checksums: fc.array(fc.nat(14), { maxLength: 6 }),
  })
  .map(({ newest, begins, lost, checkpoints, compactions, checksums }) => {
    const names: string[] = [];
    for (let at = Math.min(begins, newest); at <= newest; at++)
      if (at !== lost) names.push(`${digits(at)}.json`);
    for (const { at, kind } of checkpoints) {
      if (at > newest) continue;
      if (kind === "classic") names.push(`${digits(at)}.checkpoint.parquet`);
      if (kind === "v2") names.push(`${digits(at)}.checkpoint.80a083e8-7026-4e79-81be-64bd76c43a11.json`);
      if (kind === "whole-parts" || kind === "broken-parts") {
        names.push(`${digits(at)}.checkpoint.${"1".padStart(10, "0")}.${"2".padStart(10, "0")}.parquet`);
      }
      if (kind === "whole-parts") {
        names.push(`${digits(at)}.checkpoint.${"2".padStart(10, "0")}.${"2".padStart(10, "0")}.parquet`);
      }
    }
    for (const { first, length } of compactions) {
      if (first + length <= newest) names.push(`${digits(first)}.${digits(first + length)}.compacted.json`);
    }
    for (const at of checksums) if (at <= newest) names.push(`${digits(at)}.crc`);
    return { newest, listing: fileOf([...new Set(names)]) };
  });

function fileOf(names: readonly string[]): LogFile[] {
  return names.flatMap((name) => {
    const file = parseLogFile({ path: objectPath(`_delta_log/${name}`), size: 1, lastModified: 0 });
    return file === undefined ? [] : [file];
  });
}

/** Whether a version can be read: from a whole checkpoint, or from nothing, and every single commit after it. */
function canRead(listing: readonly LogFile[], target: bigint): boolean {
  const commits = new Set(
    listing.filter((file) => file.kind === "commit").map((file): bigint => file.version),
  );
  const bases: bigint[] = [-1n];
  for (const file of listing) {
    if (file.kind === "classic-checkpoint" || file.kind === "v2-checkpoint") bases.push(file.version);
    if (file.kind !== "multi-part-checkpoint") continue;
    const parts = listing.filter(
      (other) => other.kind === "multi-part-checkpoint" && other.version === file.version,
    );
    if (parts.length === file.parts) bases.push(file.version);
  }
  return bases.some((base) => {
    if (base > target) return false;
    for (let at = base + 1n; at <= target; at++) if (!commits.has(at)) return false;
    return true;
  });
}

const PROTOCOL = {
  minReaderVersion: 1,
  minWriterVersion: 2,
  readerFeatures: undefined,
  writerFeatures: undefined,
};
const PROTECTED = { ...PROTOCOL, minWriterVersion: 7, writerFeatures: ["checkpointProtection"] };

function versions(newest: number): Version[] {
  return Array.from({ length: newest + 1 }, (_, index) => version(index));
}

describe("planLogCleanup", () => {
  it("keeps every version from the cut-off on readable, and stops anywhere without harm", () => {
    let cleaned = 0;
    fc.assert(
      fc.property(logArbitrary, fc.nat(14), ({ newest, listing }, choice) => {
        const cutOff = version(choice % (newest + 1));
        const plan = planLogCleanup(listing, cutOff, PROTOCOL, {});
        if ("keep" in plan) return;
        cleaned++;
        for (let done = 0; done <= plan.expired.length; done++) {
          const gone = new Set(plan.expired.slice(0, done));
          const left = listing.filter((file) => !gone.has(file));
          for (const at of versions(newest)) {
            if (at >= cutOff && canRead(listing, at)) expect(canRead(left, at), `version ${at}`).toBe(true);
          }
          expect(
            left.some((file) => file.kind === "commit" && file.version === plan.checkpoint.version),
          ).toBe(listing.some((file) => file.kind === "commit" && file.version === plan.checkpoint.version));
        }
        const left = listing.filter((file) => !plan.expired.includes(file));
        expect(left.every((file) => file.version >= plan.checkpoint.version)).toBe(true);
        expect(canRead(left, plan.checkpoint.version)).toBe(true);
      }),
      { seed: SEED, numRuns: 3_000 },
    );
    // The logs above are worth something only when many of them can be cleaned up.
    expect(cleaned).toBeGreaterThan(300);
  });

  it("takes all versions before the protected one, or none", () => {
    fc.assert(
      fc.property(logArbitrary, fc.nat(14), fc.nat(14), ({ newest, listing }, choice, before) => {
        const properties = { "delta.requireCheckpointProtectionBeforeVersion": String(before) };
        const plan = planLogCleanup(listing, version(choice % (newest + 1)), PROTECTED, properties);
        if ("keep" in plan) return;
        const left = listing.filter((file) => !plan.expired.includes(file));
        expect(left.filter((file) => file.version < before)).toEqual([]);
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});
