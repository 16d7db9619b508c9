import { type Block, readLength } from "./block.js";
import type { NumberColumn } from "./column.js";
import type { Read } from "./read-leaf.js";
import { AvroDataError, endsEarly } from "./tap.js";

const WORDS = 4;
const BYTES = 16;

/**
 * Decimals, big-endian two's complement in the data, of 128 bits in the column. `size` is that of a fixed
 * type; undefined for bytes. Avro specification 1.12, "Decimal".
 */
export function decimalReader(column: NumberColumn, precision: number, size: number | undefined): Read {
  const limit = 10n ** BigInt(precision);
  // So many bytes hold no number with more digits.
  const safeBytes = Math.floor((precision * Math.log2(10) + 1) / 8);
  return (block, at, row) => {
    const from = size === undefined ? readLength(block, at) : at;
    const length = size ?? block.count;
    if (from + length > block.data.length) throw endsEarly(at);
    if (length === 0) throw new AvroDataError("a decimal has no bytes", at);
    if (length > safeBytes) checkDigits(block, from, length, precision, limit);
    writeWords(block.data, from, length, column.words, row * WORDS);
    return from + length;
  };
}

/** The last 16 bytes, or fewer with their sign before them, as little-endian words. */
function writeWords(data: Uint8Array, from: number, length: number, words: Int32Array, index: number): void {
  const first = Math.max(from, from + length - BYTES);
  const sign = ((data[first] ?? 0) << 24) >> 31;
  let at = from + length;
  for (let word = 0; word < WORDS; word++) {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) {
      value |= (--at >= first ? (data[at] ?? 0) : sign & 0xff) << shift;
    }
    words[index + word] = value;
  }
}

function checkDigits(block: Block, from: number, length: number, precision: number, limit: bigint): void {
  const value = signedBigEndian(block.data.subarray(from, from + length));
  if (value < limit && value > -limit) return;
  throw new AvroDataError(`${value} has more than the ${precision} digits of its decimal type`, from);
}

export function signedBigEndian(bytes: Uint8Array): bigint {
  const value = bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  return BigInt.asIntN(bytes.length * 8, value);
}

/** The digits of a decimal, with its point. */
export function decimalText(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const text = scale === 0 ? whole : `${whole}.${digits.slice(-scale)}`;
  return value < 0n ? `-${text}` : text;
}
