// Objects of a far store that several processes see alike, for their bytes follow from their numbers.

export const OBJECTS = [
  { size: 5000, seed: 3 },
  { size: 120_000, seed: 5 },
  { size: 400_000, seed: 7 },
  { size: 900_000, seed: 11 },
];

/** @param {number} number of {@link OBJECTS} @returns {Buffer} bytes none of which is zero, as a hole would be */
export function bytesOfObject(number) {
  const { size, seed } = OBJECTS[number] ?? { size: 0, seed: 0 };
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = 1 + (((at * 31) ^ (at >> 8) ^ seed) & 0x7f);
  return bytes;
}

/** The object as the tier is asked for it. */
export function farObject(number) {
  const bytes = bytesOfObject(number);
  const store = {
    uri: "far://shared",
    async read(path, { range }) {
      // An answer takes a turn of the loop, so that requests are under way at the same time.
      await new Promise((resolve) => setImmediate(resolve));
      return {
        bytes: Uint8Array.prototype.slice.call(bytes, range.offset, range.offset + range.length),
        size: bytes.length,
        etag: `etag of ${path}`,
      };
    },
  };
  return { store, path: `objects/${number}`, size: bytes.length };
}
