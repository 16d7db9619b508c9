import type { DuckDBDataChunk } from "@duckdb/node-api";
import bindings, { type Vector } from "@duckdb/node-bindings";
import { newBitmap } from "./bitmap.js";
import { INLINE_LENGTH, PREFIX_LENGTH, pointerAt, STRING_WIDTH } from "./strings.js";

/** A vector of a chunk under construction, written through the engine's own buffers. */
export class VectorTarget {
  readonly #handle: Vector;

  private constructor(handle: Vector) {
    this.#handle = handle;
  }

  static ofColumn(chunk: DuckDBDataChunk, column: number): VectorTarget {
    return new VectorTarget(bindings.data_chunk_get_vector(chunk.chunk, column));
  }

  /** Copies values, in the engine's width and byte order, to the start of the vector. */
  setBytes(values: Uint8Array): void {
    if (values.byteLength === 0) return;
    // Written from a Buffer or a typed array over an ArrayBuffer; a shared one does not occur.
    const { buffer } = values;
    bindings.copy_data_to_vector(
      this.#handle,
      0,
      buffer as ArrayBuffer,
      values.byteOffset,
      values.byteLength,
    );
  }

  /** Marks the values whose bit is clear as null. */
  setValidity(bitmap: Uint8Array): void {
    if (bitmap.byteLength === 0) return;
    bindings.vector_ensure_validity_writable(this.#handle);
    const { buffer } = bitmap;
    bindings.copy_data_to_vector_validity(
      this.#handle,
      0,
      buffer as ArrayBuffer,
      bitmap.byteOffset,
      bitmap.byteLength,
    );
  }

  /** Marks `count` values as null. */
  setAllNull(count: number): void {
    this.setValidity(newBitmap(count));
  }

  /**
   * Writes `count` strings: string `i` is `lengths[i]` bytes from `starts[i]` on. Those too long to
   * stand in the vector itself go to its heap, `bytes` whole, by one call.
   */
  setStrings(bytes: Uint8Array, starts: ArrayLike<number>, lengths: ArrayLike<number>, count: number): void {
    const values = new Uint8Array(count * STRING_WIDTH);
    const words = new Uint32Array(values.buffer);
    let heap: number | undefined;
    for (let row = 0; row < count; row++) {
      const start = starts[row] ?? 0;
      const length = lengths[row] ?? 0;
      const isInline = length <= INLINE_LENGTH;
      words[row * 4] = length;
      const copied = isInline ? length : PREFIX_LENGTH;
      for (let to = row * STRING_WIDTH + 4, at = start; at < start + copied; )
        values[to++] = bytes[at++] ?? 0;
      if (isInline) continue;
      heap ??= this.#addToHeap(bytes);
      const pointer = heap + start;
      words[row * 4 + 2] = pointer % 0x1_0000_0000;
      words[row * 4 + 3] = Math.floor(pointer / 0x1_0000_0000);
    }
    this.setBytes(values);
  }

  /** Sets the number of items over all lists of the vector; gives the vector of the items. */
  listChild(items: number): VectorTarget {
    bindings.list_vector_reserve(this.#handle, items);
    bindings.list_vector_set_size(this.#handle, items);
    return new VectorTarget(bindings.list_vector_get_child(this.#handle));
  }

  structChild(index: number): VectorTarget {
    return new VectorTarget(bindings.struct_vector_get_child(this.#handle, index));
  }

  arrayChild(): VectorTarget {
    return new VectorTarget(bindings.array_vector_get_child(this.#handle));
  }

  /**
   * Copies `bytes`, longer than an inline string, to the vector's heap, which lives as long as the
   * vector; gives their address there, read back from the string they became.
   */
  #addToHeap(bytes: Uint8Array): number {
    bindings.vector_assign_string_element_len(this.#handle, 0, bytes);
    const first = bindings.vector_get_data(this.#handle, STRING_WIDTH);
    return pointerAt(new Int32Array(first.buffer, first.byteOffset, STRING_WIDTH / 4), 0);
  }
}
