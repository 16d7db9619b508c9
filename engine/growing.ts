import { copyBits, newBitmap, setBits } from "./bitmap.js";

/**
 * A buffer filled from its start, then taken whole, again and again. Each begins with the room that
 * the one before it needed, and a sixteenth more: after the first there is hardly any copying.
 */
export class GrowingBytes {
  #bytes = Buffer.alloc(0);
  #length = 0;
  #expected = 0;

  /**
   * Adds `count` bytes, undefined so far, with room for `spare` more behind them; gives the position
   * of the first. The `bytes` got before may no longer be the buffer's.
   */
  extend(count: number, spare = 0): number {
    const at = this.#length;
    const needed = at + count + spare;
    if (needed > this.#bytes.length) {
      const room = at === 0 ? this.#expected : this.#bytes.length * 2;
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, room));
      grown.set(this.#bytes.subarray(0, at));
      this.#bytes = grown;
    }
    this.#length = at + count;
    return at;
  }

  /** The buffer, spare room included. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#expected = this.#length + (this.#length >> 4);
    this.#bytes = Buffer.alloc(0);
    this.#length = 0;
    return taken;
  }
}

/** The bits of the values that are not null; there is no bitmap before the first null. */
export class GrowingValidity {
  #bits: Uint8Array | undefined;
  #length = 0;

  append(validity: Uint8Array | undefined, from: number, count: number): void {
    const at = this.#length;
    this.#length += count;
    if (this.#bits === undefined) {
      if (validity === undefined) return;
      this.#bits = newBitmap(this.#length);
      setBits(this.#bits, 0, at);
    }
    this.#bits = withRoom(this.#bits, this.#length);
    if (validity === undefined) setBits(this.#bits, at, count);
    else copyBits(this.#bits, at, validity, from, count);
  }

  take(): { length: number; bitmap: Uint8Array | undefined } {
    const taken = { length: this.#length, bitmap: this.#bits };
    this.#bits = undefined;
    this.#length = 0;
    return taken;
  }
}

/** A bitmap for `count` values at least that begins with `bits`; the bits behind them are zero. */
export function withRoom(bits: Uint8Array, count: number): Uint8Array {
  if (count <= bits.length * 8) return bits;
  const grown = newBitmap(Math.max(count, bits.length * 16));
  grown.set(bits);
  return grown;
}
