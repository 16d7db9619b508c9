import type { FileHandle } from "node:fs/promises";

const NEWLINE = 0x0a;
const SPACE = 0x20;

const PIECE_BYTES = 1024 * 1024;

/** Gathers lines and writes them to a file in large pieces. */
export class RecordOutput {
  readonly #file: FileHandle;
  #bytes = Buffer.allocUnsafe(2 * PIECE_BYTES);
  #end = 0;
  #lineStart = 0;
  #longestLine = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Bytes of the longest line that was not copied whole. */
  get longestLine(): number {
    return this.#longestLine;
  }

  copy(data: Buffer, from: number, to: number): void {
    this.#reserve(to - from);
    data.copy(this.#bytes, this.#end, from, to);
    this.#end += to - from;
  }

  text(text: string): void {
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    this.#reserve(text.length * 3);
    this.#end += this.#bytes.write(text, this.#end);
  }

  /** Ends a line that was put together; what newlines are in it, between its values, become spaces. */
  endLine(): void {
    const { length } = this.#bytes.subarray(this.#lineStart, this.#end);
    this.#longestLine = Math.max(this.#longestLine, length);
    for (let at = this.#newline(this.#lineStart); at >= 0; at = this.#newline(at + 1))
      this.#bytes[at] = SPACE;
    this.#reserve(1);
    this.#bytes[this.#end++] = NEWLINE;
    this.#lineStart = this.#end;
  }

  #newline(from: number): number {
    const at = this.#bytes.subarray(from, this.#end).indexOf(NEWLINE);
    return at < 0 ? -1 : from + at;
  }

  /** Whole lines as they are. */
  copyLines(data: Buffer, from: number, to: number): void {
    this.copy(data, from, to);
    this.#lineStart = this.#end;
  }

  /** Writes what there is if it is much. */
  async flushFull(): Promise<void> {
    if (this.#end >= PIECE_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    await this.#file.writeFile(this.#bytes.subarray(0, this.#end));
    this.#end = 0;
    this.#lineStart = 0;
  }

  #reserve(count: number): void {
    const needed = this.#end + count;
    if (needed <= this.#bytes.length) return;
    const wider = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(wider, 0, 0, this.#end);
    this.#bytes = wider;
  }
}
