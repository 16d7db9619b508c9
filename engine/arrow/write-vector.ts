import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { copyBits, isSet, newBitmap, setBits } from "../bitmap.js";
import type { VectorTarget } from "../vector-target.js";
import { flatValues } from "./flat-values.js";
import { stringValues } from "./string-values.js";
import { type Keys, NULL_KEY, take } from "./take.js";

/**
 * Writes `count` values of `data`, from `from` on, to the start of `target`, a vector of the type
 * that {@link engineTypeOfArrow} names.
 *
 * `mask`, when given, has a clear bit where an enclosing struct or array is null: the engine wants
 * the members of such a value to be null as well.
 *
 * @throws LakeError `invalid-input` for a value its column cannot hold, `corrupt` for buffers that
 * contradict one another.
 */
export function writeVector(
  target: VectorTarget,
  data: arrow.Data,
  from: number,
  count: number,
  mask: Uint8Array | undefined,
): void {
  const { type } = data;
  if (arrow.DataType.isDictionary(type)) {
    const values = take(type.dictionary, data.dictionary?.data ?? [], keysOf(data, from, count));
    writeVector(target, values, 0, count, mask);
    return;
  }
  if (arrow.DataType.isUnion(type)) {
    writeUnion(target, data, type, from, count, mask);
    return;
  }
  if (arrow.DataType.isNull(type)) {
    target.setAllNull(count);
    return;
  }
  const validity = validityOf(data, from, count, mask);
  if (arrow.DataType.isStruct(type)) {
    for (const [index, child] of data.children.entries()) {
      writeVector(target.structChild(index), child, from, count, validity);
    }
  } else if (arrow.DataType.isFixedSizeList(type)) {
    const size = type.listSize;
    const members = validity === undefined ? undefined : repeatBits(validity, count, size);
    writeVector(target.arrayChild(), childOf(data), from * size, count * size, members);
  } else if (isOffsetList(type)) {
    writeLists(target, data, from, count, validity);
  } else {
    const strings = stringValues(data, from, count, validity);
    if (strings === undefined) target.setBytes(flatValues(data, from, count, validity));
    else target.setStrings(strings.bytes, strings.starts, strings.lengths, count);
  }
  if (validity !== undefined) target.setValidity(validity);
}

/** The bits of the values that are not null, or undefined when none is. */
function validityOf(
  data: arrow.Data,
  from: number,
  count: number,
  mask: Uint8Array | undefined,
): Uint8Array | undefined {
  if (data.nullCount === 0) return mask;
  if (data.nullBitmap === undefined)
    throw new LakeError("corrupt", "arrow-batch", `${data.type}: nulls without a bitmap`);
  const bitmap = newBitmap(count);
  copyBits(bitmap, 0, data.nullBitmap, data.offset + from, count);
  return mask === undefined ? bitmap : bitmap.map((bits, index) => bits & (mask[index] ?? 0));
}

/** Lists whose items are found by offsets; a map is a list of entries. */
function isOffsetList(type: arrow.DataType): boolean {
  return arrow.DataType.isList(type) || arrow.DataType.isLargeList(type) || arrow.DataType.isMap(type);
}

function repeatBits(bitmap: Uint8Array, count: number, times: number): Uint8Array {
  const repeated = newBitmap(count * times);
  for (let index = 0; index < count; index++) {
    if (isSet(bitmap, index)) setBits(repeated, index * times, times);
  }
  return repeated;
}

function childOf(data: arrow.Data): arrow.Data {
  const child = data.children[0];
  if (child === undefined) throw new LakeError("corrupt", "arrow-batch", `${data.type} without items`);
  return child;
}

/** Lists and maps: for each an offset into the items and a length, 64 bits each. */
function writeLists(
  target: VectorTarget,
  data: arrow.Data,
  from: number,
  count: number,
  validity: Uint8Array | undefined,
): void {
  const items = childOf(data);
  const first = Number(data.valueOffsets[from] ?? 0);
  const entries = new Uint32Array(count * 4);
  let start = first;
  for (let row = 0; row < count; row++) {
    const end = Number(data.valueOffsets[from + row + 1]);
    if (!(start >= 0 && start <= end && end <= items.length)) {
      throw new LakeError(
        "corrupt",
        "arrow-batch",
        `list ${from + row} has items ${start} to ${end} of ${items.length}`,
      );
    }
    entries[row * 4] = start - first;
    if (validity === undefined || isSet(validity, row)) entries[row * 4 + 2] = end - start;
    start = end;
  }
  if (arrow.DataType.isMap(data.type)) checkKeys(items, first, start - first);
  target.setBytes(new Uint8Array(entries.buffer));
  writeVector(target.listChild(start - first), items, first, start - first, undefined);
}

function checkKeys(entries: arrow.Data, from: number, count: number): void {
  const keys = childOf(entries);
  for (let index = from; keys.nullCount > 0 && index < from + count; index++) {
    if (!keys.getValid(index)) throw new LakeError("invalid-input", "arrow-value", "a map has a null key");
  }
}

/** The engine's union is a struct of a tag and one member for each type, all null but the tagged one. */
function writeUnion(
  target: VectorTarget,
  data: arrow.Data,
  type: arrow.Union,
  from: number,
  count: number,
  mask: Uint8Array | undefined,
): void {
  const tags = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    const typeId: number = data.typeIds[from + row] ?? 0;
    const tag = type.typeIdToChildIndex[typeId];
    if (tag === undefined || tag >= data.children.length) {
      throw new LakeError(
        "corrupt",
        "arrow-batch",
        `union value ${from + row} has the unknown type id ${typeId}`,
      );
    }
    tags[row] = tag;
  }
  for (const [index, child] of data.children.entries()) {
    const chosen = newBitmap(count);
    for (let row = 0; row < count; row++) {
      if (tags[row] === index && (mask === undefined || isSet(mask, row))) setBits(chosen, row, 1);
    }
    const member = target.structChild(index + 1);
    if (type.mode === arrow.UnionMode.Sparse) {
      writeVector(member, child, from, count, chosen);
    } else {
      const keys = Int32Array.from(tags, (_, row) =>
        isSet(chosen, row) ? Number(data.valueOffsets[from + row]) : NULL_KEY,
      );
      writeVector(member, take(child.type, [child], keys), 0, count, undefined);
    }
  }
  const tagTarget = target.structChild(0);
  tagTarget.setBytes(tags);
  if (mask !== undefined) {
    tagTarget.setValidity(mask);
    target.setValidity(mask);
  }
}

/** The dictionary indexes of `count` values, from `from` on. */
function keysOf(data: arrow.Data, from: number, count: number): Keys {
  const keys = new Int32Array(count);
  for (let row = 0; row < count; row++)
    keys[row] = data.getValid(from + row) ? Number(data.values[from + row]) : NULL_KEY;
  return keys;
}
