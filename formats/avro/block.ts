import { AvroDataError, endsEarly } from "./tap.js";

// The hot path of decoding. A reader takes the place of a value and gives the place behind it: both stay
// in registers. Bytes past the end read as zero there; who drives the readers compares the place with the
// end, after each row and each item.

/** The data of one block, unpacked, with the number that was read last. */
export class Block {
  readonly data: Uint8Array;
  readonly view: DataView;
  /** What {@link readCount} has read. */
  count = 0;
  /** Where the items end that were counted last, if the data says it. */
  itemsEnd: number | undefined = undefined;
  /** The row behind the last that was read. */
  row = 0;

  constructor(data: Uint8Array) {
    this.data = data;
    this.view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }
}

const LIMIT = 2 ** 32;

/**
 * Reads a zig-zag number of 64 bits into two words, the lower one first, at `index` of `words`. Avro
 * specification 1.12, "Primitive Types". No BigInt: one for each number takes most of the time.
 */
export function readLong(block: Block, at: number, words: Int32Array, index: number): number {
  const { data } = block;
  let byte = data[at++] ?? 0;
  let low = byte & 0x7f;
  if (byte > 0x7f) {
    byte = data[at++] ?? 0;
    low |= (byte & 0x7f) << 7;
    if (byte > 0x7f) {
      byte = data[at++] ?? 0;
      low |= (byte & 0x7f) << 14;
      if (byte > 0x7f) {
        byte = data[at++] ?? 0;
        low |= (byte & 0x7f) << 21;
        if (byte > 0x7f) return readWide(block, at, words, index, low);
      }
    }
  }
  const value = (low >>> 1) ^ -(low & 1);
  words[index] = value;
  words[index + 1] = value >> 31;
  return at;
}

/** The rest of a number whose first 28 bits are `first`. */
function readWide(block: Block, at: number, words: Int32Array, index: number, first: number): number {
  const { data } = block;
  let byte = data[at++] ?? 0;
  let middle = byte & 0x7f;
  let last = 0;
  if (byte > 0x7f) {
    byte = data[at++] ?? 0;
    middle |= (byte & 0x7f) << 7;
    if (byte > 0x7f) {
      byte = data[at++] ?? 0;
      middle |= (byte & 0x7f) << 14;
      if (byte > 0x7f) {
        byte = data[at++] ?? 0;
        middle |= (byte & 0x7f) << 21;
        if (byte > 0x7f) {
          byte = data[at++] ?? 0;
          last = byte & 0x7f;
          if (byte > 0x7f) {
            byte = data[at++] ?? 0;
            if (byte > 1) throw new AvroDataError("a number has more than 64 bits", at);
            last |= byte << 7;
          }
        }
      }
    }
  }
  const low = first | (middle << 28);
  const high = (middle >>> 4) | (last << 24);
  const sign = -(low & 1);
  words[index] = ((low >>> 1) | (high << 31)) ^ sign;
  words[index + 1] = (high >>> 1) ^ sign;
  return at;
}

const scratch = new Int32Array(2);

/** Reads a zig-zag number of 32 bits at most into `words`, at `index`. */
export function readInt(block: Block, at: number, words: Int32Array, index: number): number {
  const next = readLong(block, at, scratch, 0);
  const value = scratch[0] ?? 0;
  if (scratch[1] !== value >> 31) {
    throw new AvroDataError(`${numberOf(value, scratch[1] ?? 0)} is no 32-bit number`, at);
  }
  words[index] = value;
  return next;
}

/** Reads a number as a double: the nearest one, where it has more than 53 bits. */
export function readNumber(block: Block, at: number): number {
  const next = readLong(block, at, scratch, 0);
  block.count = numberOf(scratch[0] ?? 0, scratch[1] ?? 0);
  return next;
}

/** Reads a count, a length or an index into `block.count`. */
export function readCount(block: Block, at: number): number {
  const byte = block.data[at] ?? 0;
  if ((byte & 0x81) === 0) {
    block.count = byte >>> 1;
    return at + 1;
  }
  const next = readNumber(block, at);
  if (!Number.isSafeInteger(block.count)) throw new AvroDataError(`${block.count} is no count`, at);
  return next;
}

/** Reads the length of what follows, which must be there, into `block.count`. */
export function readLength(block: Block, at: number): number {
  const next = readCount(block, at);
  if (block.count < 0) throw new AvroDataError(`${block.count} is no length`, at);
  if (next + block.count > block.data.length) throw endsEarly(block.data.length);
  return next;
}

const numberOf = (low: number, high: number): number => high * LIMIT + (low >>> 0);
