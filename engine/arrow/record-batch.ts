import {
  type DuckDBDataChunk,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBUnionType,
  DuckDBVector,
} from "@duckdb/node-api";
import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { copyBits, newBitmap, packBits, setBits } from "../bitmap.js";
import { stringBuffers } from "../strings.js";
import { toValue } from "../value.js";
import { lengthOf, RawVector, type Slice } from "../vector.js";
import { checkedHugeInts, microsToNanos, wideDecimals } from "./decimal.js";

/**
 * One record batch with the rows of the chunks, which all have `types`. The values are copied
 * buffer by buffer: the batch does not depend on the chunks.
 *
 * An infinite date or timestamp keeps the engine's number for it, the largest or smallest of its
 * width; Arrow has no other way to say it.
 *
 * @throws LakeError `unsupported` for a value that the Arrow type cannot hold: a HUGEINT of more
 * than 38 digits, an INTERVAL of more than 292 years in microseconds; also for more than 2 GiB of
 * strings or 2^31 list items in one column.
 */
export function recordBatch(
  schema: arrow.Schema,
  types: readonly DuckDBType[],
  ...chunks: readonly DuckDBDataChunk[]
): arrow.RecordBatch {
  const columns = schema.fields.map((field, index) => {
    const slices = chunks.map((chunk): Slice => {
      const vector = RawVector.ofColumn(chunk, index);
      return { vector, from: 0, count: vector.size };
    });
    const type = types[index];
    if (type === undefined) throw new LakeError("internal", "schema-width", "a schema wider than its types");
    return columnData(type, field.type, slices);
  });
  // After the last read, so that every chunk, which owns the memory read, is still held until here.
  const length = chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0);
  return new arrow.RecordBatch(
    schema,
    arrow.makeData({ type: new arrow.Struct(schema.fields), length, nullCount: 0, children: columns }),
  );
}

function columnData(type: DuckDBType, target: arrow.DataType, slices: readonly Slice[]): arrow.Data {
  const length = lengthOf(slices);
  switch (type.typeId) {
    case DuckDBTypeId.SQLNULL:
      return new arrow.Data(target, 0, length, length);
    case DuckDBTypeId.BOOLEAN:
      return flat(target, slices, booleans(slices));
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
      return flat(target, slices, fixed(slices, 1));
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
      return flat(target, slices, fixed(slices, 2));
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DATE:
      return flat(target, slices, fixed(slices, 4));
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.UBIGINT:
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.TIME:
    case DuckDBTypeId.TIME_NS:
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
    case DuckDBTypeId.TIMESTAMP_S:
    case DuckDBTypeId.TIMESTAMP_MS:
    case DuckDBTypeId.TIMESTAMP_NS:
      return flat(target, slices, fixed(slices, 8));
    case DuckDBTypeId.DECIMAL:
      return flat(target, slices, wideDecimals(type.width, slices, length));
    case DuckDBTypeId.HUGEINT:
    case DuckDBTypeId.UHUGEINT: {
      const validity = validityOf(slices);
      const signed = type.typeId === DuckDBTypeId.HUGEINT;
      return flat(target, slices, checkedHugeInts(fixed(slices, 16), validity, signed));
    }
    case DuckDBTypeId.INTERVAL:
      return flat(target, slices, microsToNanos(fixed(slices, 16), validityOf(slices)));
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.BLOB:
    case DuckDBTypeId.GEOMETRY: {
      const { offsets, bytes } = stringBuffers(slices);
      return nullable(target, slices, [offsets, bytes]);
    }
    case DuckDBTypeId.UUID:
    case DuckDBTypeId.ENUM:
    case DuckDBTypeId.BIT:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.TIME_TZ: {
      const { offsets, bytes } = texts(type, slices, length);
      return nullable(target, slices, [offsets, bytes]);
    }
    case DuckDBTypeId.STRUCT: {
      const children = type.entryTypes.map((entry, index) =>
        columnData(entry, childType(target, index), structChildren(slices, index)),
      );
      return nullable(target, slices, [], children);
    }
    case DuckDBTypeId.ARRAY: {
      const items = slices.map(({ vector, from, count }): Slice => {
        const { length: size } = type;
        return { vector: vector.arrayChild(size), from: from * size, count: count * size };
      });
      return nullable(target, slices, [], [columnData(type.valueType, childType(target, 0), items)]);
    }
    case DuckDBTypeId.LIST: {
      const { offsets, items } = listItems(slices, length);
      return nullable(target, slices, [offsets], [columnData(type.valueType, childType(target, 0), items)]);
    }
    case DuckDBTypeId.MAP: {
      const { offsets, items } = listItems(slices, length);
      const entries = childType(target, 0);
      const children = [type.keyType, type.valueType].map((entry, index) =>
        columnData(entry, childType(entries, index), structChildren(items, index)),
      );
      const data = new arrow.Data(entries, 0, lengthOf(items), 0, {}, children);
      return nullable(target, slices, [offsets], [data]);
    }
    case DuckDBTypeId.UNION:
      return union(type, target, slices);
    default:
      throw new LakeError("unsupported", "arrow-type", `${type} has no Arrow type`);
  }
}

function childType(type: arrow.DataType, index: number): arrow.DataType {
  const child = type.children?.[index]?.type;
  if (child === undefined) throw new LakeError("internal", "schema-shape", `${type} has no child ${index}`);
  return child;
}

