import { LakeError } from "../core/index.js";
import { isSet } from "./bitmap.js";
import { GrowingBytes } from "./growing.js";
import type { RawVector } from "./vector.js";

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

/** The string values of a vector. */
export function stringsOf(vector: RawVector): StringBuffers {
  const gathered = new GrowingStrings();
  gathered.append(vector, 0, vector.size);
  return gathered.take();
}

/** Gathers string values. */
export class GrowingStrings {
  readonly #offsets = new GrowingBytes();
  readonly #bytes = new GrowingBytes();
  #end = 0;

  append(vector: RawVector, from: number, count: number): void {
    const first = this.#end;
    const offsets = this.#appendOffsets(vector, from, count);
    // An inline string is copied as three words, whatever its length; the last one needs the room.
    this.#bytes.extend(this.#end - first, INLINE_LENGTH);
    const { bytes } = this.#bytes;
    copyInline(vector, from, count, offsets, new DataView(bytes.buffer));
    copyHeap(vector, from, count, offsets, bytes);
  }

  /** The offsets of `count` values and the end of the last. */
  #appendOffsets(vector: RawVector, from: number, count: number): Int32Array {
    const isFirst = this.#offsets.bytes.length === 0;
    const at = isFirst ? this.#offsets.extend(4 + count * 4) : this.#offsets.extend(count * 4) - 4;
    const offsets = new Int32Array(this.#offsets.bytes.buffer, at, count + 1);
    const words = vector.words(STRING_WIDTH);
    const { validity } = vector;
    let end = this.#end;
    offsets[0] = end;
    for (let row = 0; row < count; row++) {
      const index = from + row;
      if (validity === undefined || isSet(validity, index)) end += (words[index * 4] ?? 0) >>> 0;
      offsets[row + 1] = end;
    }
    if (end > INT32_MAX) {
      throw new LakeError("unsupported", "batch-size", "the strings of one batch take more than 2 GiB");
    }
    this.#end = end;
    return offsets;
  }

  take(): StringBuffers {
    if (this.#offsets.bytes.length === 0) this.#offsets.bytes.fill(0, this.#offsets.extend(4));
    const offsets = this.#offsets.take();
    this.#end = 0;
    return {
      offsets: new Int32Array(offsets.buffer, offsets.byteOffset, offsets.length >> 2),
      bytes: this.#bytes.take(),
    };
  }
}

/** In ascending order: what a copy writes past its string, the next one or the heap copy overwrites. */
function copyInline(
  vector: RawVector,
  from: number,
  count: number,
  offsets: Int32Array,
  target: DataView,
): void {
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
function copyHeap(vector: RawVector, from: number, count: number, offsets: Int32Array, target: Buffer): void {
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
