/** Row indexes in a container's reach. */
export const CONTAINER_SPAN = 0x10000;
/** An array of more values takes more bytes than a bitmap (RoaringFormatSpec, "Descriptive header"). */
export const MAX_ARRAY = 4096;
/** Of a bitmap container. */
export const BITMAP_BYTES = CONTAINER_SPAN / 8;
const BITMAP_WORDS = BITMAP_BYTES / 4;

/**
 * A set of 1 to 65,536 numbers below 65,536, in the three layouts of Roaring bitmaps (RoaringFormatSpec,
 * "Container storage"). Never changed once made.
 */
export type Container = ArrayContainer | BitmapContainer | RunContainer;

interface Counted {
  /** Values in the set. */
  readonly cardinality: number;
}

/** The values, ascending. */
export interface ArrayContainer extends Counted {
  readonly kind: "array";
  readonly values: Uint16Array;
}

/** 2,048 words; value `v` is bit `v % 32` of word `v / 32`. */
export interface BitmapContainer extends Counted {
  readonly kind: "bitmap";
  readonly words: Uint32Array;
}

/** Pairs of a run's first value and its length less one, ascending, without overlap. */
export interface RunContainer extends Counted {
  readonly kind: "run";
  readonly runs: Uint16Array;
}

/** A bitmap's words, all clear, for gathering values in. */
export function newWords(): Uint32Array {
  return new Uint32Array(BITMAP_WORDS);
}

/** Bytes of a container in the serialised form. */
export function containerBytes(container: Container): number {
  switch (container.kind) {
    case "array":
      return container.values.byteLength;
    case "bitmap":
      return BITMAP_BYTES;
    case "run":
      return 2 + container.runs.byteLength;
  }
}

export function containerHas(container: Container, value: number): boolean {
  switch (container.kind) {
    case "array": {
      const { values } = container;
      return values[lastNotAbove(values, values.length, 1, value)] === value;
    }
    case "bitmap":
      return ((container.words[value >>> 5] ?? 0) & (1 << (value & 31))) !== 0;
    case "run": {
      const { runs } = container;
      const at = 2 * lastNotAbove(runs, runs.length / 2, 2, value);
      return at >= 0 && value <= (runs[at] ?? 0) + (runs[at + 1] ?? 0);
    }
  }
}

/** The largest value. */
export function containerMaximum(container: Container): number {
  switch (container.kind) {
    case "array":
      return container.values.at(-1) ?? 0;
    case "bitmap": {
      let word = BITMAP_WORDS - 1;
      while (word > 0 && container.words[word] === 0) word--;
      return word * 32 + 31 - Math.clz32(container.words[word] ?? 0);
    }
    case "run":
      return (container.runs.at(-2) ?? 0) + (container.runs.at(-1) ?? 0);
  }
}

/** Writes the values, ascending, to the start of `target`, which has room for them. */
export function writeValues(container: Container, target: Uint16Array): void {
  switch (container.kind) {
    case "array":
      target.set(container.values);
      return;
    case "bitmap": {
      let at = 0;
      for (const [index, word] of container.words.entries()) {
        for (let rest = word; rest !== 0; rest &= rest - 1) {
          target[at++] = index * 32 + 31 - Math.clz32(rest & -rest);
        }
      }
      return;
    }
    case "run": {
      const { runs } = container;
      let at = 0;
      for (let run = 0; run < runs.length; run += 2) {
        const last = (runs[run] ?? 0) + (runs[run + 1] ?? 0);
        for (let value = runs[run] ?? 0; value <= last; value++) target[at++] = value;
      }
    }
  }
}

/** The values as a bitmap's words; the caller's own. */
export function wordsOf(container: Container): Uint32Array {
  if (container.kind === "bitmap") return container.words.slice();
  const words = newWords();
  if (container.kind === "array") {
    for (const value of container.values) setBit(words, value);
    return words;
  }
  const { runs } = container;
  for (let run = 0; run < runs.length; run += 2) {
    const last = (runs[run] ?? 0) + (runs[run + 1] ?? 0);
    for (let value = runs[run] ?? 0; value <= last; value++) setBit(words, value);
  }
  return words;
}

export function setBit(words: Uint32Array, value: number): void {
  const word = value >>> 5;
  words[word] = (words[word] ?? 0) | (1 << (value & 31));
}

/**
 * The set bits of a bitmap in the layout that takes the fewest bytes, an array or a bitmap before runs of
 * the same size; `undefined` when no bit is set. The words are not kept unless they are the layout.
 */
export function containerOfWords(words: Uint32Array): Container | undefined {
  let cardinality = 0;
  let runs = 0;
  let before = 0;
  for (const word of words) {
    if (word === 0) {
      before = 0;
      continue;
    }
    cardinality += bitCount(word);
    // A run begins at a set bit whose lower neighbour is clear.
    runs += bitCount(word & ~((word << 1) | before));
    before = word >>> 31;
  }
  if (cardinality === 0) return undefined;
  const isArray = cardinality <= MAX_ARRAY;
  if (2 + 4 * runs < (isArray ? 2 * cardinality : BITMAP_BYTES)) {
    return { kind: "run", cardinality, runs: runsOf(words, runs) };
  }
  const bitmap: BitmapContainer = { kind: "bitmap", cardinality, words };
  if (!isArray) return bitmap;
  const values = new Uint16Array(cardinality);
  writeValues(bitmap, values);
  return { kind: "array", cardinality, values };
}

export function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function runsOf(words: Uint32Array, count: number): Uint16Array {
  const runs = new Uint16Array(2 * count);
  let value = nextBit(words, 0, false);
  for (let at = 0; at < runs.length; at += 2) {
    const end = nextBit(words, value, true);
    runs[at] = value;
    runs[at + 1] = end - value - 1;
    value = nextBit(words, end, false);
  }
  return runs;
}

/** The first value from `from` on whose bit is set, or clear with `clear`; 65,536 when there is none. */
function nextBit(words: Uint32Array, from: number, clear: boolean): number {
  const flip = clear ? -1 : 0;
  let skip = -1 << (from & 31);
  for (let word = from >>> 5; word < BITMAP_WORDS; word++) {
    const found = ((words[word] ?? 0) ^ flip) & skip;
    if (found !== 0) return word * 32 + 31 - Math.clz32(found & -found);
    skip = -1;
  }
  return CONTAINER_SPAN;
}

/** The index of the last of `count` ascending numbers, `stride` apart, that is not above `value`; else -1. */
function lastNotAbove(numbers: Uint16Array, count: number, stride: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle * stride] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
