import { open } from "node:fs/promises";
import { invalidSource } from "../failure.js";
import { readAt } from "../source/byte-range.js";
import type { SourceFile } from "../source/source-file.js";
import { AvroDataError, Tap } from "./tap.js";

/** The header of an object container file. Avro specification 1.12, "Object Container Files". */
export interface AvroHeader {
  /** The schema's JSON. */
  readonly schema: string;
  readonly codec: string;
  readonly sync: Uint8Array;
  /** Where the first block begins. */
  readonly end: number;
}

/** One block: `count` values, still in the codec's encoding. */
export interface AvroBlock {
  readonly count: number;
  readonly data: Uint8Array;
  /** Where in the file `data` begins. */
  readonly offset: number;
}

const MAGIC_BYTES = 4;
const SYNC_BYTES = 16;
const FIRST_HEADER_READ = 64 * 1024;
const BLOCK_HEADER_READ = 64 * 1024;

/** @throws LakeError `invalid-input` when the header is damaged or ends early. */
export async function readAvroHeader(file: SourceFile): Promise<AvroHeader> {
  const handle = await open(file.localPath);
  try {
    for (let size = FIRST_HEADER_READ; ; size *= 4) {
      const head = await readAt(handle, 0, size);
      try {
        return parseHeader(head);
      } catch (error) {
        if (!(error instanceof AvroDataError)) throw error;
        if (head.length === size) continue;
        throw broken(file, `the Avro header is damaged: ${error.message}`, error.offset);
      }
    }
  } finally {
    await handle.close();
  }
}

function parseHeader(head: Uint8Array): AvroHeader {
  const tap = new Tap(head);
  tap.bytes(MAGIC_BYTES);
  const metadata = new Map<string, Uint8Array>();
  const text = new TextDecoder();
  tap.blocks(() => {
    const key = text.decode(tap.bytes());
    metadata.set(key, tap.bytes());
  });
  const sync = tap.bytes(SYNC_BYTES).slice();
  const schema = metadata.get("avro.schema");
  if (schema === undefined) throw new AvroDataError("it holds no schema", tap.offset);
  const codec = metadata.get("avro.codec");
  return {
    schema: text.decode(schema),
    codec: codec === undefined ? "null" : text.decode(codec),
    sync,
    end: tap.offset,
  };
}

/**
 * The blocks of the file, one in memory at a time.
 *
 * @throws LakeError `invalid-input` with the byte offset when a block is cut short or its sync marker
 *   is not the header's.
 */
export async function* readAvroBlocks(file: SourceFile, header: AvroHeader): AsyncGenerator<AvroBlock> {
  const handle = await open(file.localPath);
  try {
    for (let at = header.end; at < file.size; ) {
      const read = await readAt(handle, at, BLOCK_HEADER_READ);
      const { count, size, headerBytes } = blockHeader(file, read, at);
      const offset = at + headerBytes;
      const end = offset + size + SYNC_BYTES;
      if (end > file.size) {
        throw broken(
          file,
          `the block at byte ${at} ends at byte ${end}, past the end of the file: the file is cut short`,
          at,
        );
      }
      const inRead = headerBytes + size + SYNC_BYTES <= read.length;
      const body = inRead ? read.subarray(headerBytes) : await readAt(handle, offset, size + SYNC_BYTES);
      if (!header.sync.every((byte, index) => body[size + index] === byte)) {
        throw broken(file, `the sync marker at byte ${offset + size} is damaged`, offset + size);
      }
      yield { count, data: body.subarray(0, size), offset };
      at = end;
    }
  } finally {
    await handle.close();
  }
}

function blockHeader(
  file: SourceFile,
  read: Uint8Array,
  at: number,
): { readonly count: number; readonly size: number; readonly headerBytes: number } {
  const tap = new Tap(read);
  try {
    const count = tap.count();
    const size = tap.count();
    if (count < 0 || size < 0) throw new AvroDataError("a block has a negative size", 0);
    return { count, size, headerBytes: tap.offset };
  } catch (error) {
    if (!(error instanceof AvroDataError)) throw error;
    throw broken(file, `the block at byte ${at} is damaged: ${error.message}`, at);
  }
}

export function broken(file: SourceFile, what: string, offset: number, cause?: unknown): Error {
  return invalidSource(file.uri, "broken-avro", what, { offset }, { cause });
}
