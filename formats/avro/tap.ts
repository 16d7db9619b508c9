/** Avro data that ends early or contradicts its schema; the offset counts from the start of the block's data. */
export class AvroDataError extends Error {
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Reads the binary encoding. Avro specification 1.12, "Binary Encoding". */
export class Tap {
  readonly #data: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  }

  get offset(): number {
    return this.#at;
  }

  get atEnd(): boolean {
    return this.#at === this.#data.length;
  }

  byte(): number {
    const value = this.#data[this.#at++];
    if (value === undefined) throw this.#early();
    return value;
  }

  boolean(): boolean {
    const value = this.byte();
    if (value > 1) throw new AvroDataError(`${value} is no boolean`, this.#at - 1);
    return value === 1;
  }

  /** A zig-zag number of 32 bits at most. */
  int(): number {
    const value = this.#small();
    if (value !== undefined && value >= -0x80000000 && value <= 0x7fffffff) return value;
    const wide = value === undefined ? this.long() : BigInt(value);
    if (wide < -0x80000000n || wide > 0x7fffffffn)
      throw new AvroDataError(`${wide} is no 32-bit number`, this.#at);
    return Number(wide);
  }

  /** A zig-zag number of 64 bits at most. */
  long(): bigint {
    const small = this.#small();
    if (small !== undefined) return BigInt(small);
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
      if (shift === 63n) throw new AvroDataError("a number has more than ten bytes", this.#at);
    }
    return BigInt.asIntN(64, (value >> 1n) ^ -(value & 1n));
  }

  /** A count or an index, which never nears 2^53 in data that can be read. */
  count(): number {
    const value = this.long();
    const limit = BigInt(Number.MAX_SAFE_INTEGER);
    if (value > limit || value < -limit) throw new AvroDataError(`${value} is no count`, this.#at);
    return Number(value);
  }

  float(): number {
    const at = this.#skip(4);
    return this.#view.getFloat32(at, true);
  }

  double(): number {
    const at = this.#skip(8);
    return this.#view.getFloat64(at, true);
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
      for (let item = 0; item < Math.abs(count); item++) readItem();
    }
  }

  /** A zig-zag number of up to four bytes; `undefined`, with nothing read, for a longer one. */
  #small(): number | undefined {
    let value = 0;
    for (let index = 0; index < 4; index++) {
      const byte = this.#data[this.#at + index];
      if (byte === undefined) throw this.#early();
      value |= (byte & 0x7f) << (7 * index);
      if (byte < 0x80) {
        this.#at += index + 1;
        return (value >>> 1) ^ -(value & 1);
      }
    }
    return undefined;
  }

  #skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#data.length) throw this.#early();
    this.#at += length;
    return at;
  }

  #early(): AvroDataError {
    return new AvroDataError("the data ends inside a value", this.#data.length);
  }
}
