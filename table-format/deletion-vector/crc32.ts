const POLYNOMIAL = 0xedb88320;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? POLYNOMIAL : 0);
  return rest;
});

/** CRC-32 as java.util.zip computes it, from 0 to 2^32 - 1. (`node:zlib` has it from Node 22 on.) */
export function crc32(data: Uint8Array): number {
  let rest = 0xffffffff;
  for (let at = 0; at < data.length; at++) rest = (rest >>> 8) ^ (TABLE[(rest ^ (data[at] ?? 0)) & 255] ?? 0);
  return ~rest >>> 0;
}
