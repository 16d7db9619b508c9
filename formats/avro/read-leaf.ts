import { type Block, readInt, readLength, readLong, readNumber } from "./block.js";
import type { ByteColumn } from "./byte-column.js";
import type { NumberColumn, RealColumn } from "./column.js";
import type { TimestampUnit } from "./schema.js";
import { AvroDataError, endsEarly } from "./tap.js";

/** Reads a value at a place of a block into a row; gives the place behind it. */
export type Read = (block: Block, at: number, row: number) => number;

export const intReader =
  (column: NumberColumn): Read =>
  (block, at, row) =>
    readInt(block, at, column.words, row);

export const longReader =
  (column: NumberColumn): Read =>
  (block, at, row) =>
    readLong(block, at, column.words, row * 2);

/** A number of 32 bits into a column of 64. */
export const widenedReader =
  (column: NumberColumn): Read =>
  (block, at, row) => {
    const { words } = column;
    const next = readInt(block, at, words, row * 2);
    words[row * 2 + 1] = (words[row * 2] ?? 0) >> 31;
    return next;
  };

const MAXIMUM_DAY = 2 ** 31 - 1;

/** Days since 1970. The engine keeps the three outermost numbers for what is no date. */
export const dateReader =
  (column: NumberColumn): Read =>
  (block, at, row) => {
    const next = readInt(block, at, column.words, row);
    const day = column.words[row] ?? 0;
    if (day === MAXIMUM_DAY || day <= -MAXIMUM_DAY)
      throw new AvroDataError(`no date is ${day} days from 1970`, at);
    return next;
  };

const WORD = 2 ** 32;
const MILLIS_PER_DAY = 86_400_000;
const parts = new Int32Array(2);

/** A time of day, to microseconds. */
export function timeReader(column: NumberColumn, unit: "millis" | "micros"): Read {
  const factor = unit === "millis" ? 1000 : 1;
  return (block, at, row) => {
    const next = readNumber(block, at);
    const micros = block.count * factor;
    if (!(micros >= 0 && micros < MILLIS_PER_DAY * 1000))
      throw new AvroDataError(`${block.count} is no time of day`, at);
    column.words[row * 2] = micros % WORD;
    column.words[row * 2 + 1] = Math.floor(micros / WORD);
    return next;
  };
}

/** To microseconds; nanoseconds are cut toward the past, before 1970 as well as after. */
export function timestampReader(column: NumberColumn, unit: TimestampUnit): Read {
  return (block, at, row) => {
    const next = readLong(block, at, parts, 0);
    let high = parts[1] ?? 0;
    let low = (parts[0] ?? 0) >>> 0;
    if (unit === "millis") {
      const carry = Math.floor((low * 1000) / WORD);
      low = (low * 1000) % WORD;
      high = high * 1000 + carry;
    } else if (unit === "nanos") {
      const quotient = Math.floor(high / 1000);
      low = Math.floor(((high - quotient * 1000) * WORD + low) / 1000);
      high = quotient;
    }
    if (!isTimestamp(high, low))
      throw new AvroDataError("a timestamp is out of the range of microseconds", at);
    column.words[row * 2] = low;
    column.words[row * 2 + 1] = high;
    return next;
  };
}

/** The engine's first timestamp is 290309 BC, December 22; its last number of 64 bits stands for infinity. */
const FIRST_TIMESTAMP = -9_223_372_022_400_000_000n;
const FIRST_HIGH = Number(FIRST_TIMESTAMP >> 32n);
const FIRST_LOW = Number(BigInt.asUintN(32, FIRST_TIMESTAMP));
const LAST_HIGH = 2 ** 31 - 1;

function isTimestamp(high: number, low: number): boolean {
  if (high < LAST_HIGH && high > FIRST_HIGH) return true;
  return high === LAST_HIGH ? low < WORD - 1 : high === FIRST_HIGH && low >= FIRST_LOW;
}

export const floatReader =
  (column: RealColumn): Read =>
  (block, at, row) => {
    if (at + 4 > block.data.length) throw endsEarly(at);
    column.values[row] = block.view.getFloat32(at, true);
    return at + 4;
  };

export const doubleReader =
  (column: RealColumn): Read =>
  (block, at, row) => {
    if (at + 8 > block.data.length) throw endsEarly(at);
    column.values[row] = block.view.getFloat64(at, true);
    return at + 8;
  };

/** A whole number as the nearest real one. */
export const realReader =
  (column: RealColumn): Read =>
  (block, at, row) => {
    const next = readNumber(block, at);
    column.values[row] = block.count;
    return next;
  };

export const bytesReader =
  (column: ByteColumn): Read =>
  (block, at, row) => {
    const next = readLength(block, at);
    const length = block.count;
    column.append(block.data, next, length, row);
    return next + length;
  };

export const fixedReader =
  (column: ByteColumn, size: number): Read =>
  (block, at, row) => {
    if (at + size > block.data.length) throw endsEarly(at);
    column.append(block.data, at, size, row);
    return at + size;
  };

/** 16 bytes as the text of a uuid. */
export const uuidReader =
  (column: ByteColumn): Read =>
  (block, at, row) => {
    if (at + 16 > block.data.length) throw endsEarly(at);
    const text = Buffer.from(uuidText(block.data.subarray(at, at + 16)), "latin1");
    column.append(text, 0, text.length, row);
    return at + 16;
  };

export const uuidText = (bytes: Uint8Array): string =>
  Buffer.from(bytes)
    .toString("hex")
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
