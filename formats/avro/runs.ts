const FIRST_CAPACITY = 1024;

export interface NumberArray<V> {
  readonly buffer: ArrayBufferLike;
  readonly length: number;
  [index: number]: V;
}

/** Numbers of one width that grow in number. */
export class NumberRun<A extends NumberArray<V>, V = A[number]> {
  readonly #allocate: (capacity: number) => A;
  #values: A;
  #length = 0;

  constructor(allocate: (capacity: number) => A) {
    this.#allocate = allocate;
    this.#values = allocate(FIRST_CAPACITY);
  }

  push(value: V): void {
    this.#reserve();
    this.#values[this.#length++] = value;
  }

  /** Appends a zero. */
  skip(): void {
    this.#reserve();
    this.#length++;
  }

  /** The numbers so far, with room for more behind the `length` of them; the run begins anew. */
  take(): { readonly values: A; readonly length: number } {
    const taken = { values: this.#values, length: this.#length };
    this.#values = this.#allocate(FIRST_CAPACITY);
    this.#length = 0;
    return taken;
  }

  #reserve(): void {
    if (this.#length < this.#values.length) return;
    const grown = this.#allocate(this.#values.length * 2);
    new Uint8Array(grown.buffer).set(new Uint8Array(this.#values.buffer));
    this.#values = grown;
  }
}

export const int32Run = (): NumberRun<Int32Array, number> =>
  new NumberRun((capacity) => new Int32Array(capacity));
export const int64Run = (): NumberRun<BigInt64Array, bigint> =>
  new NumberRun((capacity) => new BigInt64Array(capacity));
export const float32Run = (): NumberRun<Float32Array, number> =>
  new NumberRun((capacity) => new Float32Array(capacity));
export const float64Run = (): NumberRun<Float64Array, number> =>
  new NumberRun((capacity) => new Float64Array(capacity));

/** Byte strings one after another, with where each begins. */
export class ByteRun {
  #data = new Uint8Array(FIRST_CAPACITY);
  #offsets = new Int32Array(FIRST_CAPACITY);
  #count = 0;
  #length = 0;

  push(bytes: Uint8Array): void {
    const end = this.#length + bytes.length;
    if (end > this.#data.length) {
      const grown = new Uint8Array(Math.max(end, this.#data.length * 2));
      grown.set(this.#data.subarray(0, this.#length));
      this.#data = grown;
    }
    this.#data.set(bytes, this.#length);
    this.#length = end;
    this.pushEmpty();
  }

  pushEmpty(): void {
    if (this.#count + 1 >= this.#offsets.length) {
      const grown = new Int32Array(this.#offsets.length * 2);
      grown.set(this.#offsets);
      this.#offsets = grown;
    }
    this.#offsets[++this.#count] = this.#length;
  }

  take(): { readonly valueOffsets: Int32Array; readonly data: Uint8Array } {
    const taken = {
      valueOffsets: this.#offsets.subarray(0, this.#count + 1),
      data: this.#data.subarray(0, this.#length),
    };
    this.#data = new Uint8Array(FIRST_CAPACITY);
    this.#offsets = new Int32Array(FIRST_CAPACITY);
    this.#count = 0;
    this.#length = 0;
    return taken;
  }
}

/** A bit a value, as Arrow's validity bitmaps and booleans are laid out: least significant bit first. */
export class Validity {
  #bits = new Uint8Array(FIRST_CAPACITY);
  #length = 0;
  #clear = 0;

  push(bit: boolean): void {
    const byte = this.#length >> 3;
    if (byte >= this.#bits.length) {
      const grown = new Uint8Array(this.#bits.length * 2);
      grown.set(this.#bits);
      this.#bits = grown;
    }
    if (bit) this.#bits[byte] = (this.#bits[byte] ?? 0) | (1 << (this.#length & 7));
    else this.#clear++;
    this.#length++;
  }

  take(): { readonly length: number; readonly nullCount: number; readonly nullBitmap: Uint8Array } {
    const taken = { length: this.#length, nullCount: this.#clear, nullBitmap: this.#bits };
    this.#bits = new Uint8Array(FIRST_CAPACITY);
    this.#length = 0;
    this.#clear = 0;
    return taken;
  }
}
