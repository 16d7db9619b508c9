import { LakeError } from "../core/index.js";
import type { ByteRange } from "./object-store.js";

/**
 * Where in an object of `size` bytes a range begins and how many bytes of it there are.
 *
 * @throws LakeError `invalid-input` when a number of the range is not a whole number from 0 up.
 */
export function resolveRange(
  range: ByteRange | undefined,
  size: number,
): { readonly offset: number; readonly length: number } {
  if (range === undefined) return { offset: 0, length: size };
  if ("suffix" in range) {
    const length = Math.min(wholeNumber(range.suffix, "suffix"), size);
    return { offset: size - length, length };
  }
  const offset = Math.min(wholeNumber(range.offset, "offset"), size);
  return { offset, length: Math.min(wholeNumber(range.length, "length"), size - offset) };
}

function wholeNumber(value: number, name: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new LakeError(
    "invalid-input",
    "byte-range",
    `the ${name} of a byte range must be 0 or more, not ${value}`,
  );
}
