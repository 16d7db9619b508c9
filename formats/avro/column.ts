import type { DataType } from "apache-arrow";
import type { ByteColumn } from "./byte-column.js";
import { type Part, roomFor, Validity } from "./validity.js";

// Columns under construction, in Arrow's layout. They are filled row by row from row 0, into room that was
// made before by `reserve`, and emptied by `clear`: their buffers serve again. What stands at a null is undefined.

/** Values of one place in a schema. */
export type Column = BitColumn | NumberColumn | RealColumn | ByteColumn | ListColumn | StructColumn;

/** @throws AvroDataError when a text that has come since the last look, at `offset` at most, is not UTF-8. */
export function checkTexts(column: Column, rows: number, offset: number): void {
  if (column.kind === "bytes") column.check(rows, offset);
  const below = column.kind === "list" ? column.items : rows;
  if (column.kind === "list" || column.kind === "struct")
    for (const child of column.children) checkTexts(child, below, offset);
}

export class BitColumn {
  readonly kind = "bits";
  readonly type: DataType;
  readonly validity = new Validity();
  bits = new Uint8Array(0);

  constructor(type: DataType) {
    this.type = type;
  }

  reserve(rows: number): void {
    this.validity.reserve(rows);
    if (rows <= this.bits.length * 8) return;
    const grown = new Uint8Array(roomFor(Math.ceil(rows / 8), this.bits.length));
    grown.set(this.bits);
    this.bits = grown;
  }

  set(row: number): void {
    this.bits[row >> 3] = (this.bits[row >> 3] ?? 0) | (1 << (row & 7));
  }

  setNull(row: number): void {
    this.validity.setNull(row);
  }

  clear(): void {
    this.validity.clear();
    this.bits.fill(0);
  }

  part(rows: number): Part {
    const values = this.bits.subarray(0, Math.ceil(rows / 8));
    return { ...this.validity.part(rows), values, children: [] };
  }
}

/** Numbers of one or more 32-bit words, the lowest first. */
export class NumberColumn {
  readonly kind = "number";
  readonly type: DataType;
  /** Words in a number. */
  readonly width: 1 | 2 | 4;
  readonly validity = new Validity();
  words = new Int32Array(0);

  constructor(type: DataType, width: 1 | 2 | 4) {
    this.type = type;
    this.width = width;
  }

  reserve(rows: number): void {
    this.validity.reserve(rows);
    const needed = rows * this.width;
    if (needed <= this.words.length) return;
    const grown = new Int32Array(roomFor(needed, this.words.length));
    grown.set(this.words);
    this.words = grown;
  }

  setNull(row: number): void {
    this.validity.setNull(row);
  }

  clear(): void {
    this.validity.clear();
  }

  part(rows: number): Part {
    const { buffer } = this.words;
    const length = rows * this.width;
    // Arrow's 64-bit integers are BigInts to whoever reads one, its decimals unsigned words.
    const values =
      this.width === 1
        ? this.words.subarray(0, length)
        : this.width === 2
          ? new BigInt64Array(buffer, 0, rows)
          : new Uint32Array(buffer, 0, length);
    return { ...this.validity.part(rows), values, children: [] };
  }
}

export class RealColumn {
  readonly kind = "real";
  readonly type: DataType;
  readonly bits: 32 | 64;
  readonly validity = new Validity();
  values: Float32Array | Float64Array;

  constructor(type: DataType, bits: 32 | 64) {
    this.type = type;
    this.bits = bits;
    this.values = this.#allocate(0);
  }

  reserve(rows: number): void {
    this.validity.reserve(rows);
    if (rows <= this.values.length) return;
    const grown = this.#allocate(roomFor(rows, this.values.length));
    grown.set(this.values);
    this.values = grown;
  }

  setNull(row: number): void {
    this.validity.setNull(row);
  }

  clear(): void {
    this.validity.clear();
  }

  part(rows: number): Part {
    return { ...this.validity.part(rows), values: this.values.subarray(0, rows), children: [] };
  }

  #allocate(length: number): Float32Array | Float64Array {
    return this.bits === 32 ? new Float32Array(length) : new Float64Array(length);
  }
}

/** Lists, whose one child is the items, or maps, whose children are keys and values. */
export class ListColumn {
  readonly kind = "list";
  readonly type: DataType;
  readonly children: readonly Column[];
  readonly validity = new Validity();
  #offsets = new Int32Array(1);
  /** Items over all rows so far. */
  items = 0;

  constructor(type: DataType, children: readonly Column[]) {
    this.type = type;
    this.children = children;
  }

  reserve(rows: number): void {
    this.validity.reserve(rows);
    if (rows < this.#offsets.length) return;
    const grown = new Int32Array(roomFor(rows + 1, this.#offsets.length));
    grown.set(this.#offsets);
    this.#offsets = grown;
  }

  /** Makes room for `count` items behind those there are. */
  reserveItems(count: number): void {
    for (const child of this.children) child.reserve(this.items + count);
  }

  /** The value of `row` ends with the last item. */
  end(row: number): void {
    this.#offsets[row + 1] = this.items;
  }

  setNull(row: number): void {
    this.validity.setNull(row);
    this.end(row);
  }

  clear(): void {
    this.validity.clear();
    this.items = 0;
    for (const child of this.children) child.clear();
  }

  part(rows: number): Part {
    const offsets = this.#offsets.subarray(0, rows + 1);
    const children = this.children.map((child) => child.part(this.items));
    return { ...this.validity.part(rows), offsets, children };
  }
}

export class StructColumn {
  readonly kind = "struct";
  readonly type: DataType;
  readonly children: readonly Column[];
  readonly validity = new Validity();

  constructor(type: DataType, children: readonly Column[]) {
    this.type = type;
    this.children = children;
  }

  reserve(rows: number): void {
    this.validity.reserve(rows);
    for (const child of this.children) child.reserve(rows);
  }

  setNull(row: number): void {
    this.validity.setNull(row);
    for (const child of this.children) child.setNull(row);
  }

  clear(): void {
    this.validity.clear();
    for (const child of this.children) child.clear();
  }

  part(rows: number): Part {
    return { ...this.validity.part(rows), children: this.children.map((child) => child.part(rows)) };
  }
}
