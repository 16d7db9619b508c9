import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import { decompress as decodeZstd } from "fzstd";
import { uncompress as decodeSnappy } from "snappyjs";
import { crc32, LakeError } from "../../core/index.js";
import { hasBytes } from "../detect/signatures.js";

/** Unpacks a block's data. */
export type Unpack = (data: Uint8Array) => Uint8Array | Promise<Uint8Array>;

/** Bytes that one block may unpack to: more is damage, or meant to exhaust the memory. */
const MAXIMUM_BLOCK_BYTES = 2 ** 30;

/**
 * The decoder of a block's data for a codec. Avro specification 1.12, "Required Codecs" and "Optional
 * Codecs". Only deflate has one that works beside this thread.
 *
 * @throws LakeError `unsupported` naming a codec that is not read.
 */
export function unpackerOf(codec: string, uri: string): Unpack {
  switch (codec) {
    case "null":
      return (data) => data;
    case "deflate":
      return (data) =>
        inflate(data, { maxOutputLength: MAXIMUM_BLOCK_BYTES, chunkSize: chunkBytes(data.length) });
    case "snappy":
      return snappy;
    case "zstandard":
      return zstandard;
    default:
      throw new LakeError("unsupported", "avro-codec", `${uri}: the Avro codec ${codec} is not read`, {
        context: { file: uri },
        hint: "Write the file with null, deflate, snappy or zstandard.",
      });
  }
}

const inflate = promisify(inflateRaw);

/** The room for what so many bytes unpack to: most often one piece holds it, and needs no copy. */
const chunkBytes = (packed: number): number => Math.min(2 ** 20, Math.max(2 ** 14, packed * 4));

/** Snappy data is followed by the big-endian CRC-32 of what it unpacks to. */
function snappy(data: Uint8Array): Uint8Array {
  const packed = data.subarray(0, Math.max(0, data.length - 4));
  if (snappyLength(packed) > MAXIMUM_BLOCK_BYTES) throw new RangeError("not snappy data");
  const unpacked = decodeSnappy(packed);
  const checksum = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(packed.length);
  if (crc32(unpacked) !== checksum) throw new RangeError("the checksum of a snappy block does not match");
  return unpacked;
}

/** The number of bytes that snappy data says it unpacks to, for which room is made before any is unpacked. */
function snappyLength(data: Uint8Array): number {
  let length = 0;
  for (const [index, byte] of data.subarray(0, 5).entries()) {
    length += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) return length;
  }
  throw new RangeError("not snappy data");
}

function zstandard(data: Uint8Array): Uint8Array {
  if (!hasBytes(data, [0x28, 0xb5, 0x2f, 0xfd])) throw new RangeError("not zstandard data");
  return decodeZstd(data);
}
