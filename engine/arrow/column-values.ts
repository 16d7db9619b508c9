import { type DuckDBType, DuckDBVector } from "@duckdb/node-api";
import type * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { isSet, newBitmap, packBits } from "../bitmap.js";
import { GrowingBytes, withRoom } from "../growing.js";
import { GrowingStrings } from "../strings.js";
import { toValue } from "../value.js";
import type { RawVector } from "../vector.js";
import type { ColumnBuilder } from "./column-builder.js";
import { decimalWidth, widenDecimals } from "./decimal.js";

/** What a column's Arrow data holds beside its validity. */
export interface Values {
  readonly offsets?: Int32Array;
  readonly values?: ArrayBufferView;
  readonly children?: arrow.Data[];
}

/** Gathers the values of a column. What stands at a null is undefined. */
export interface ValuesBuilder {
  /** Copies `count` values, from `from` on: the builder does not depend on the vector. */
  append(vector: RawVector, from: number, count: number): void;
  /** The values since the last take; `validity` is theirs. */
  take(validity: Uint8Array | undefined): Values;
}

/** Changes values in place or refuses them. */
export type Transform = (bytes: Uint8Array, validity: Uint8Array | undefined) => Uint8Array;

/** Values whose bytes Arrow and the engine agree on, but for a transform. */
export class FixedValues implements ValuesBuilder {
  readonly #type: arrow.DataType;
  readonly #width: number;
  readonly #transform: Transform;
  readonly #bytes = new GrowingBytes();

  constructor(type: arrow.DataType, width: number, transform: Transform = (bytes) => bytes) {
    this.#type = type;
    this.#width = width;
    this.#transform = transform;
  }

  append(vector: RawVector, from: number, count: number): void {
    const width = this.#width;
    const bytes = vector.bytes(width);
    const at = this.#bytes.extend(count * width);
    const isWhole = from === 0 && count === vector.size;
    this.#bytes.bytes.set(isWhole ? bytes : bytes.subarray(from * width, (from + count) * width), at);
  }

  take(validity: Uint8Array | undefined): Values {
    return { values: valuesOf(this.#type, this.#transform(this.#bytes.take(), validity)) };
  }
}

export class DecimalValues implements ValuesBuilder {
  readonly #type: arrow.DataType;
  readonly #width: number;
  readonly #bytes = new GrowingBytes();

  constructor(type: arrow.DataType, digits: number) {
    this.#type = type;
    this.#width = decimalWidth(digits);
  }

  append(vector: RawVector, from: number, count: number): void {
    const at = this.#bytes.extend(count * 16);
    const wide = new Int32Array(this.#bytes.bytes.buffer, at, count * 4);
    widenDecimals(wide, 0, vector.bytes(this.#width), this.#width, from, count);
  }

  take(): Values {
    return { values: valuesOf(this.#type, this.#bytes.take()) };
  }
}

function valuesOf({ ArrayType }: arrow.DataType, bytes: Uint8Array): ArrayBufferView {
  return new ArrayType(bytes.buffer, bytes.byteOffset, bytes.byteLength / ArrayType.BYTES_PER_ELEMENT);
}

export class BooleanValues implements ValuesBuilder {
  #bits: Uint8Array = newBitmap(0);
  #length = 0;

  append(vector: RawVector, from: number, count: number): void {
    this.#bits = withRoom(this.#bits, this.#length + count);
    packBits(this.#bits, this.#length, vector.bytes(1), from, count);
    this.#length += count;
  }

  take(): Values {
    const values = this.#bits;
    this.#bits = newBitmap(0);
    this.#length = 0;
    return { values };
  }
}

export class StringValues implements ValuesBuilder {
  readonly #strings = new GrowingStrings();

  append(vector: RawVector, from: number, count: number): void {
    this.#strings.append(vector, from, count);
  }

  take(): Values {
    const { offsets, bytes } = this.#strings.take();
    return { offsets, values: bytes };
  }
}

/** Values of rare types, as the engine writes them. */
export class TextValues implements ValuesBuilder {
  readonly #type: DuckDBType;
  #parts: Buffer[] = [];

  constructor(type: DuckDBType) {
    this.#type = type;
  }

  append(vector: RawVector, from: number, count: number): void {
    const values = DuckDBVector.create(vector.handle, vector.size, this.#type);
    for (let index = from; index < from + count; index++) {
      const value = toValue(values.getItem(index));
      this.#parts.push(Buffer.from(value === null ? "" : String(value)));
    }
  }

  take(): Values {
    const parts = this.#parts;
    this.#parts = [];
    const offsets = new Int32Array(parts.length + 1);
    let end = 0;
    for (const [row, part] of parts.entries()) {
      end += part.length;
      offsets[row + 1] = end;
    }
    return { offsets, values: Buffer.concat(parts, end) };
  }
}

export class StructValues implements ValuesBuilder {
  readonly #members: readonly ColumnBuilder[];

  constructor(members: readonly ColumnBuilder[]) {
    this.#members = members;
  }

  append(vector: RawVector, from: number, count: number): void {
    for (const [index, member] of this.#members.entries()) {
      member.append(vector.structChild(index), from, count);
    }
  }

  take(): Values {
    return { children: this.#members.map((member) => member.take()) };
  }
}

export class ArrayValues implements ValuesBuilder {
  readonly #length: number;
  readonly #items: ColumnBuilder;

  constructor(length: number, items: ColumnBuilder) {
    this.#length = length;
    this.#items = items;
  }

  append(vector: RawVector, from: number, count: number): void {
    const length = this.#length;
    this.#items.append(vector.arrayChild(length), from * length, count * length);
  }

  take(): Values {
    return { children: [this.#items.take()] };
  }
}

/** Lists and maps: offsets, and the items in list order. */
export class ListValues implements ValuesBuilder {
  readonly #items: ColumnBuilder;
  #offsets: number[] = [0];
  #end = 0;

  constructor(items: ColumnBuilder) {
    this.#items = items;
  }

  /**
   * A list is an offset into its vector's items and a length, 64 bits each; lists may share items
   * or leave some unused.
   */
  append(vector: RawVector, from: number, count: number): void {
    const child = vector.listChild();
    const words = vector.words(16);
    const { validity } = vector;
    let start = 0;
    let stop = 0;
    for (let index = from; index < from + count; index++) {
      const isValid = validity === undefined || isSet(validity, index);
      const size = isValid ? (words[index * 4 + 2] ?? 0) >>> 0 : 0;
      const offset = (words[index * 4] ?? 0) >>> 0;
      if (size > 0 && offset !== stop) {
        if (stop > start) this.#items.append(child, start, stop - start);
        start = stop = offset;
      }
      stop += size;
      this.#end += size;
      this.#offsets.push(this.#end);
    }
    if (stop > start) this.#items.append(child, start, stop - start);
    if (this.#end > 0x7fff_ffff) {
      throw new LakeError("unsupported", "batch-size", `${this.#end} list items in one batch`);
    }
  }

  take(): Values {
    const offsets = Int32Array.from(this.#offsets);
    this.#offsets = [0];
    this.#end = 0;
    return { offsets, children: [this.#items.take()] };
  }
}
