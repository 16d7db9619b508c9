const TABLE = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value >>> 0;
});

/**
 * CRC-32 of ISO 3309, as ZIP, Avro's snappy codec and deletion vectors use it, from 0 to 2^32 - 1; `seed` is
 * the value so far. (`node:zlib` has it from Node 22 on.)
 */
export function crc32(data: Uint8Array, seed = 0): number {
  let crc = ~seed;
  // An index, since iterating costs three times as much.
  for (let at = 0; at < data.length; at++) crc = (crc >>> 8) ^ (TABLE[(crc ^ (data[at] ?? 0)) & 0xff] ?? 0);
  return ~crc >>> 0;
}
