import type { LakeError } from "../../core/index.js";
import { corruptDeletionVector, type DeletionVectorPlace } from "./place.js";

/**
 * Reads numbers one after the other, little-endian unless it is said; never past the end. What is given is a copy in the
 * machine's own order, which is little-endian wherever the engine runs.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #place: DeletionVectorPlace;
  #at = 0;

  constructor(bytes: Uint8Array, place: DeletionVectorPlace) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#place = place;
  }

  /** Bytes read. */
  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  uint16(what: string): number {
    return this.#view.getUint16(this.#skip(2, what), true);
  }

  uint32(what: string, littleEndian = true): number {
    return this.#view.getUint32(this.#skip(4, what), littleEndian);
  }

  bytes(length: number, what: string): Uint8Array<ArrayBuffer> {
    const from = this.#skip(length, what);
    const copy = new Uint8Array(length);
    copy.set(this.#bytes.subarray(from, from + length));
    return copy;
  }

  uint16s(count: number, what: string): Uint16Array {
    return new Uint16Array(this.bytes(2 * count, what).buffer);
  }

  uint32s(count: number, what: string): Uint32Array {
    return new Uint32Array(this.bytes(4 * count, what).buffer);
  }

  /** The error for what was read last. */
  fault(what: string): LakeError {
    return corruptDeletionVector(this.#place, `${what} (before byte ${this.#at} of the bitmap)`);
  }

  #skip(length: number, what: string): number {
    if (length > this.left) {
      throw corruptDeletionVector(
        this.#place,
        `the bitmap ends inside ${what}: ${length} bytes are wanted at byte ${this.#at}, ${this.left} are left`,
      );
    }
    const from = this.#at;
    this.#at += length;
    return from;
  }
}
