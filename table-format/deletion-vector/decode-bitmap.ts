import { ByteReader } from "./byte-reader.js";
import { BITMAP_BYTES, bitCount, CONTAINER_SPAN, type Container, MAX_ARRAY } from "./container.js";
import type { DeletionVectorPlace } from "./place.js";
import {
  BUCKET_CONTAINERS,
  COOKIE_WITH_RUNS,
  COOKIE_WITHOUT_RUNS,
  NATIVE_MAGIC,
  NATIVE_MAGIC_BIG_ENDIAN,
  OFFSET_HEADER_CONTAINERS,
  PORTABLE_MAGIC,
} from "./roaring-format.js";
import { type KeyedContainer, RowIndexSet } from "./row-index-set.js";

/** Bytes of the smallest bucket, an empty one: its key or length, the cookie, and the number of containers. */
const MIN_BUCKET_BYTES = 12;

/**
 * Reads a serialised bitmap (PROTOCOL.md, "Deletion Vector Format"; RoaringFormatSpec), both the portable
 * form and the one before it. Nothing in the bytes is believed before it is checked: what is allocated stays
 * in proportion to the bytes there are, and no broken rule of the format is passed over.
 *
 * @throws LakeError `corrupt` naming the place and the byte.
 */
export function decodeBitmap(bytes: Uint8Array, place: DeletionVectorPlace): RowIndexSet {
  const reader = new ByteReader(bytes, place);
  const magic = reader.uint32("the magic number");
  const containers: KeyedContainer[] = [];
  if (magic === PORTABLE_MAGIC) readPortable(reader, containers);
  else if (magic === NATIVE_MAGIC) readNative(reader, containers, true);
  else if (magic === NATIVE_MAGIC_BIG_ENDIAN) readNative(reader, containers, false);
  else throw reader.fault(`its magic number is ${magic}, not ${PORTABLE_MAGIC}`);
  if (reader.left > 0) throw reader.fault(`${reader.left} bytes are left over`);
  return new RowIndexSet(containers);
}

function readPortable(reader: ByteReader, containers: KeyedContainer[]): void {
  const count = reader.uint32("the number of bitmaps");
  const more = reader.uint32("the number of bitmaps");
  if (more !== 0 || count > reader.left / MIN_BUCKET_BYTES) {
    throw reader.fault(`it claims ${BigInt(more) * 0x100000000n + BigInt(count)} bitmaps`);
  }
  let before = -1;
  for (let index = 0; index < count; index++) {
    const bucket = reader.uint32("the key of a bitmap");
    if (bucket <= before) throw reader.fault(`bitmap ${bucket} follows bitmap ${before}`);
    // PROTOCOL.md: the most significant bit of a key is 0, so that Java never reads a negative one.
    if (bucket > 0x7fffffff) throw reader.fault(`a bitmap's key is ${bucket}`);
    before = bucket;
    readBitmap(reader, bucket, containers);
  }
}

function readNative(reader: ByteReader, containers: KeyedContainer[], littleEndian: boolean): void {
  const count = reader.uint32("the number of bitmaps", littleEndian);
  if (count > reader.left / MIN_BUCKET_BYTES) throw reader.fault(`it claims ${count} bitmaps`);
  for (let bucket = 0; bucket < count; bucket++) {
    const length = reader.uint32("the length of a bitmap", littleEndian);
    const start = reader.at;
    readBitmap(reader, bucket, containers);
    if (reader.at - start !== length) {
      throw reader.fault(`bitmap ${bucket} has ${reader.at - start} bytes, not ${length}`);
    }
  }
}

/** RoaringFormatSpec, "Standard 32-bit Roaring Bitmap". */
function readBitmap(reader: ByteReader, bucket: number, containers: KeyedContainer[]): void {
  const start = reader.at;
  const cookie = reader.uint32("the cookie of a bitmap");
  const hasRuns = (cookie & 0xffff) === COOKIE_WITH_RUNS;
  if (!hasRuns && cookie !== COOKIE_WITHOUT_RUNS) throw reader.fault(`a bitmap's cookie is ${cookie}`);
  const count = hasRuns ? (cookie >>> 16) + 1 : reader.uint32("the number of containers");
  if (count * 4 > reader.left) {
    throw reader.fault(`a bitmap claims ${count} containers`);
  }
  const runFlags = hasRuns ? reader.bytes(Math.ceil(count / 8), "the run flags") : new Uint8Array(0);
  const headers = reader.uint16s(2 * count, "the containers' keys");
  const hasOffsets = !hasRuns || count >= OFFSET_HEADER_CONTAINERS;
  const offsets = hasOffsets ? reader.uint32s(count, "the containers' offsets") : undefined;
  let before = -1;
  for (let index = 0; index < count; index++) {
    const key = headers[2 * index] ?? 0;
    const cardinality = (headers[2 * index + 1] ?? 0) + 1;
    if (key <= before) throw reader.fault(`container ${key} follows container ${before}`);
    before = key;
    const offset = offsets?.[index];
    if (offset !== undefined && offset !== reader.at - start) {
      throw reader.fault(`container ${key} is at ${reader.at - start} of its bitmap, not at ${offset}`);
    }
    const isRun = ((runFlags[index >>> 3] ?? 0) & (1 << (index & 7))) !== 0;
    const container = isRun
      ? readRuns(reader, cardinality)
      : cardinality <= MAX_ARRAY
        ? readArray(reader, cardinality)
        : readWords(reader, cardinality);
    containers.push({ key: bucket * BUCKET_CONTAINERS + key, container });
  }
}

function readArray(reader: ByteReader, cardinality: number): Container {
  const values = reader.uint16s(cardinality, "an array container");
  let before = -1;
  for (const value of values) {
    if (value <= before) throw reader.fault(`value ${value} follows value ${before}`);
    before = value;
  }
  return { kind: "array", cardinality, values };
}

function readWords(reader: ByteReader, cardinality: number): Container {
  const words = reader.uint32s(BITMAP_BYTES / 4, "a bitmap container");
  let bits = 0;
  for (const word of words) bits += bitCount(word);
  if (bits !== cardinality) throw reader.fault(`a container has ${bits} values, not ${cardinality}`);
  return { kind: "bitmap", cardinality, words };
}

function readRuns(reader: ByteReader, cardinality: number): Container {
  const runs = reader.uint16s(2 * reader.uint16("the number of runs"), "a run container");
  let values = 0;
  let before = -1;
  for (let at = 0; at < runs.length; at += 2) {
    const first = runs[at] ?? 0;
    const last = first + (runs[at + 1] ?? 0);
    if (first <= before) throw reader.fault(`a run from ${first} follows one to ${before}`);
    if (last >= CONTAINER_SPAN) throw reader.fault(`a run goes to ${last}`);
    values += last - first + 1;
    before = last;
  }
  if (values !== cardinality) throw reader.fault(`a container has ${values} values, not ${cardinality}`);
  return { kind: "run", cardinality, runs };
}
