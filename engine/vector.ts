import type { DuckDBDataChunk } from "@duckdb/node-api";
import bindings, { type Vector } from "@duckdb/node-bindings";
import { LakeError } from "../core/index.js";

/**
 * A vector of a data chunk, read in place through the engine's own buffers.
 *
 * The buffers belong to the chunk and vanish with it: whoever reads them must still hold the chunk
 * after the last read, and must copy what outlives it.
 */
export class RawVector {
  readonly #handle: Vector;
  readonly size: number;
  #bytes: Uint8Array | undefined;
  #validity: Uint8Array | null | undefined;

  constructor(handle: Vector, size: number) {
    this.#handle = handle;
    this.size = size;
  }

  /**
   * The vectors of a chunk's columns. Keep them for all reads of the chunk, and let go of them with
   * it: each mapping of the engine's memory costs garbage collection, more so the longer it is held.
   */
  static ofColumns(chunk: DuckDBDataChunk): RawVector[] {
    const { chunk: handle, rowCount } = chunk;
    return Array.from(
      { length: chunk.columnCount },
      (_, column) => new RawVector(bindings.data_chunk_get_vector(handle, column), rowCount),
    );
  }

  get handle(): Vector {
    return this.#handle;
  }

  /** The values, `width` bytes each, little-endian. What stands at a null is undefined. */
  bytes(width: number): Uint8Array {
    if (this.#bytes === undefined) {
      const length = this.size * width;
      if (length > 0xffff_ffff)
        throw new LakeError("unsupported", "vector-size", `a vector of ${length} bytes`);
      this.#bytes = length === 0 ? new Uint8Array(0) : bindings.vector_get_data(this.#handle, length);
    }
    return this.#bytes;
  }

  /** The values as 32-bit words. */
  words(width: number): Int32Array {
    const bytes = this.bytes(width);
    return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >> 2);
  }

  /** One bit a value, least significant first, set where the value is not null; undefined when none is null. */
  get validity(): Uint8Array | undefined {
    if (this.#validity === undefined) {
      // The C interface gives no mask, or a null pointer, for a vector without nulls.
      const length = Math.ceil(this.size / 64) * 8;
      this.#validity = length === 0 ? null : (bindings.vector_get_validity(this.#handle, length) ?? null);
    }
    return this.#validity ?? undefined;
  }

  structChild(index: number): RawVector {
    return new RawVector(bindings.struct_vector_get_child(this.#handle, index), this.size);
  }

  listChild(): RawVector {
    const size = bindings.list_vector_get_size(this.#handle);
    return new RawVector(bindings.list_vector_get_child(this.#handle), size);
  }

  arrayChild(length: number): RawVector {
    return new RawVector(bindings.array_vector_get_child(this.#handle), this.size * length);
  }

  /** `length` bytes of the engine's heap, at the pointer that stands at byte `at` of this vector's values. */
  heap(width: number, at: number, length: number): Uint8Array {
    const bytes = this.bytes(width);
    return bindings.get_data_from_pointer(bytes.buffer as ArrayBuffer, bytes.byteOffset + at, length);
  }
}
