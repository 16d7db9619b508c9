import { LakeError } from "../../core/index.js";
import { type Container, containerBytes } from "./container.js";
import { MAX_INT } from "./descriptor.js";
import {
  BUCKET_CONTAINERS,
  COOKIE_WITH_RUNS,
  COOKIE_WITHOUT_RUNS,
  OFFSET_HEADER_CONTAINERS,
  PORTABLE_MAGIC,
} from "./roaring-format.js";
import type { RowIndexSet } from "./row-index-set.js";

/** The containers of one 32-bit Roaring bitmap, each with the 16 bits that its values have in common. */
interface Bucket {
  readonly key: number;
  readonly keys: number[];
  readonly containers: Container[];
}

/**
 * The serialised bitmap of a set, in the portable form (PROTOCOL.md, "Deletion Vector Format"). Equal sets
 * whose containers are in their smallest layout give equal bytes.
 *
 * @throws LakeError `unsupported` for one of 2 GiB or more, whose size no descriptor can hold.
 */
export function encodeBitmap(set: RowIndexSet): Uint8Array {
  const buckets = bucketsOf(set);
  const size = buckets.reduce((sum, bucket) => sum + 4 + bucketBytes(bucket), 4 + 8);
  if (size > MAX_INT) {
    throw new LakeError("unsupported", "deletion-vector-size", `a deletion vector would take ${size} bytes`, {
      hint: "Rewrite the data file without the deleted rows instead.",
    });
  }
  const bytes = new Uint8Array(size);
  const writer = new Writer(bytes);
  writer.uint32(PORTABLE_MAGIC);
  writer.uint32(buckets.length);
  writer.uint32(0);
  for (const bucket of buckets) {
    writer.uint32(bucket.key);
    writeBucket(writer, bucket);
  }
  return bytes;
}

function bucketsOf(set: RowIndexSet): Bucket[] {
  const buckets: Bucket[] = [];
  for (const { key, container } of set.containers) {
    const bucketKey = Math.floor(key / BUCKET_CONTAINERS);
    let bucket = buckets.at(-1);
    if (bucket?.key !== bucketKey) {
      bucket = { key: bucketKey, keys: [], containers: [] };
      buckets.push(bucket);
    }
    bucket.keys.push(key % BUCKET_CONTAINERS);
    bucket.containers.push(container);
  }
  return buckets;
}

function hasRuns(bucket: Bucket): boolean {
  return bucket.containers.some(({ kind }) => kind === "run");
}

/** Of all that stands before the first container. */
function headerBytes(bucket: Bucket): number {
  const count = bucket.containers.length;
  if (!hasRuns(bucket)) return 8 + 8 * count;
  return 4 + Math.ceil(count / 8) + (count < OFFSET_HEADER_CONTAINERS ? 4 : 8) * count;
}

function bucketBytes(bucket: Bucket): number {
  return bucket.containers.reduce((sum, container) => sum + containerBytes(container), headerBytes(bucket));
}

/** RoaringFormatSpec, "Standard 32-bit Roaring Bitmap". */
function writeBucket(writer: Writer, bucket: Bucket): void {
  const { containers, keys } = bucket;
  const count = containers.length;
  const withRuns = hasRuns(bucket);
  if (withRuns) {
    writer.uint32(COOKIE_WITH_RUNS + (count - 1) * 0x10000);
    const flags = new Uint8Array(Math.ceil(count / 8));
    for (const [index, { kind }] of containers.entries()) {
      if (kind === "run") flags[index >>> 3] = (flags[index >>> 3] ?? 0) | (1 << (index & 7));
    }
    writer.bytes(flags);
  } else {
    writer.uint32(COOKIE_WITHOUT_RUNS);
    writer.uint32(count);
  }
  for (const [index, { cardinality }] of containers.entries()) {
    writer.uint16(keys[index] ?? 0);
    writer.uint16(cardinality - 1);
  }
  if (!withRuns || count >= OFFSET_HEADER_CONTAINERS) {
    let offset = headerBytes(bucket);
    for (const container of containers) {
      writer.uint32(offset);
      offset += containerBytes(container);
    }
  }
  for (const container of containers) writeContainer(writer, container);
}

function writeContainer(writer: Writer, container: Container): void {
  switch (container.kind) {
    case "array":
      writer.bytes(container.values);
      return;
    case "bitmap":
      writer.bytes(container.words);
      return;
    case "run":
      writer.uint16(container.runs.length / 2);
      writer.bytes(container.runs);
  }
}

/** Writes little-endian numbers one after the other. */
class Writer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  uint16(value: number): void {
    this.#view.setUint16(this.#at, value, true);
    this.#at += 2;
  }

  uint32(value: number): void {
    this.#view.setUint32(this.#at, value, true);
    this.#at += 4;
  }

  /** The bytes of numbers in the machine's own order, which is little-endian wherever the engine runs. */
  bytes(numbers: Uint8Array | Uint16Array | Uint32Array): void {
    this.#bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength), this.#at);
    this.#at += numbers.byteLength;
  }
}