/** Data of a type with one buffer of values. */
function flat(type: arrow.DataType, slices: readonly Slice[], bytes: Uint8Array): arrow.Data {
  const { ArrayType } = type;
  const values = new ArrayType(
    bytes.buffer,
    bytes.byteOffset,
    bytes.byteLength / ArrayType.BYTES_PER_ELEMENT,
  );
  return nullable(type, slices, [undefined, values]);
}

/** Data with the nulls of its slices. */
function nullable(
  type: arrow.DataType,
  slices: readonly Slice[],
  [offsets, values]: readonly [offsets?: Int32Array | undefined, values?: ArrayBufferView | undefined],
  children: arrow.Data[] = [],
): arrow.Data {
  const validity = validityOf(slices);
  const buffers: Partial<arrow.Data["buffers"]> = {};
  if (offsets !== undefined) buffers[arrow.BufferType.OFFSET] = offsets;
  if (values !== undefined) buffers[arrow.BufferType.DATA] = values;
  if (validity !== undefined) buffers[arrow.BufferType.VALIDITY] = validity;
  return new arrow.Data(type, 0, lengthOf(slices), validity === undefined ? 0 : -1, buffers, children);
}

/** The bitmap over all slices, or undefined when none holds a null. */
function validityOf(slices: readonly Slice[]): Uint8Array | undefined {
  if (slices.every((slice) => slice.vector.validity === undefined)) return undefined;
  const bitmap = newBitmap(lengthOf(slices));
  let at = 0;
  for (const { vector, from, count } of slices) {
    if (vector.validity === undefined) setBits(bitmap, at, count);
    else copyBits(bitmap, at, vector.validity, from, count);
    at += count;
  }
  return bitmap;
}

function fixed(slices: readonly Slice[], width: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(lengthOf(slices) * width);
  let at = 0;
  for (const { vector, from, count } of slices) {
    bytes.set(vector.bytes(width).subarray(from * width, (from + count) * width), at);
    at += count * width;
  }
  return bytes;
}

function booleans(slices: readonly Slice[]): Uint8Array {
  const bitmap = newBitmap(lengthOf(slices));
  let at = 0;
  for (const { vector, from, count } of slices) {
    packBits(bitmap, at, vector.bytes(1), from, count);
    at += count;
  }
  return bitmap;
}

function structChildren(slices: readonly Slice[], index: number): Slice[] {
  return slices.map((slice) => ({ ...slice, vector: slice.vector.structChild(index) }));
}

/**
 * Offsets for the lists of the slices, and the items in list order. A list is an offset into its
 * vector's items and a length, 64 bits each; lists may share items or leave some unused.
 */
function listItems(slices: readonly Slice[], length: number): { offsets: Int32Array; items: Slice[] } {
  const offsets = new Int32Array(length + 1);
  const items: Slice[] = [];
  let row = 0;
  let end = 0;
  for (const { vector, from, count } of slices) {
    const child = vector.listChild();
    const words = vector.words(16);
    const { validity } = vector;
    let start = 0;
    let stop = 0;
    for (let index = from; index < from + count; index++) {
      const valid = validity === undefined || ((validity[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
      const size = valid ? (words[index * 4 + 2] ?? 0) >>> 0 : 0;
      const offset = (words[index * 4] ?? 0) >>> 0;
      if (size > 0 && offset !== stop) {
        if (stop > start) items.push({ vector: child, from: start, count: stop - start });
        start = stop = offset;
      }
      stop += size;
      end += size;
      offsets[++row] = end;
    }
    if (stop > start) items.push({ vector: child, from: start, count: stop - start });
  }
  if (end > 0x7fff_ffff) throw new LakeError("unsupported", "batch-size", `${end} list items in one batch`);
  return { offsets, items };
}

/**
 * A sparse union. It has no bitmap of its own: a NULL union becomes a NULL of its first member.
 */
function union(type: DuckDBUnionType, target: arrow.DataType, slices: readonly Slice[]): arrow.Data {
  const tags = fixed(structChildren(slices, 0), 1);
  const validity = validityOf(slices);
  const typeIds = new Int8Array(tags.buffer, tags.byteOffset, tags.byteLength);
  if (validity !== undefined) {
    for (let row = 0; row < typeIds.length; row++) {
      if (((validity[row >> 3] ?? 0) & (1 << (row & 7))) === 0) typeIds[row] = 0;
    }
  }
  const children = type.memberTypes.map((member, index) =>
    columnData(member, childType(target, index), structChildren(slices, index + 1)),
  );
  return new arrow.Data(target, 0, typeIds.length, -1, { [arrow.BufferType.TYPE]: typeIds }, children);
}

/** Values of rare types, as the engine writes them. */
function texts(
  type: DuckDBType,
  slices: readonly Slice[],
  length: number,
): { offsets: Int32Array; bytes: Buffer } {
  const offsets = new Int32Array(length + 1);
  const parts: Buffer[] = [];
  let row = 0;
  let end = 0;
  for (const { vector, from, count } of slices) {
    const values = DuckDBVector.create(vector.handle, vector.size, type);
    for (let index = from; index < from + count; index++) {
      const value = toValue(values.getItem(index));
      const part = Buffer.from(value === null ? "" : String(value));
      parts.push(part);
      end += part.length;
      offsets[++row] = end;
    }
  }
  return { offsets, bytes: Buffer.concat(parts, end) };
}
