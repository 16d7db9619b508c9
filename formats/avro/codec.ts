import { inflateRawSync } from "node:zlib";
import { decompress as decodeZstd } from "fzstd";
import { uncompress as decodeSnappy } from "snappyjs";
import { crc32, LakeError } from "../../core/index.js";
import { hasBytes } from "../detect/signatures.js";

/**
 * The decoder of a block's data for a codec. Avro specification 1.12, "Required Codecs" and "Optional
 * Codecs".
 *
 * @throws LakeError `unsupported` naming a codec that is not read.
 */
export function avroDecoder(codec: string, uri: string): (data: Uint8Array) => Uint8Array {
  switch (codec) {
    case "null":
      return (data) => data;
    case "deflate":
      return (data) => inflateRawSync(data);
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

/** Snappy data is followed by the big-endian CRC-32 of what it unpacks to. */
function snappy(data: Uint8Array): Uint8Array {
  const unpacked = decodeSnappy(data.subarray(0, data.length - 4));
  const checksum = new DataView(data.buffer, data.byteOffset, data.byteLength).getUint32(data.length - 4);
  if (crc32(unpacked) !== checksum) throw new RangeError("the checksum of a snappy block does not match");
  return unpacked;
}

function zstandard(data: Uint8Array): Uint8Array {
  if (!hasBytes(data, [0x28, 0xb5, 0x2f, 0xfd])) throw new RangeError("not zstandard data");
  return decodeZstd(data);
}
