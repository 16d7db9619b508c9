import { CONTAINER_SPAN, writeValues } from "./container.js";
import type { KeyedContainer } from "./row-index-set.js";

/** Writes row indexes, 64 bits each, one container after the other. */
export class RowIndexTarget {
  /** The row indexes by halves, low before high: a bigint for every row would cost an allocation each. */
  readonly #halves: Int32Array;
  readonly #values = new Uint16Array(CONTAINER_SPAN);
  #count = 0;

  /** @param rowIndexes with room for all that will be appended */
  constructor(rowIndexes: BigInt64Array) {
    this.#halves = new Int32Array(rowIndexes.buffer, rowIndexes.byteOffset, 2 * rowIndexes.length);
  }

  /** Row indexes written. */
  get count(): number {
    return this.#count;
  }

  append({ key, container }: KeyedContainer): void {
    const values = this.#values;
    const halves = this.#halves;
    writeValues(container, values);
    const low = (key % 0x10000) << 16;
    const high = Math.floor(key / 0x10000);
    let at = 2 * this.#count;
    for (let index = 0; index < container.cardinality; index++) {
      halves[at++] = low | (values[index] ?? 0);
      halves[at++] = high;
    }
    this.#count += container.cardinality;
  }
}
