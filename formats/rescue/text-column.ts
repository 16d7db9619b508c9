import { Binary, type Data, makeData } from "apache-arrow";

/** Below this a loop copies faster than a call. */
const SHORT = 24;

/**
 * Gathers a column of texts as Arrow keeps byte strings: their bytes end to end, offsets, and a bit each that is set
 * where there is one.
 */
export class TextColumn {
  #bytes = new Uint8Array(4096);
  #end = 0;
  #offsets = new Int32Array(1025);
  #validity = new Uint8Array(128);
  /** Values whose offset is written. */
  #filled = 0;
  #given = 0;
  #isTaken = false;

  /** The text of value `index`, as UTF-8; indexes ascend, and those left out are NULL. */
  set(index: number, bytes: Uint8Array, from: number, to: number): void {
    if (this.#isTaken) this.#clearNext();
    this.#fillTo(index);
    const length = to - from;
    if (this.#end + length > this.#bytes.length) this.#grow(this.#end + length);
    if (length < SHORT) {
      const target = this.#bytes;
      let end = this.#end;
      for (let at = from; at < to; at++) target[end++] = bytes[at] ?? 0;
    } else {
      this.#bytes.set(bytes.subarray(from, to), this.#end);
    }
    this.#end += length;
    this.#offsets[index + 1] = this.#end;
    this.#filled = index + 1;
    const byte = index >> 3;
    this.#validity[byte] = (this.#validity[byte] ?? 0) | (1 << (index & 7));
    this.#given++;
  }

  /**
   * The first `length` values, those not given as NULL; the column is empty afterwards. They lie in memory that the
   * next ones are written to.
   */
  take(length: number): Data<Binary> {
    if (this.#isTaken) this.#clearNext();
    this.#fillTo(length);
    const data = makeData({
      type: new Binary(),
      length,
      nullCount: length - this.#given,
      nullBitmap: this.#validity.subarray(0, (length + 7) >> 3),
      valueOffsets: this.#offsets.subarray(0, length + 1),
      data: this.#bytes.subarray(0, this.#end),
    });
    this.#end = 0;
    this.#filled = 0;
    this.#given = 0;
    this.#isTaken = true;
    return data;
  }

  /** Forgets which of the values that were taken were there, when they are no longer needed. */
  #clearNext(): void {
    this.#isTaken = false;
    this.#validity.fill(0);
  }

  /** Makes room for value `index`; NULLs up to it. */
  #fillTo(index: number): void {
    if (index + 2 > this.#offsets.length) {
      const offsets = new Int32Array(Math.max(this.#offsets.length * 2, index + 2));
      offsets.set(this.#offsets);
      this.#offsets = offsets;
      const validity = new Uint8Array((offsets.length + 7) >> 3);
      validity.set(this.#validity);
      this.#validity = validity;
    }
    for (; this.#filled < index; this.#filled++) this.#offsets[this.#filled + 1] = this.#end;
  }

  #grow(least: number): void {
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, least));
    bytes.set(this.#bytes.subarray(0, this.#end));
    this.#bytes = bytes;
  }
}
