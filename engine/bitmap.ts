// Bitmaps hold one bit a value, least significant bit first: Arrow and the engine agree on that.

export function isSet(bitmap: Uint8Array, index: number): boolean {
  return ((bitmap[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
}

/** An all-zero bitmap for `count` values, padded to whole 64-bit words. */
export function newBitmap(count: number): Uint8Array {
  return new Uint8Array(Math.ceil(count / 64) * 8);
}

/** Sets `count` bits of `target` from bit `at` on. */
export function setBits(target: Uint8Array, at: number, count: number): void {
  const end = at + count;
  let bit = at;
  for (; bit < end && (bit & 7) !== 0; bit++) orByte(target, bit >> 3, 1 << (bit & 7));
  if (bit + 8 <= end) {
    target.fill(255, bit >> 3, end >> 3);
    bit = end & ~7;
  }
  for (; bit < end; bit++) orByte(target, bit >> 3, 1 << (bit & 7));
}

/** Copies `count` bits of `source`, from bit `from` on, to bit `at` of `target`, where they must be zero. */
export function copyBits(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  count: number,
): void {
  if (count === 0) return;
  if (((at | from) & 7) === 0) {
    const whole = count >> 3;
    target.set(source.subarray(from >> 3, (from >> 3) + whole), at >> 3);
    const rest = count & 7;
    if (rest > 0) orByte(target, (at >> 3) + whole, (source[(from >> 3) + whole] ?? 0) & ((1 << rest) - 1));
    return;
  }
  for (let done = 0; done < count; done += 8) {
    const bit = from + done;
    const pair = (source[bit >> 3] ?? 0) | ((source[(bit >> 3) + 1] ?? 0) << 8);
    const left = Math.min(8, count - done);
    const bits = (pair >> (bit & 7)) & ((1 << left) - 1);
    const to = at + done;
    const shifted = bits << (to & 7);
    orByte(target, to >> 3, shifted & 255);
    if (shifted > 255) orByte(target, (to >> 3) + 1, shifted >> 8);
  }
}

/** Writes `count` bytes of `source` (zero or not) as bits to bit `at` of `target`, where they must be zero. */
export function packBits(
  target: Uint8Array,
  at: number,
  source: Uint8Array,
  from: number,
  count: number,
): void {
  for (let index = 0; index < count; index++) {
    const bit = at + index;
    if (source[from + index] !== 0) orByte(target, bit >> 3, 1 << (bit & 7));
  }
}

function orByte(target: Uint8Array, index: number, bits: number): void {
  target[index] = (target[index] ?? 0) | bits;
}
