import { crc32, LakeError } from "../../core/index.js";
import { decodeBase85, encodeBase85 } from "./base85.js";
import { decodeBitmap } from "./decode-bitmap.js";
import type { DeletionVectorDescriptor } from "./descriptor.js";
import { encodeBitmap } from "./encode-bitmap.js";
import { corruptDeletionVector, type DeletionVectorPlace } from "./place.js";
import { RowIndexSet } from "./row-index-set.js";

/** The first byte of a file (PROTOCOL.md, "Deletion Vector File Storage Format"). */
export const FILE_VERSION = 1;
/** What a frame adds to the bitmap's own bytes: its size before, its checksum after. */
export const FRAME_BYTES = 4 + 4;

/** A bitmap as it stands in a file: its size, its bytes, their checksum. */
export function encodeFrame(set: RowIndexSet): Uint8Array {
  const bitmap = encodeBitmap(set);
  const frame = new Uint8Array(bitmap.length + FRAME_BYTES);
  const view = new DataView(frame.buffer);
  view.setUint32(0, bitmap.length);
  frame.set(bitmap, 4);
  view.setUint32(4 + bitmap.length, crc32(bitmap));
  return frame;
}

/**
 * Reads a deletion vector of a file. `bytes` begins with the frame and may go on after it.
 *
 * @param numRecords rows of the data file, where they are known
 * @throws LakeError `corrupt` naming the place when the bytes end early, their checksum is another, they are
 * no bitmap, or the bitmap is not what the descriptor says.
 */
export function decodeFrame(
  bytes: Uint8Array,
  descriptor: DeletionVectorDescriptor,
  place: DeletionVectorPlace,
  numRecords?: bigint,
): RowIndexSet {
  const { sizeInBytes } = descriptor;
  const wanted = sizeInBytes + FRAME_BYTES;
  if (bytes.length < wanted) {
    throw corruptDeletionVector(place, `the file ends ${wanted - bytes.length} bytes before its end`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, wanted);
  const size = view.getUint32(0);
  if (size !== sizeInBytes) {
    throw corruptDeletionVector(place, `it has ${size} bytes where the log says ${sizeInBytes}`);
  }
  const bitmap = bytes.subarray(4, 4 + size);
  if (crc32(bitmap) !== view.getUint32(4 + size)) {
    throw corruptDeletionVector(place, "its bytes do not have the checksum beside them");
  }
  return described(decodeBitmap(bitmap, place), descriptor, place, numRecords);
}

/** A descriptor that holds the deletion vector itself, for the smallest ones. */
export function encodeInline(set: RowIndexSet): DeletionVectorDescriptor {
  const bitmap = encodeBitmap(set);
  return {
    storageType: "i",
    pathOrInlineDv: encodeBase85(bitmap),
    sizeInBytes: bitmap.length,
    cardinality: BigInt(set.cardinality),
  };
}

/**
 * Reads a deletion vector that stands in its descriptor. One of no bytes deletes nothing: delta-spark's
 * `DeletionVectorDescriptor.EMPTY`.
 *
 * @throws LakeError `corrupt` as {@link decodeFrame}.
 */
export function decodeInline(descriptor: DeletionVectorDescriptor, numRecords?: bigint): RowIndexSet {
  const { storageType, pathOrInlineDv, sizeInBytes } = descriptor;
  if (storageType !== "i") throw new LakeError("internal", "deletion-vector", "it is not an inline one");
  const place: DeletionVectorPlace = { file: undefined, offset: 0 };
  const bytes = decodeBase85(pathOrInlineDv);
  if (bytes === undefined) throw corruptDeletionVector(place, "its text is not base85");
  // The last group of four may be filled up.
  if (sizeInBytes > bytes.length || bytes.length - sizeInBytes > 3) {
    throw corruptDeletionVector(
      place,
      `its text holds ${bytes.length} bytes where the log says ${sizeInBytes}`,
    );
  }
  const set = sizeInBytes === 0 ? RowIndexSet.EMPTY : decodeBitmap(bytes.subarray(0, sizeInBytes), place);
  return described(set, descriptor, place, numRecords);
}

/** The set, once it is known to be what the log says of it. */
function described(
  set: RowIndexSet,
  { cardinality }: DeletionVectorDescriptor,
  place: DeletionVectorPlace,
  numRecords: bigint | undefined,
): RowIndexSet {
  if (BigInt(set.cardinality) !== cardinality) {
    throw corruptDeletionVector(
      place,
      `it deletes ${set.cardinality} rows where the log says ${cardinality}`,
    );
  }
  const { maximum } = set;
  if (numRecords !== undefined && maximum !== undefined && maximum >= numRecords) {
    throw corruptDeletionVector(place, `it deletes row ${maximum} of a data file of ${numRecords} rows`);
  }
  return set;
}
