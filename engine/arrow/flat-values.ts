import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { isSet } from "../bitmap.js";
import { narrowDecimals } from "./decimal.js";

const MILLIS_PER_DAY = 86_400_000n;

/**
 * The `count` values of `data` from `from` on, as the engine stores them; `validity` says which are
 * not null.
 *
 * @throws LakeError `invalid-input` for a value that the engine's type cannot hold exactly.
 */
export function flatValues(
  data: arrow.Data,
  from: number,
  count: number,
  validity: Uint8Array | undefined,
): Uint8Array {
  const { type } = data;
  if (arrow.DataType.isBool(type)) {
    const bits: Uint8Array = data.values;
    const booleans = new Uint8Array(count);
    for (let row = 0; row < count; row++) booleans[row] = isSet(bits, data.offset + from + row) ? 1 : 0;
    return booleans;
  }
  const { stride } = data;
  const values = data.values.subarray(from * stride, (from + count) * stride);
  if (values.length < count * stride) {
    throw new LakeError(
      "corrupt",
      "arrow-batch",
      `${type}: ${values.length / stride} values where ${count} are due`,
    );
  }
  if (arrow.DataType.isDecimal(type)) return narrowDecimals(type, values, validity);
  if (arrow.DataType.isFloat(type) && type.precision === arrow.Precision.HALF) {
    return bytesOf(Float32Array.from(values, floatOfHalf));
  }
  if (arrow.DataType.isDate(type) && type.unit === arrow.DateUnit.MILLISECOND) {
    const days = mapValid(values, validity, (millis) => exactQuotient(millis, MILLIS_PER_DAY, "a whole day"));
    return bytesOf(Int32Array.from(days, Number));
  }
  if (arrow.DataType.isTime(type) && type.unit < arrow.TimeUnit.MICROSECOND) {
    return bytesOf(mapValid(values, validity, (value) => toMicros(value, type.unit)));
  }
  if (arrow.DataType.isTimestamp(type) && type.timezone && type.unit !== arrow.TimeUnit.MICROSECOND) {
    return bytesOf(mapValid(values, validity, (value) => toMicros(value, type.unit)));
  }
  if (arrow.DataType.isDuration(type)) {
    const micros = mapValid(values, validity, (value) => toMicros(value, type.unit));
    return intervals(count, (row) => [0, 0, micros[row] ?? 0n]);
  }
  if (arrow.DataType.isInterval(type)) return intervalValues(type, values, count, validity);
  return bytesOf(values);
}

function bytesOf(values: ArrayBufferView): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** `convert` over the values that are not null; the others become 0. */
function mapValid(
  values: Int32Array | BigInt64Array,
  validity: Uint8Array | undefined,
  convert: (value: bigint) => bigint,
): BigInt64Array {
  const converted = new BigInt64Array(values.length);
  for (let row = 0; row < values.length; row++) {
    if (validity !== undefined && !isSet(validity, row)) continue;
    const value = convert(BigInt(values[row] ?? 0));
    if (BigInt.asIntN(64, value) !== value) {
      throw new LakeError(
        "invalid-input",
        "arrow-value",
        `value ${values[row]} does not fit 64 bits of microseconds`,
      );
    }
    converted[row] = value;
  }
  return converted;
}

function toMicros(value: bigint, unit: arrow.TimeUnit): bigint {
  switch (unit) {
    case arrow.TimeUnit.SECOND:
      return value * 1_000_000n;
    case arrow.TimeUnit.MILLISECOND:
      return value * 1000n;
    case arrow.TimeUnit.MICROSECOND:
      return value;
    case arrow.TimeUnit.NANOSECOND:
      return exactQuotient(value, 1000n, "whole microseconds");
  }
}

function exactQuotient(value: bigint, divisor: bigint, what: string): bigint {
  if (value % divisor !== 0n) {
    throw new LakeError(
      "invalid-input",
      "arrow-value",
      `value ${value} is not ${what}, and the engine's type holds no less`,
    );
  }
  return value / divisor;
}

function intervalValues(
  type: arrow.Interval,
  values: Int32Array,
  count: number,
  validity: Uint8Array | undefined,
): Uint8Array {
  if (type.unit === arrow.IntervalUnit.YEAR_MONTH)
    return intervals(count, (row) => [values[row] ?? 0, 0, 0n]);
  if (type.unit === arrow.IntervalUnit.DAY_TIME) {
    return intervals(count, (row) => [0, values[row * 2] ?? 0, BigInt(values[row * 2 + 1] ?? 0) * 1000n]);
  }
  const view = new DataView(values.buffer, values.byteOffset, values.byteLength);
  return intervals(count, (row) => {
    if (validity !== undefined && !isSet(validity, row)) return [0, 0, 0n];
    const nanos = view.getBigInt64(row * 16 + 8, true);
    return [values[row * 4] ?? 0, values[row * 4 + 1] ?? 0, toMicros(nanos, arrow.TimeUnit.NANOSECOND)];
  });
}

/** The engine's intervals: 32 bits of months, 32 of days, 64 of microseconds. */
function intervals(
  count: number,
  of: (row: number) => [months: number, days: number, micros: bigint],
): Uint8Array {
  const view = new DataView(new ArrayBuffer(count * 16));
  for (let row = 0; row < count; row++) {
    const [months, days, micros] = of(row);
    view.setInt32(row * 16, months, true);
    view.setInt32(row * 16 + 4, days, true);
    view.setBigInt64(row * 16 + 8, micros, true);
  }
  return new Uint8Array(view.buffer);
}

/** IEEE 754 binary16: 1 sign bit, 5 of exponent (bias 15), 10 of fraction. */
function floatOfHalf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
