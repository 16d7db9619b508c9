import type * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { isSet } from "../bitmap.js";
import { MAX_DECIMAL_DIGITS } from "./arrow-type.js";

/** The engine stores a decimal in the narrowest of 2, 4, 8 and 16 bytes that holds its digits. */
export function decimalWidth(digits: number): 2 | 4 | 8 | 16 {
  if (digits <= 4) return 2;
  if (digits <= 9) return 4;
  return digits <= 18 ? 8 : 16;
}

const DECIMAL_LIMIT = 10n ** BigInt(MAX_DECIMAL_DIGITS);
/** The top 32 of the limit's 128 bits. */
const LIMIT_TOP = Number(DECIMAL_LIMIT >> 96n);

/** Sign-extends `count` integers of `width` bytes, from `from` on, to four words each from word `at` on. */
export function widenDecimals(
  wide: Int32Array,
  at: number,
  bytes: Uint8Array,
  width: number,
  from: number,
  count: number,
): void {
  if (width === 16) {
    wide.set(new Int32Array(bytes.buffer, bytes.byteOffset + from * 16, count * 4), at);
    return;
  }
  const start = bytes.byteOffset + from * width;
  const low =
    width === 2
      ? new Int16Array(bytes.buffer, start, count)
      : new Int32Array(bytes.buffer, start, (count * width) >> 2);
  const step = width === 8 ? 2 : 1;
  for (let to = at, index = 0; index < count; to += 4, index++) {
    const value = low[index * step] ?? 0;
    const next = width === 8 ? (low[index * step + 1] ?? 0) : value >> 31;
    wide[to] = value;
    wide[to + 1] = next;
    wide[to + 2] = next >> 31;
    wide[to + 3] = next >> 31;
  }
}

/** 128-bit integers as they are, once each is known to have at most 38 digits. */
export function checkedHugeInts(
  bytes: Uint8Array,
  validity: Uint8Array | undefined,
  signed: boolean,
): Uint8Array {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  for (let index = 0; index < words.length >> 2; index++) {
    const top = signed ? (words[index * 4 + 3] ?? 0) : (words[index * 4 + 3] ?? 0) >>> 0;
    if (-LIMIT_TOP < top && top < LIMIT_TOP) continue;
    if (validity !== undefined && !isSet(validity, index)) continue;
    const value = signed
      ? integerAt(words, index * 4, 4)
      : BigInt.asUintN(128, integerAt(words, index * 4, 4));
    if (-DECIMAL_LIMIT < value && value < DECIMAL_LIMIT) continue;
    throw new LakeError(
      "unsupported",
      "decimal-range",
      `${value} has more digits than an Arrow decimal, ${MAX_DECIMAL_DIGITS}`,
      {
        hint: "Cast the column to VARCHAR or DOUBLE in the query.",
      },
    );
  }
  return bytes;
}

/** Intervals of (months, days, microseconds) to (months, days, nanoseconds), in place. */
export function microsToNanos(bytes: Uint8Array, validity: Uint8Array | undefined): Uint8Array {
  const times = new BigInt64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 3);
  for (let index = 0; index < times.length >> 1; index++) {
    const micros = times[index * 2 + 1] ?? 0n;
    const nanos = micros * 1000n;
    if (BigInt.asIntN(64, nanos) !== nanos && (validity === undefined || isSet(validity, index))) {
      throw new LakeError(
        "unsupported",
        "interval-range",
        `an interval of ${micros} microseconds does not fit 64 bits of nanoseconds`,
      );
    }
    times[index * 2 + 1] = BigInt.asIntN(64, nanos);
  }
  return bytes;
}

/**
 * Decimals in the engine's width for their digits.
 *
 * @throws LakeError `invalid-input` for a value with more digits than its type has.
 */
export function narrowDecimals(
  type: arrow.Decimal,
  words: Uint32Array,
  validity: Uint8Array | undefined,
): Uint8Array {
  const stride = type.bitWidth / 32;
  const count = words.length / stride;
  const width = decimalWidth(type.precision);
  const limit = 10n ** BigInt(type.precision);
  const narrow = new DataView(new ArrayBuffer(count * width));
  // A double tells numbers of up to 15 digits apart, and 32 bits hold no number of more than 10.
  const doubleLimit = type.precision <= 15 ? 10 ** type.precision : Number.POSITIVE_INFINITY;
  for (let row = 0; row < count; row++) {
    if (validity !== undefined && !isSet(validity, row)) continue;
    const at = row * stride;
    const isSmall = isOneWord(words, at, stride);
    const value = isSmall ? (words[at] ?? 0) | 0 : integerAt(words, at, stride);
    const fits = typeof value === "number" ? Math.abs(value) < doubleLimit : value > -limit && value < limit;
    if (!fits) {
      throw new LakeError(
        "invalid-input",
        "arrow-value",
        `decimal ${value}e-${type.scale} has more than ${type.precision} digits`,
      );
    }
    if (width === 2) narrow.setInt16(row * 2, Number(value), true);
    else if (width === 4) narrow.setInt32(row * 4, Number(value), true);
    else copyWords(narrow, row * width, words, at, stride, width >> 2);
  }
  return new Uint8Array(narrow.buffer);
}

/** Whether an integer of `count` words is the sign extension of its first word. */
function isOneWord(words: ArrayLike<number>, at: number, count: number): boolean {
  const sign = ((words[at] ?? 0) | 0) >> 31;
  for (let word = 1; word < count; word++) {
    if (((words[at + word] ?? 0) | 0) !== sign) return false;
  }
  return true;
}

/** Copies an integer of `from` words to `to` words, which hold its value. */
function copyWords(
  target: DataView,
  to: number,
  words: ArrayLike<number>,
  at: number,
  from: number,
  count: number,
): void {
  const sign = ((words[at + from - 1] ?? 0) | 0) >> 31;
  for (let word = 0; word < count; word++) {
    target.setInt32(to + word * 4, word < from ? (words[at + word] ?? 0) : sign, true);
  }
}

/** A little-endian two's complement integer of `count` 32-bit words. */
function integerAt(words: ArrayLike<number>, at: number, count: number): bigint {
  let value = BigInt((words[at + count - 1] ?? 0) | 0);
  for (let word = count - 2; word >= 0; word--)
    value = (value << 32n) | BigInt((words[at + word] ?? 0) >>> 0);
  return value;
}
