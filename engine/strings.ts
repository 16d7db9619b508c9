import { LakeError } from "../core/index.js";
import { isSet } from "./bitmap.js";
import { lengthOf, type Slice } from "./vector.js";

/** Strings or byte strings, end to end: value `i` is `bytes[offsets[i], offsets[i + 1])`; a null is empty. */
export interface StringBuffers {
  readonly offsets: Int32Array;
  readonly bytes: Buffer;
}

// The engine's string_t takes 16 bytes: a 32-bit length, then either up to 12 bytes of the string
// itself or 4 bytes of prefix and a pointer to the whole of it.
export const STRING_WIDTH = 16;
export const INLINE_LENGTH = 12;
export const PREFIX_LENGTH = 4;

/**
 * Two heap strings may be read by one call when less than this lies between them: bytes between two
 * readable ones less than a memory page apart are readable too.
 */
const PAGE = 4096;

const INT32_MAX = 0x7fff_ffff;

/** Gathers the string values of slices. */
export function stringBuffers(slices: readonly Slice[]): StringBuffers {
  const offsets = new Int32Array(lengthOf(slices) + 1);
  let row = 0;
  let end = 0;
  for (const { vector, from, count } of slices) {
    const words = vector.words(STRING_WIDTH);
    const validity = vector.validity;
    for (let index = from; index < from + count; index++) {
      if (validity === undefined || isSet(validity, index)) end += (words[index * 4] ?? 0) >>> 0;
      offsets[++row] = end;
    }
    if (end > INT32_MAX) {
      throw new LakeError("unsupported", "batch-size", "the strings of one batch take more than 2 GiB");
    }
  }
  // An inline string is copied as three words, whatever its length; the last one needs the room.
  const bytes = Buffer.allocUnsafeSlow(end + INLINE_LENGTH);
  const view = new DataView(bytes.buffer);
  row = 0;
  for (const slice of slices) {
    copyInline(slice, offsets.subarray(row, row + slice.count + 1), view);
    copyHeap(slice, offsets.subarray(row, row + slice.count + 1), bytes);
    row += slice.count;
  }
  return { offsets, bytes: bytes.subarray(0, end) };
}

/** In ascending order: what a copy writes past its string, the next one or the heap copy overwrites. */
function copyInline({ vector, from, count }: Slice, offsets: Int32Array, target: DataView): void {
  const words = vector.words(STRING_WIDTH);
  for (let row = 0; row < count; row++) {
    const at = offsets[row] ?? 0;
    const length = (offsets[row + 1] ?? 0) - at;
    if (length === 0 || length > INLINE_LENGTH) continue;
    const word = (from + row) * 4;
    target.setInt32(at, words[word + 1] ?? 0, true);
    if (length > 4) target.setInt32(at + 4, words[word + 2] ?? 0, true);
    if (length > 8) target.setInt32(at + 8, words[word + 3] ?? 0, true);
  }
}

/**
 * A string heap is filled in row order, so that the strings of a chunk lie in a few runs. Each run
 * is mapped by one call, and strings that are neighbours in it and in the target are copied at once.
 */
function copyHeap(slice: Slice, offsets: Int32Array, target: Buffer): void {
  const { vector, from, count } = slice;
  const words = vector.words(STRING_WIDTH);
  for (let row = 0; row < count; ) {
    if (lengthAt(offsets, row) <= INLINE_LENGTH) {
      row++;
      continue;
    }
    const start = pointerAt(words, from + row);
    let end = start + lengthAt(offsets, row);
    let next = row + 1;
    for (; next < count; next++) {
      const length = lengthAt(offsets, next);
      if (length <= INLINE_LENGTH) continue;
      const pointer = pointerAt(words, from + next);
      if (pointer < end || pointer >= end + PAGE) break;
      end = pointer + length;
    }
    const run = vector.heap(STRING_WIDTH, (from + row) * STRING_WIDTH + 8, end - start);
    while (row < next) {
      const first = row++;
      if (lengthAt(offsets, first) <= INLINE_LENGTH) continue;
      const at = pointerAt(words, from + first) - start;
      let length = lengthAt(offsets, first);
      while (
        row < next &&
        lengthAt(offsets, row) > INLINE_LENGTH &&
        pointerAt(words, from + row) - start === at + length
      ) {
        length += lengthAt(offsets, row++);
      }
      target.set(run.subarray(at, at + length), offsets[first]);
    }
  }
}

function lengthAt(offsets: Int32Array, row: number): number {
  return (offsets[row + 1] ?? 0) - (offsets[row] ?? 0);
}

/** The address in the second half of a string_t; user-space addresses fit a double. */
export function pointerAt(words: Int32Array, index: number): number {
  return ((words[index * 4 + 2] ?? 0) >>> 0) + ((words[index * 4 + 3] ?? 0) >>> 0) * 0x1_0000_0000;
}
