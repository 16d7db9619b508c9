import {
  type Binary,
  Bool,
  Data,
  type DataType,
  Decimal,
  Field,
  List,
  Map_,
  makeData,
  Struct,
  Utf8,
} from "apache-arrow";
import { ByteRun, int32Run, int64Run, type NumberArray, type NumberRun, Validity } from "./runs.js";
import { AvroDataError, type Tap } from "./tap.js";

/** Values of one place in the schema, gathered into Arrow's layout. */
export interface Column {
  readonly type: DataType;
  /** Reads one value and appends it. */
  read(tap: Tap): void;
  appendNull(): void;
  /** The values so far; the column begins anew. */
  take(): Data;
}

/** A column whose values are numbers of one width. */
export function numberColumn<A extends ArrayBufferView & NumberArray<V>, V>(
  type: DataType,
  values: NumberRun<A, V>,
  readValue: (tap: Tap) => V,
): Column {
  const validity = new Validity();
  return {
    type,
    read(tap) {
      values.push(readValue(tap));
      validity.push(true);
    },
    appendNull() {
      values.skip();
      validity.push(false);
    },
    take: () => flatData(type, validity, undefined, values.take().values),
  };
}

/** Data of one buffer of values, or of one of bytes and one of their offsets. */
function flatData(
  type: DataType,
  validity: Validity,
  valueOffsets: Int32Array | undefined,
  values: ArrayBufferView,
): Data {
  const { length, nullCount, nullBitmap } = validity.take();
  return new Data<DataType>(type, 0, length, nullCount, [valueOffsets, values, nullBitmap]);
}

export function booleanColumn(): Column {
  const validity = new Validity();
  const values = new Validity();
  return {
    type: new Bool(),
    read(tap) {
      values.push(tap.boolean());
      validity.push(true);
    },
    appendNull() {
      values.push(false);
      validity.push(false);
    },
    take() {
      const data = values.take().nullBitmap;
      return makeData({ type: new Bool(), ...validity.take(), data });
    },
  };
}

/** A column of texts or byte strings. `readBytes` may give bytes that change later: they are copied. */
export function byteColumn(type: Utf8 | Binary, readBytes: (tap: Tap) => Uint8Array): Column {
  const validity = new Validity();
  const bytes = new ByteRun();
  return {
    type,
    read(tap) {
      bytes.push(readBytes(tap));
      validity.push(true);
    },
    appendNull() {
      bytes.pushEmpty();
      validity.push(false);
    },
    take() {
      const { valueOffsets, data } = bytes.take();
      return flatData(type, validity, valueOffsets, data);
    },
  };
}

/** 128-bit decimals, of big-endian two's complement bytes. */
export function decimalColumn(precision: number, scale: number, readBytes: (tap: Tap) => Uint8Array): Column {
  const type = new Decimal(scale, precision, 128);
  const validity = new Validity();
  const values = int64Run();
  const limit = 10n ** BigInt(precision);
  return {
    type,
    read(tap) {
      const value = signedBigEndian(readBytes(tap));
      if (value >= limit || value <= -limit) {
        throw new AvroDataError(
          `${value} has more than the ${precision} digits of its decimal type`,
          tap.offset,
        );
      }
      values.push(BigInt.asIntN(64, value));
      values.push(value >> 64n);
      validity.push(true);
    },
    appendNull() {
      values.skip();
      values.skip();
      validity.push(false);
    },
    take() {
      return flatData(type, validity, undefined, new Uint32Array(values.take().values.buffer));
    },
  };
}

function signedBigEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return BigInt.asIntN(bytes.length * 8, value);
}

export function listColumn(item: Column): Column {
  const type = new List(new Field("element", item.type, true));
  const lists = new Offsets();
  return {
    type,
    read(tap) {
      tap.blocks(() => {
        item.read(tap);
        lists.items++;
      });
      lists.end(true);
    },
    appendNull: () => lists.end(false),
    take() {
      return makeData({ type, ...lists.take(), child: item.take() });
    },
  };
}

export function mapColumn(value: Column): Column {
  const key = byteColumn(new Utf8(), (tap) => tap.bytes());
  const entries = new Struct<{ key: DataType; value: DataType }>([
    new Field("key", key.type, false),
    new Field("value", value.type, true),
  ]);
  const type = new Map_(new Field("entries", entries, false));
  const maps = new Offsets();
  return {
    type,
    read(tap) {
      tap.blocks(() => {
        key.read(tap);
        value.read(tap);
        maps.items++;
      });
      maps.end(true);
    },
    appendNull: () => maps.end(false),
    take() {
      const length = maps.items;
      const child = makeData({ type: entries, length, nullCount: 0, children: [key.take(), value.take()] });
      return makeData({ type, ...maps.take(), child });
    },
  };
}

export interface NamedColumn {
  readonly name: string;
  readonly column: Column;
}

/** A struct; `readMembers` appends one value to each member and says whether the struct is not null. */
export function structColumn(members: readonly NamedColumn[], readMembers: (tap: Tap) => boolean): Column {
  const type = new Struct(members.map(({ name, column }) => new Field(name, column.type, true)));
  const validity = new Validity();
  return {
    type,
    read: (tap) => validity.push(readMembers(tap)),
    appendNull() {
      for (const { column } of members) column.appendNull();
      validity.push(false);
    },
    take() {
      return makeData({ type, ...validity.take(), children: members.map(({ column }) => column.take()) });
    },
  };
}

/** Where each list ends among the items. */
class Offsets {
  readonly #validity = new Validity();
  readonly #ends = int32Run();
  items = 0;

  constructor() {
    this.#ends.skip();
  }

  end(valid: boolean): void {
    this.#ends.push(this.items);
    this.#validity.push(valid);
  }

  take(): { length: number; nullCount: number; nullBitmap: Uint8Array; valueOffsets: Int32Array } {
    const ends = this.#ends.take();
    this.#ends.skip();
    this.items = 0;
    return { ...this.#validity.take(), valueOffsets: ends.values.subarray(0, ends.length) };
  }
}
