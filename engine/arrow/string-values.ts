import { isAscii, isUtf8 } from "node:buffer";
import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { isSet } from "../bitmap.js";

/** Value `i` is `lengths[i]` bytes of `bytes` from `starts[i]` on; a null is empty. */
export interface StringValues {
  readonly bytes: Uint8Array;
  readonly starts: Float64Array;
  readonly lengths: Uint32Array;
}

// A view is 16 bytes: a length, then the value itself when it has up to 12 bytes, else 4 bytes of
// prefix, the number of a buffer and an offset in it (Arrow columnar format, "Variable-size Binary
// View Layout").
const VIEW_WIDTH = 16;
const VIEW_INLINE = 12;

/**
 * The `count` string or byte string values of `data` from `from` on; undefined when its type is
 * neither.
 *
 * @throws LakeError `invalid-input` for a string that is not UTF-8, `corrupt` for an offset outside
 * the buffers.
 */
export function stringValues(
  data: arrow.Data,
  from: number,
  count: number,
  validity: Uint8Array | undefined,
): StringValues | undefined {
  const { type } = data;
  const isValid = (row: number): boolean => validity === undefined || isSet(validity, row);
  if (arrow.DataType.isUtf8View(type) || arrow.DataType.isBinaryView(type)) {
    const values = joined(count, (row) => (isValid(row) ? viewAt(data, from + row) : EMPTY));
    if (arrow.DataType.isUtf8View(type)) checkUtf8(values, from);
    return values;
  }
  if (arrow.DataType.isFixedSizeBinary(type)) {
    const { byteWidth } = type;
    return joined(count, (row) =>
      isValid(row) ? within(data.values, (from + row) * byteWidth, byteWidth) : EMPTY,
    );
  }
  const text = arrow.DataType.isUtf8(type) || arrow.DataType.isLargeUtf8(type);
  if (!text && !arrow.DataType.isBinary(type) && !arrow.DataType.isLargeBinary(type)) return undefined;
  const values = sliced(data, from, count, isValid);
  if (!text || isCleanUtf8(values)) return values;
  // The bytes of nulls, or those between the values, may be anything: look at the values alone.
  const alone = joined(count, (row) => valueAt(values, row));
  checkUtf8(alone, from);
  return alone;
}

const EMPTY = new Uint8Array(0);

/** Values in place, found by their offsets. */
function sliced(
  data: arrow.Data,
  from: number,
  count: number,
  isValid: (row: number) => boolean,
): StringValues {
  const first = count === 0 ? 0 : Number(data.valueOffsets[from]);
  const end = count === 0 ? 0 : Number(data.valueOffsets[from + count]);
  const bytes = within(data.values ?? EMPTY, first, end - first);
  const starts = new Float64Array(count);
  const lengths = new Uint32Array(count);
  const { valueOffsets } = data;
  let start = first;
  for (let row = 0; row < count; row++) {
    const offset: number | bigint | undefined = valueOffsets[from + row + 1];
    const stop = typeof offset === "number" ? offset : Number(offset);
    if (!(start <= stop && stop <= end)) {
      throw new LakeError("corrupt", "arrow-batch", `string ${from + row} has bytes ${start} to ${stop}`);
    }
    starts[row] = start - first;
    if (isValid(row)) lengths[row] = stop - start;
    start = stop;
  }
  return { bytes, starts, lengths };
}

/** Values copied end to end. */
function joined(count: number, bytesAt: (row: number) => Uint8Array): StringValues {
  const values = Array.from({ length: count }, (_, row) => bytesAt(row));
  const starts = new Float64Array(count);
  let end = 0;
  for (const [row, value] of values.entries()) {
    starts[row] = end;
    end += value.length;
  }
  return {
    bytes: Buffer.concat(values, end),
    starts,
    lengths: Uint32Array.from(values, (value) => value.length),
  };
}

function viewAt(data: arrow.Data, index: number): Uint8Array {
  const view = within(data.values, index * VIEW_WIDTH, VIEW_WIDTH);
  const words = new DataView(view.buffer, view.byteOffset, VIEW_WIDTH);
  const length = words.getUint32(0, true);
  if (length <= VIEW_INLINE) return view.subarray(4, 4 + length);
  return within(data.variadicBuffers[words.getUint32(8, true)] ?? EMPTY, words.getUint32(12, true), length);
}

function within(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (!(start >= 0 && length >= 0 && start + length <= bytes.length)) {
    throw new LakeError(
      "corrupt",
      "arrow-batch",
      `bytes ${start} to ${start + length} of a buffer of ${bytes.length}`,
    );
  }
  return bytes.subarray(start, start + length);
}

function valueAt({ bytes, starts, lengths }: StringValues, row: number): Uint8Array {
  const start = starts[row] ?? 0;
  return bytes.subarray(start, start + (lengths[row] ?? 0));
}

/** Whether all bytes are UTF-8 and no value begins inside a character; then every value is UTF-8. */
function isCleanUtf8({ bytes, starts }: StringValues): boolean {
  if (isAscii(bytes)) return true;
  return isUtf8(bytes) && starts.every((start) => ((bytes[start] ?? 0) & 0xc0) !== 0x80);
}

function checkUtf8(values: StringValues, from: number): void {
  if (isCleanUtf8(values)) return;
  for (let row = 0; row < values.starts.length; row++) {
    if (isUtf8(valueAt(values, row))) continue;
    throw new LakeError(
      "invalid-input",
      "arrow-value",
      `string ${from + row} of the record batch is not UTF-8`,
    );
  }
}
