import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { isSet, newBitmap, setBits } from "../bitmap.js";

/** Indexes of values; {@link NULL_KEY} stands for a null. */
export type Keys = Int32Array;
export const NULL_KEY = -1;

/** The value at a key: value `index` of one of the parts. */
interface Place {
  readonly part: arrow.Data;
  readonly index: number;
}

/**
 * The values at `keys`, as data of their own. `parts` are of one type without children and are
 * numbered through, as the chunks of a dictionary are.
 *
 * @throws LakeError `corrupt` for a key beyond the values, `unsupported` for lists, structs, maps,
 * unions and dictionaries.
 */
export function take(type: arrow.DataType, parts: readonly arrow.Data[], keys: Keys): arrow.Data {
  if (arrow.DataType.isDictionary(type) || (type.children ?? []).length > 0) {
    throw new LakeError("unsupported", "arrow-type", `${type} inside a dictionary or a dense union`);
  }
  if (parts.length > 1 && (arrow.DataType.isUtf8View(type) || arrow.DataType.isBinaryView(type))) {
    throw new LakeError("unsupported", "arrow-type", `a dictionary of ${type} in several parts`);
  }
  const places = Array.from(keys, (key) => locate(parts, key));
  if (arrow.DataType.isNull(type)) return new arrow.Data(type, 0, keys.length, keys.length);
  const validity = newBitmap(keys.length);
  for (const [row, place] of places.entries()) {
    if (place?.part.getValid(place.index)) setBits(validity, row, 1);
  }
  if (arrow.DataType.isBool(type)) {
    const bits = newBitmap(keys.length);
    for (const [row, place] of places.entries()) {
      if (place !== undefined && isSet(place.part.values, place.part.offset + place.index))
        setBits(bits, row, 1);
    }
    return new arrow.Data(type, 0, keys.length, -1, [undefined, bits, validity]);
  }
  if (isVariable(type)) {
    const { offsets, bytes } = takeVariable(type, places);
    return new arrow.Data(type, 0, keys.length, -1, [offsets, bytes, validity]);
  }
  const buffers = parts.flatMap((part) => part.variadicBuffers);
  const values = takeFixed(type, places);
  return new arrow.Data(type, 0, keys.length, -1, [undefined, values, validity], [], undefined, buffers);
}

function locate(parts: readonly arrow.Data[], key: number): Place | undefined {
  if (key === NULL_KEY) return undefined;
  let index = key;
  for (const part of parts) {
    if (index >= 0 && index < part.length) return { part, index };
    index -= part.length;
  }
  throw new LakeError("corrupt", "arrow-batch", `index ${key} is outside its dictionary`);
}

function isVariable(type: arrow.DataType): boolean {
  return (
    arrow.DataType.isUtf8(type) ||
    arrow.DataType.isLargeUtf8(type) ||
    arrow.DataType.isBinary(type) ||
    arrow.DataType.isLargeBinary(type)
  );
}

function takeVariable(
  type: arrow.DataType,
  places: readonly (Place | undefined)[],
): { offsets: Int32Array | BigInt64Array; bytes: Uint8Array } {
  const values = places.map((place): Uint8Array => {
    if (place === undefined) return new Uint8Array(0);
    const { valueOffsets, values } = place.part;
    return values.subarray(Number(valueOffsets[place.index]), Number(valueOffsets[place.index + 1]));
  });
  const ends = new Float64Array(places.length + 1);
  for (const [row, value] of values.entries()) ends[row + 1] = (ends[row] ?? 0) + value.length;
  const large = arrow.DataType.isLargeUtf8(type) || arrow.DataType.isLargeBinary(type);
  const offsets = large ? BigInt64Array.from(ends, BigInt) : Int32Array.from(ends);
  return { offsets, bytes: Buffer.concat(values) };
}

/** The views of a view type are values of fixed width: they go on pointing into the parts' buffers. */
function takeFixed(type: arrow.DataType, places: readonly (Place | undefined)[]): ArrayBufferView {
  const stride =
    places.find((place) => place !== undefined)?.part.stride ?? new arrow.Data(type, 0, 0).stride;
  const taken = new type.ArrayType(places.length * stride);
  for (const [row, place] of places.entries()) {
    if (place === undefined) continue;
    taken.set(place.part.values.subarray(place.index * stride, (place.index + 1) * stride), row * stride);
  }
  return taken;
}
