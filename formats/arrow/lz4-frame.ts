const MAGIC = 0x184d2204;

/**
 * Decodes an LZ4 frame, as Arrow's LZ4_FRAME compression and Feather files hold it. LZ4 Frame Format
 * Description 1.6.2 and LZ4 Block Format Description. Checksums are skipped.
 *
 * @throws RangeError when the frame is damaged.
 */
export function decodeLz4Frame(frame: Uint8Array): Uint8Array {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.length < 7 || view.getUint32(0, true) !== MAGIC) throw new RangeError("not an LZ4 frame");
  const flags = view.getUint8(4);
  const blockChecksum = (flags & 0x10) !== 0;
  const hasSize = (flags & 0x08) !== 0;
  const output = new Output(hasSize ? Number(view.getBigUint64(6, true)) : frame.length * 4);
  let at = 6 + (hasSize ? 8 : 0) + ((flags & 0x01) !== 0 ? 4 : 0) + 1;
  for (;;) {
    const word = view.getUint32(at, true);
    at += 4;
    if (word === 0) return output.take();
    const size = word & 0x7fffffff;
    const block = frame.subarray(at, at + size);
    if (block.length < size) throw new RangeError("the LZ4 frame ends early");
    if (word >>> 31 === 1) output.copy(block);
    else decodeBlock(block, output);
    at += size + (blockChecksum ? 4 : 0);
  }
}

function decodeBlock(block: Uint8Array, output: Output): void {
  let at = 0;
  const byte = (): number => {
    const value = block[at++];
    if (value === undefined) throw new RangeError("the LZ4 block ends early");
    return value;
  };
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble === 15) {
      let more: number;
      do {
        more = byte();
        total += more;
      } while (more === 255);
    }
    return total;
  };
  while (at < block.length) {
    const token = byte();
    const literals = length(token >>> 4);
    if (at + literals > block.length) throw new RangeError("the LZ4 block ends early");
    output.copy(block.subarray(at, at + literals));
    at += literals;
    if (at >= block.length) return;
    const distance = byte() | (byte() << 8);
    output.repeat(distance, length(token & 0x0f) + 4);
  }
}

/** Bytes that grow, and can copy from themselves. */
class Output {
  #data: Uint8Array;
  #length = 0;

  constructor(capacity: number) {
    this.#data = new Uint8Array(capacity);
  }

  copy(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#data.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  repeat(distance: number, count: number): void {
    if (distance === 0 || distance > this.#length)
      throw new RangeError("an LZ4 match begins before the data");
    this.#reserve(count);
    for (let index = 0; index < count; index++, this.#length++) {
      this.#data[this.#length] = this.#data[this.#length - distance] ?? 0;
    }
  }

  take(): Uint8Array {
    return this.#data.subarray(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#data.length) return;
    const grown = new Uint8Array(Math.max(this.#length + more, this.#data.length * 2));
    grown.set(this.#data.subarray(0, this.#length));
    this.#data = grown;
  }
}
