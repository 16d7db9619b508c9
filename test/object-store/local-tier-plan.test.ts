import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bytesOf, type SpanSet, spanSet, union, without } from "../../object-store/local-tier/byte-spans.js";
import type { ByteSpan } from "../../object-store/local-tier/object-lease.js";
import { type FetchRules, planFetch } from "../../object-store/local-tier/plan-fetch.js";

const KIB = 1024;
const MIB = 1024 * KIB;

function at(offset: number, length: number): ByteSpan {
  return { offset, length };
}

describe("spans as sets of bytes", () => {
  const SIZE = 60;
  const spans = fc.array(
    fc.tuple(fc.nat(70), fc.nat(20)).map(([offset, length]) => at(offset, length)),
    {
      maxLength: 8,
    },
  );
  const model = (some: readonly ByteSpan[]): boolean[] =>
    Array.from({ length: SIZE }, (_, byte) =>
      some.some(({ offset, length }) => byte >= offset && byte < offset + length),
    );
  const expectOrdered = (set: SpanSet): void => {
    for (const [index, span] of set.entries()) {
      expect(span.length).toBeGreaterThan(0);
      const before = set[index - 1];
      if (before !== undefined) expect(span.offset).toBeGreaterThan(before.offset + before.length);
    }
  };

  test("are what a list of bytes is", () => {
    fc.assert(
      fc.property(spans, spans, (some, others) => {
        const [a, b] = [spanSet(some, SIZE), spanSet(others, SIZE)];
        const [inA, inB] = [model(some), model(others)];
        const both = union(a, b);
        const left = without(a, b);
        for (const set of [a, b, both, left]) expectOrdered(set);
        expect(model(a)).toEqual(inA);
        expect(model(both)).toEqual(inA.map((is, byte) => is || inB[byte] === true));
        expect(model(left)).toEqual(inA.map((is, byte) => is && inB[byte] !== true));
        expect(bytesOf(left)).toBe(model(left).filter(Boolean).length);
      }),
      { seed: 61, numRuns: 3000 },
    );
  });

  test("are made of whole numbers", () => {
    for (const wrong of [
      at(-1, 2),
      at(0, -1),
      at(0.5, 1),
      at(Number.NaN, 1),
      at(0, Number.POSITIVE_INFINITY),
    ]) {
      expect(() => spanSet([wrong], SIZE)).toThrow(expect.objectContaining({ code: "byte-span" }));
    }
  });
});

describe("a plan of requests", () => {
  test("asks for each span by itself where they lie far apart", () => {
    const missing = [at(0, 100), at(MIB, 100), at(3 * MIB, 100)];
    expect(planFetch(missing, [])).toEqual(missing);
  });

  test("bridges gaps up to 64 KiB while all of them are a tenth of what is needed", () => {
    const missing = [at(0, MIB), at(MIB + 64 * KIB, MIB), at(2 * MIB + 128 * KIB + 1, MIB)];
    expect(planFetch(missing, [])).toEqual([at(0, 2 * MIB + 64 * KIB), at(2 * MIB + 128 * KIB + 1, MIB)]);
  });

  test("bridges the smallest gaps when it may not bridge all", () => {
    // 200 KiB are needed, so 20 KiB may come along.
    const missing = [at(0, 100 * KIB), at(116 * KIB, 50 * KIB), at(176 * KIB, 50 * KIB)];
    expect(planFetch(missing, [])).toEqual([at(0, 100 * KIB), at(116 * KIB, 110 * KIB)]);
  });

  test("bridges 16 KiB where little is needed", () => {
    expect(planFetch([at(0, 10), at(16 * KIB + 10, 10)], [])).toEqual([at(0, 16 * KIB + 20)]);
    expect(planFetch([at(0, 10), at(16 * KIB + 11, 10)], [])).toHaveLength(2);
  });

  test("bridges no byte that is at hand or on its way", () => {
    const missing = [at(0, 1000), at(1100, 1000), at(2200, 1000)];
    expect(planFetch(missing, [at(1050, 1)])).toEqual([at(0, 1000), at(1100, 2100)]);
  });

  test("cuts what is longer than 8 MiB into equal parts that begin with a page", () => {
    expect(planFetch([at(100, 8 * MIB)], [])).toEqual([at(100, 8 * MIB)]);
    expect(planFetch([at(0, 8 * MIB + 1)], [])).toEqual([
      at(0, 4 * MIB + 4 * KIB),
      at(4 * MIB + 4 * KIB, 4 * MIB + 1 - 4 * KIB),
    ]);
    expect(planFetch([at(0, 24 * MIB)], []).map(({ length }) => length)).toEqual([8 * MIB, 8 * MIB, 8 * MIB]);
  });

  test("bridges no gap that spares no request", () => {
    const missing = [at(0, 8 * MIB), at(8 * MIB + KIB, 8 * MIB)];
    expect(planFetch(missing, [])).toEqual(missing);
  });

  test("of the chunks of four columns among fifteen: one request a row group and run of columns", () => {
    // Columns 0, 1, 5 and 6 of row groups of 15 chunks of 300 KiB.
    const chunk = 300 * KIB;
    const missing = [0, 1, 2].flatMap((group) =>
      [0, 1, 5, 6].map((column) => at(4 + (group * 15 + column) * chunk, chunk)),
    );
    expect(planFetch(spanSet(missing, 15 * 3 * chunk), [])).toEqual(
      [0, 5, 15, 20, 30, 35].map((first) => at(4 + first * chunk, 2 * chunk)),
    );
  });

  test("brings every missing byte once, little else, and nothing that is taken", () => {
    const rules: FetchRules = { maxGap: 12, gapShare: 0.2, freeGap: 5, maxRequest: 40 };
    const some = fc.array(
      fc.tuple(fc.nat(400), fc.nat(60)).map(([offset, length]) => at(offset, length)),
      {
        maxLength: 15,
      },
    );
    fc.assert(
      fc.property(some, some, (wanted, other) => {
        const taken = spanSet(other, 500);
        const missing = without(spanSet(wanted, 500), taken);
        const plan = planFetch(missing, taken, rules);
        const brought = spanSet(plan, 500);
        expect(bytesOf(plan)).toBe(bytesOf(brought));
        expect(without(missing, brought)).toEqual([]);
        expect(without(brought, taken)).toEqual(brought);
        const along = bytesOf(brought) - bytesOf(missing);
        expect(along).toBeLessThanOrEqual(Math.max(5, bytesOf(missing) * 0.2));
        for (const { length } of plan) {
          expect(length).toBeGreaterThan(0);
          expect(length).toBeLessThanOrEqual(40);
        }
        const alone = missing.reduce((sum, { length }) => sum + Math.ceil(length / 40), 0);
        expect(plan.length).toBeLessThanOrEqual(alone);
      }),
      { seed: 62, numRuns: 3000 },
    );
  });
});
