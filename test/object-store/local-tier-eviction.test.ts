import fc from "fast-check";
import { expect, test } from "vitest";
import { planEviction, type TierFile } from "../../object-store/local-tier/eviction.js";
import { identityOf } from "../../object-store/local-tier/process-folder.js";

const files = fc.uniqueArray(
  fc.record<TierFile>({
    name: fc.string({ minLength: 1, maxLength: 6 }),
    bytes: fc.nat(100),
    lastUse: fc.nat(20),
    isLeased: fc.boolean(),
  }),
  { selector: ({ name }) => name, maxLength: 30 },
);
const total = (some: readonly TierFile[]): number => some.reduce((sum, { bytes }) => sum + bytes, 0);

test("nothing leaves a tier that its files fit in; of one that is too full, what was used least lately", () => {
  fc.assert(
    fc.property(files, fc.nat(800), (all, maxBytes) => {
      const leaving = planEviction(all, maxBytes);
      const staying = all.filter((file) => !leaving.includes(file));
      if (total(all) <= maxBytes) {
        expect(leaving).toEqual([]);
        return;
      }
      expect(total(staying)).toBeLessThanOrEqual(maxBytes);
      // No file that stays was to leave before one that left.
      for (const gone of leaving) {
        for (const kept of staying) {
          const order = Number(gone.isLeased) - Number(kept.isLeased) || gone.lastUse - kept.lastUse;
          expect(order).toBeLessThanOrEqual(0);
        }
      }
      // No more left than had to.
      const last = leaving.at(-1);
      expect(last).toBeDefined();
      if (last === undefined) return;
      expect(total(staying) + last.bytes).toBeGreaterThan(last.isLeased ? maxBytes : maxBytes * 0.9);
    }),
    { seed: 5, numRuns: 2000 },
  );
});

test("the name of a process's folder says which process it is", () => {
  expect(identityOf("123-456789-0a1b2c3d-deadbeef")).toEqual({
    pid: 123,
    start: "456789",
    machine: "0a1b2c3d",
  });
  for (const foreign of ["", "123", "lost+found", "123-456789-0a1b2c3d", "x-1-0a1b2c3d-deadbeef"]) {
    expect(identityOf(foreign)).toBeUndefined();
  }
});
