const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How the records of a text end. `quoted`: at a newline outside quotes; `escape` is what hides a quote in quotes. */
export type RecordEnds =
  | { readonly kind: "lines" }
  | { readonly kind: "quoted"; readonly escape: '"' | "\\" };

/** Gathers the bytes of a text, and cuts them after a record. */
export class RecordCutter {
  readonly #ends: RecordEnds;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** How many of the bytes are whole records. */
  #whole = 0;
  #inQuotes = false;
  #afterBackslash = false;

  constructor(ends: RecordEnds) {
    this.#ends = ends;
  }

  /** Bytes of whole records. */
  get wholeBytes(): number {
    return this.#whole;
  }

  /** Bytes that are held, whole records or not. */
  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: Uint8Array): void {
    const end =
      this.#ends.kind === "lines" ? chunk.lastIndexOf(NEWLINE) : this.#lastEnd(chunk, this.#ends.escape);
    if (end !== -1) this.#whole = this.#bytes + end + 1;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
  }

  /** The whole records so far; what is behind them stays. */
  take(): Uint8Array[] {
    const taken: Uint8Array[] = [];
    let left = this.#whole;
    while (left > 0) {
      const [first] = this.#chunks;
      if (first === undefined) break;
      if (first.length <= left) {
        taken.push(first);
        this.#chunks.shift();
      } else {
        taken.push(first.subarray(0, left));
        this.#chunks[0] = first.subarray(left);
      }
      left -= Math.min(left, first.length);
    }
    this.#bytes -= this.#whole;
    this.#whole = 0;
    return taken;
  }

  /** Everything that is left, whether a newline ends it or not. */
  takeAll(): Uint8Array[] {
    const taken = this.#chunks;
    this.#chunks = [];
    this.#bytes = 0;
    this.#whole = 0;
    return taken;
  }

  /**
   * Where the last newline outside quotes is, -1 when there is none. A quote that is doubled inside quotes ends and
   * begins them again, which comes to the same.
   */
  #lastEnd(chunk: Uint8Array, hides: '"' | "\\"): number {
    let last = -1;
    for (let index = 0; index < chunk.length; index++) {
      const byte = chunk[index];
      if (this.#afterBackslash) this.#afterBackslash = false;
      else if (byte === QUOTE) this.#inQuotes = !this.#inQuotes;
      else if (byte === NEWLINE && !this.#inQuotes) last = index;
      else if (byte === BACKSLASH && hides === "\\" && this.#inQuotes) this.#afterBackslash = true;
    }
    return last;
  }
}
