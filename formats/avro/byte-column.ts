import { isAscii, isUtf8 } from "node:buffer";
import type { DataType } from "apache-arrow";
import { AvroDataError } from "./tap.js";
import { type Part, roomFor, Validity } from "./validity.js";

/** Longer values are copied by one call, shorter ones byte by byte, which is faster for them. */
const SHORT_BYTES = 40;
const MAXIMUM_BYTES = 2 ** 31 - 1;

/** Texts or byte strings, end to end. */
export class ByteColumn {
  readonly kind = "bytes";
  readonly type: DataType;
  readonly content: "text" | "bytes" | "json";
  readonly validity = new Validity();
  /** Where each value begins; the last one's end. */
  offsets = new Int32Array(1);
  /** The values, and room for more; `view` is of the same bytes. */
  bytes = new Uint8Array(64);
  view = new DataView(this.bytes.buffer);
  /** The bytes of all values so far. */
  end = 0;
  #checked = 0;

  constructor(type: DataType, content: "text" | "bytes" | "json") {
    this.type = type;
    this.content = content;
  }

  reserve(rows: number): void {
    this.validity.reserve(rows);
    if (rows < this.offsets.length) return;
    const grown = new Int32Array(roomFor(rows + 1, this.offsets.length));
    grown.set(this.offsets);
    this.offsets = grown;
  }

  /** Appends `length` bytes of `data`, which has them, from `at` on, as the value of `row`. */
  append(data: Uint8Array, at: number, length: number, row: number): void {
    const from = this.end;
    const end = from + length;
    if (end > this.bytes.length) this.makeRoom(end);
    const bytes = this.bytes;
    if (length < SHORT_BYTES) for (let to = from; to < end; to++) bytes[to] = data[at++] ?? 0;
    else bytes.set(data.subarray(at, at + length), from);
    this.end = end;
    this.offsets[row + 1] = end;
  }

  setNull(row: number): void {
    this.validity.setNull(row);
    this.offsets[row + 1] = this.end;
  }

  /** Whether two of the rows from `from` up to `to` are the same. */
  repeats(from: number, to: number): boolean {
    const seen = new Set<string>();
    for (let row = from; row < to; row++) {
      const bytes = this.bytes.subarray(this.offsets[row], this.offsets[row + 1]);
      seen.add(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1"));
    }
    return seen.size < to - from;
  }

  /**
   * Looks at the texts that came since the last look.
   *
   * @throws AvroDataError when one is not UTF-8.
   */
  check(rows: number, offset: number): void {
    const from = this.#checked;
    this.#checked = this.end;
    if (this.content !== "text" || from === this.end) return;
    const added = this.bytes.subarray(from, this.end);
    if (isAscii(added)) return;
    // Valid from end to end, and no value begins inside a character.
    const wrong =
      !isUtf8(added) ||
      this.offsets
        .subarray(0, rows)
        .some((at) => at >= from && at < this.end && ((this.bytes[at] ?? 0) & 0xc0) === 0x80);
    if (wrong) throw new AvroDataError("a string is not UTF-8", offset);
  }

  clear(): void {
    this.validity.clear();
    this.end = 0;
    this.#checked = 0;
  }

  part(rows: number): Part {
    const offsets = this.offsets.subarray(0, rows + 1);
    return {
      ...this.validity.part(rows),
      offsets,
      values: this.bytes.subarray(0, this.end),
      children: [],
    };
  }

  /** Makes room for more bytes, `needed` in all. */
  makeRoom(needed: number): void {
    if (needed > MAXIMUM_BYTES) throw new RangeError("the texts of one batch take more than 2 GiB");
    const grown = new Uint8Array(Math.min(MAXIMUM_BYTES, roomFor(needed, this.bytes.length)));
    grown.set(this.bytes.subarray(0, this.end));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}
