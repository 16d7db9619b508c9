import { type DuckDBType, DuckDBTypeId, type DuckDBUnionType } from "@duckdb/node-api";
import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { isSet } from "../bitmap.js";
import { GrowingBytes, GrowingValidity } from "../growing.js";
import type { RawVector } from "../vector.js";
import {
  ArrayValues,
  BooleanValues,
  DecimalValues,
  FixedValues,
  ListValues,
  StringValues,
  StructValues,
  TextValues,
  type ValuesBuilder,
} from "./column-values.js";
import { checkedHugeInts, microsToNanos } from "./decimal.js";

/** Gathers a column vector by vector. */
export interface ColumnBuilder {
  /** Copies `count` values, from `from` on: the builder does not depend on the vector. */
  append(vector: RawVector, from: number, count: number): void;
  /** The column since the last take, as Arrow data. */
  take(): arrow.Data;
}

/** @throws LakeError `unsupported` for a type without an Arrow type. */
export function columnBuilder(type: DuckDBType, target: arrow.DataType): ColumnBuilder {
  switch (type.typeId) {
    case DuckDBTypeId.SQLNULL:
      return new NullColumn(target);
    case DuckDBTypeId.UNION:
      return new UnionColumn(target, type);
    default:
      return new NullableColumn(target, valuesBuilder(type, target));
  }
}

function valuesBuilder(type: DuckDBType, target: arrow.DataType): ValuesBuilder {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
      return new BooleanValues();
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
      return new FixedValues(target, 1);
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
      return new FixedValues(target, 2);
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DATE:
      return new FixedValues(target, 4);
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
      return new FixedValues(target, 8);
    case DuckDBTypeId.DECIMAL:
      return new DecimalValues(target, type.width);
    case DuckDBTypeId.HUGEINT:
      return new FixedValues(target, 16, (bytes, validity) => checkedHugeInts(bytes, validity, true));
    case DuckDBTypeId.UHUGEINT:
      return new FixedValues(target, 16, (bytes, validity) => checkedHugeInts(bytes, validity, false));
    case DuckDBTypeId.INTERVAL:
      return new FixedValues(target, 16, microsToNanos);
    case DuckDBTypeId.VARCHAR:
    case DuckDBTypeId.BLOB:
    case DuckDBTypeId.GEOMETRY:
      return new StringValues();
    case DuckDBTypeId.UUID:
    case DuckDBTypeId.ENUM:
    case DuckDBTypeId.BIT:
    case DuckDBTypeId.BIGNUM:
    case DuckDBTypeId.TIME_TZ:
      return new TextValues(type);
    case DuckDBTypeId.STRUCT:
      return new StructValues(
        type.entryTypes.map((entry, index) => columnBuilder(entry, childType(target, index))),
      );
    case DuckDBTypeId.ARRAY:
      return new ArrayValues(type.length, columnBuilder(type.valueType, childType(target, 0)));
    case DuckDBTypeId.LIST:
      return new ListValues(columnBuilder(type.valueType, childType(target, 0)));
    case DuckDBTypeId.MAP: {
      const entries = childType(target, 0);
      const members = [type.keyType, type.valueType].map((entry, index) =>
        columnBuilder(entry, childType(entries, index)),
      );
      return new ListValues(new NullableColumn(entries, new StructValues(members)));
    }
    default:
      throw new LakeError("unsupported", "arrow-type", `${type} has no Arrow type`);
  }
}

function childType(type: arrow.DataType, index: number): arrow.DataType {
  const child = type.children?.[index]?.type;
  if (child === undefined) throw new LakeError("internal", "schema-shape", `${type} has no child ${index}`);
  return child;
}

class NullableColumn implements ColumnBuilder {
  readonly #type: arrow.DataType;
  readonly #values: ValuesBuilder;
  readonly #validity = new GrowingValidity();

  constructor(type: arrow.DataType, values: ValuesBuilder) {
    this.#type = type;
    this.#values = values;
  }

  append(vector: RawVector, from: number, count: number): void {
    this.#values.append(vector, from, count);
    this.#validity.append(vector.validity, from, count);
  }

  take(): arrow.Data {
    const { length, bitmap } = this.#validity.take();
    const { offsets, values, children = [] } = this.#values.take(bitmap);
    const buffers: Partial<arrow.Data["buffers"]> = {};
    if (offsets !== undefined) buffers[arrow.BufferType.OFFSET] = offsets;
    if (values !== undefined) buffers[arrow.BufferType.DATA] = values;
    if (bitmap !== undefined) buffers[arrow.BufferType.VALIDITY] = bitmap;
    return new arrow.Data(this.#type, 0, length, bitmap === undefined ? 0 : -1, buffers, children);
  }
}

class NullColumn implements ColumnBuilder {
  readonly #type: arrow.DataType;
  #length = 0;

  constructor(type: arrow.DataType) {
    this.#type = type;
  }

  append(_vector: RawVector, _from: number, count: number): void {
    this.#length += count;
  }

  take(): arrow.Data {
    const length = this.#length;
    this.#length = 0;
    return new arrow.Data(this.#type, 0, length, length);
  }
}

/**
 * A sparse union. It has no bitmap of its own: a NULL union becomes a NULL of its first member.
 */
class UnionColumn implements ColumnBuilder {
  readonly #type: arrow.DataType;
  readonly #members: readonly ColumnBuilder[];
  readonly #tags = new GrowingBytes();

  constructor(type: arrow.DataType, { memberTypes }: DuckDBUnionType) {
    this.#type = type;
    this.#members = memberTypes.map((member, index) => columnBuilder(member, childType(type, index)));
  }

  append(vector: RawVector, from: number, count: number): void {
    const tagVector = vector.structChild(0);
    const tags = tagVector.bytes(1);
    const { validity } = tagVector;
    const at = this.#tags.extend(count);
    for (let row = 0; row < count; row++) {
      const isNull = validity !== undefined && !isSet(validity, from + row);
      this.#tags.bytes[at + row] = isNull ? 0 : (tags[from + row] ?? 0);
    }
    for (const [index, member] of this.#members.entries()) {
      member.append(vector.structChild(index + 1), from, count);
    }
  }

  take(): arrow.Data {
    const tags = this.#tags.take();
    const typeIds = new Int8Array(tags.buffer, tags.byteOffset, tags.byteLength);
    const children = this.#members.map((member) => member.take());
    return new arrow.Data(this.#type, 0, typeIds.length, -1, { [arrow.BufferType.TYPE]: typeIds }, children);
  }
}
