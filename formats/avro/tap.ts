/** Avro data that ends early or contradicts its schema; the offset counts from the start of the block's data. */
export class AvroDataError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export const endsEarly = (offset: number): AvroDataError =>
  new AvroDataError("the data ends inside a value", offset);

/** Reads the binary encoding value by value. Avro specification 1.12, "Binary Encoding". */
export class Tap {
  readonly #data: Uint8Array;
  readonly #view: DataView;
  #at: number;

  constructor(data: Uint8Array, at = 0) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#at = at;
  }

  get offset(): number {
    return this.#at;
  }

  byte(): number {
    const value = this.#data[this.#at++];
    if (value === undefined) throw endsEarly(this.#data.length);
    return value;
  }

  boolean(): boolean {
    const value = this.byte();
    if (value > 1) throw new AvroDataError(`${value} is no boolean`, this.#at - 1);
    return value === 1;
  }

  /** A zig-zag number of 32 bits at most. */
  int(): number {
    const value = this.long();
    if (value < -0x80000000n || value > 0x7fffffffn)
      throw new AvroDataError(`${value} is no 32-bit number`, this.#at);
    return Number(value);
  }

  /** A zig-zag number of 64 bits at most. */
  long(): bigint {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      if (shift === 63n && byte > 1) throw new AvroDataError("a number has more than 64 bits", this.#at);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    return (value >> 1n) ^ -(value & 1n);
  }

  /** A count or an index, which never nears 2^53 in data that can be read. */
  count(): number {
    const value = this.long();
    const limit = BigInt(Number.MAX_SAFE_INTEGER);
    if (value > limit || value < -limit) throw new AvroDataError(`${value} is no count`, this.#at);
    return Number(value);
  }

  float(): number {
    return this.#view.getFloat32(this.#skip(4), true);
  }

  double(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  /** The next `length` bytes, or as many as a length before them says; not a copy. */
  bytes(length = this.count()): Uint8Array {
    if (length < 0) throw new AvroDataError(`${length} is no length`, this.#at);
    const at = this.#skip(length);
    return this.#data.subarray(at, at + length);
  }

  /** The items of an array or a map, block by block. */
  blocks(readItem: () => void): void {
    for (let count = this.count(); count !== 0; count = this.count()) {
      // A negative count is followed by the size of the block in bytes.
      if (count < 0) this.count();
      const items = Math.abs(count);
      if (items > this.#data.length) throw new AvroDataError(`${items} is no count of items`, this.#at);
      for (let item = 0; item < items; item++) readItem();
    }
  }

  /** Goes on where `pass`, given the data and the place, says. */
  pass(pass: (data: Uint8Array, at: number) => number): void {
    const next = pass(this.#data, this.#at);
    if (next > this.#data.length) throw endsEarly(this.#data.length);
    this.#at = next;
  }

  /** Passes over `length` bytes; gives where they begin. */
  #skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#data.length) throw endsEarly(this.#data.length);
    this.#at += length;
    return at;
  }
}
