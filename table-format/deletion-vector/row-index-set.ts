import {
  CONTAINER_SPAN,
  type Container,
  containerHas,
  containerMaximum,
  containerOfWords,
  wordsOf,
} from "./container.js";
import { RowIndexTarget } from "./row-index-target.js";

/** The row indexes from `key * 65,536` on that are in a container. */
export interface KeyedContainer {
  /** Below 2^47, so a number holds it. */
  readonly key: number;
  readonly container: Container;
}

const SPAN = BigInt(CONTAINER_SPAN);

/**
 * A set of row indexes of one data file, from 0 to 2^63 - 1: what a deletion vector says. Immutable; sets
 * share the containers that they have in common.
 */
export class RowIndexSet {
  static readonly EMPTY = new RowIndexSet([]);

  /** Ascending by key. */
  readonly containers: readonly KeyedContainer[];
  /** Row indexes in the set. Exact: the bytes of 2^53 of them would not fit in memory. */
  readonly cardinality: number;

  /** @param containers ascending by key, no key twice */
  constructor(containers: readonly KeyedContainer[]) {
    this.containers = containers;
    this.cardinality = containers.reduce((sum, { container }) => sum + container.cardinality, 0);
  }

  /** The largest row index; `undefined` for the empty set. */
  get maximum(): bigint | undefined {
    const last = this.containers.at(-1);
    return last === undefined
      ? undefined
      : BigInt(last.key) * SPAN + BigInt(containerMaximum(last.container));
  }

  has(rowIndex: bigint): boolean {
    if (rowIndex < 0n) return false;
    const key = Number(rowIndex / SPAN);
    let low = 0;
    let high = this.containers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.containers[middle]?.key ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    const found = this.containers[low];
    return found?.key === key && containerHas(found.container, Number(rowIndex % SPAN));
  }

  /** The row indexes, ascending, eight bytes each. {@link deletedRowBatches} is for many. */
  rowIndexes(): BigInt64Array {
    const rowIndexes = new BigInt64Array(this.cardinality);
    const target = new RowIndexTarget(rowIndexes);
    for (const keyed of this.containers) target.append(keyed);
    return rowIndexes;
  }

  /** The row indexes in either set. */
  union(other: RowIndexSet): RowIndexSet {
    return merge(this, other, true, (words, more) => {
      for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) | (more[at] ?? 0);
    });
  }

  /** The row indexes in this set and not in the other. */
  difference(other: RowIndexSet): RowIndexSet {
    return merge(this, other, false, (words, fewer) => {
      for (let at = 0; at < words.length; at++) words[at] = (words[at] ?? 0) & ~(fewer[at] ?? 0);
    });
  }
}

/**
 * The containers of `left`, those that `right` has too changed by `change`, and with `takeRight` those that
 * only `right` has.
 */
function merge(
  left: RowIndexSet,
  right: RowIndexSet,
  takeRight: boolean,
  change: (words: Uint32Array, by: Uint32Array) => void,
): RowIndexSet {
  const merged: KeyedContainer[] = [];
  let next = 0;
  const takeUntil = (key: number): void => {
    for (; (right.containers[next]?.key ?? Infinity) < key; next++) {
      const only = right.containers[next];
      if (takeRight && only !== undefined) merged.push(only);
    }
  };
  for (const mine of left.containers) {
    takeUntil(mine.key);
    const theirs = right.containers[next];
    if (theirs?.key !== mine.key) {
      merged.push(mine);
      continue;
    }
    next++;
    const words = wordsOf(mine.container);
    change(words, wordsOf(theirs.container));
    const container = containerOfWords(words);
    if (container !== undefined) merged.push({ key: mine.key, container });
  }
  takeUntil(Infinity);
  return new RowIndexSet(merged);
}
