import { LakeError } from "../../core/index.js";
import { containerOfWords, newWords, setBit } from "./container.js";
import { type KeyedContainer, RowIndexSet } from "./row-index-set.js";

/**
 * Gathers row indexes in any order, repeated ones once. It takes one bit for every row of the data file up
 * to the largest, in blocks of 65,536 rows; blocks without a row index take none.
 */
export class RowIndexSetBuilder {
  #blocks = new Map<number, Uint32Array>();

  /** @throws LakeError `invalid-input` for a negative number, which is no row index. */
  add(rowIndexes: BigInt64Array): void {
    // Read as halves: a bigint for every row would cost an allocation each.
    const halves = new Uint32Array(rowIndexes.buffer, rowIndexes.byteOffset, 2 * rowIndexes.length);
    let key = -1;
    let words = newWords();
    for (let at = 0; at < halves.length; at += 2) {
      const low = halves[at] ?? 0;
      const high = halves[at + 1] ?? 0;
      if (high >= 0x80000000) {
        throw new LakeError("invalid-input", "row-index", `${rowIndexes[at / 2]} is no row index`);
      }
      const rowKey = high * 0x10000 + (low >>> 16);
      if (rowKey !== key) {
        key = rowKey;
        words = this.#block(key);
      }
      setBit(words, low & 0xffff);
    }
  }

  /** The row indexes added since the last build. */
  build(): RowIndexSet {
    const blocks = [...this.#blocks].sort(([a], [b]) => a - b);
    this.#blocks = new Map();
    return new RowIndexSet(
      blocks.flatMap(([key, words]): KeyedContainer[] => {
        const container = containerOfWords(words);
        return container === undefined ? [] : [{ key, container }];
      }),
    );
  }

  #block(key: number): Uint32Array {
    let words = this.#blocks.get(key);
    if (words === undefined) {
      words = newWords();
      this.#blocks.set(key, words);
    }
    return words;
  }
}

/** The set of the given row indexes, for a few of them. */
export function rowIndexSetOf(rowIndexes: Iterable<bigint>): RowIndexSet {
  const builder = new RowIndexSetBuilder();
  builder.add(BigInt64Array.from(rowIndexes));
  return builder.build();
}
