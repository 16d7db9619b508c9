import fc from "fast-check";
import { expect, it } from "vitest";
import { copyBits, isSet, newBitmap, packBits, setBits } from "../../engine/bitmap.js";

const range = fc.tuple(fc.nat(70), fc.nat(70), fc.nat(200));
const bitsOf = (bitmap: Uint8Array, count: number): boolean[] =>
  Array.from({ length: count }, (_, at) => isSet(bitmap, at));

it("copies any range of bits to any place and touches no other bit", () => {
  fc.assert(
    fc.property(range, fc.uint8Array({ minLength: 40, maxLength: 40 }), ([at, from, count], source) => {
      const target = newBitmap(400);
      copyBits(target, at, source, from, count);
      const expected = Array.from(
        { length: 400 },
        (_, bit) => bit >= at && bit < at + count && isSet(source, from + bit - at),
      );
      expect(bitsOf(target, 400)).toEqual(expected);
    }),
    { seed: 1, numRuns: 500 },
  );
});

it("sets and packs ranges of bits", () => {
  fc.assert(
    fc.property(
      range,
      fc.array(fc.nat(2), { minLength: 300, maxLength: 300 }),
      ([at, from, count], bytes) => {
        const set = newBitmap(400);
        setBits(set, at, count);
        expect(bitsOf(set, 400)).toEqual(
          Array.from({ length: 400 }, (_, bit) => bit >= at && bit < at + count),
        );
        const packed = newBitmap(400);
        packBits(packed, at, Uint8Array.from(bytes), from, count);
        expect(bitsOf(packed, 400)).toEqual(
          Array.from(
            { length: 400 },
            (_, bit) => bit >= at && bit < at + count && bytes[from + bit - at] !== 0,
          ),
        );
      },
    ),
    { seed: 2, numRuns: 500 },
  );
});
