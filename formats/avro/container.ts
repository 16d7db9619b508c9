import { type FileHandle, open } from "node:fs/promises";
import { isLakeError, type LakeError, messageOf } from "../../core/index.js";
import { invalidSource, namingFile } from "../failure.js";
import { readAt } from "../source/byte-range.js";
import { AvroDataError, Tap } from "./tap.js";

/** What of a file reading its blocks takes. */
export interface AvroFile {
  /** As {@link SourceFile.uri}. */
  readonly uri: string;
  readonly localPath: string;
  /** Bytes. */
  readonly size: number;
}

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

const MAGIC = [0x4f, 0x62, 0x6a, 0x01];
const SYNC_BYTES = 16;
const FIRST_HEADER_READ = 64 * 1024;
/** A header that is longer is not believed to be one. */
const MAXIMUM_HEADER_BYTES = FIRST_HEADER_READ * 4 ** 5;
/** A block's count and its size take at most ten bytes each. */
const BLOCK_HEADER_BYTES = 20;
/** Read at a time: many blocks, usually. */
const WINDOW_BYTES = 1024 * 1024;
/** Its header, and its body. */
const READS_OF_A_BLOCK = 2;

/** @throws LakeError `invalid-input` when the header is damaged or ends early. */
export async function readAvroHeader(file: AvroFile): Promise<AvroHeader> {
  const handle = await open(file.localPath);
  try {
    for (let size = FIRST_HEADER_READ; ; size *= 4) {
      const head = await readAt(handle, 0, size);
      try {
        return parseHeader(head);
      } catch (error) {
        if (!(error instanceof AvroDataError)) throw error;
        if (head.length === size && size < MAXIMUM_HEADER_BYTES) continue;
        throw broken(file, `the Avro header is damaged: ${error.message}`, error.offset);
      }
    }
  } finally {
    await handle.close();
  }
}

function parseHeader(head: Uint8Array): AvroHeader {
  const tap = new Tap(head);
  const magic = tap.bytes(MAGIC.length);
  if (!MAGIC.every((byte, index) => magic[index] === byte))
    throw new AvroDataError("it does not begin as one", 0);
  const metadata = new Map<string, Uint8Array>();
  tap.blocks(() => {
    const key = textOf(tap);
    metadata.set(key, tap.bytes());
  });
  const sync = tap.bytes(SYNC_BYTES).slice();
  const schema = metadata.get("avro.schema");
  if (schema === undefined) throw new AvroDataError("it holds no schema", tap.offset);
  const codec = metadata.get("avro.codec");
  return {
    schema: decodeText(schema, 0),
    codec: codec === undefined ? "null" : decodeText(codec, 0),
    sync,
    end: tap.offset,
  };
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

const textOf = (tap: Tap): string => {
  const at = tap.offset;
  return decodeText(tap.bytes(), at);
};

function decodeText(bytes: Uint8Array, offset: number): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new AvroDataError("a text of it is not UTF-8", offset);
  }
}

/**
 * The blocks of the file, in their order; a few of them in memory at a time.
 *
 * @param ahead blocks that are asked for while one is still read. The data of a block is overwritten later.
 * @throws LakeError `invalid-input` with the byte offset when a block is cut short or its sync marker
 *   is not the header's.
 */
export async function* readAvroBlocks(
  file: AvroFile,
  header: AvroHeader,
  ahead: number,
): AsyncGenerator<AvroBlock> {
  const handle = await open(file.localPath);
  try {
    const window = new Window(handle, file.size, READS_OF_A_BLOCK * (ahead + 2));
    for (let at = header.end; at < file.size; ) {
      const head = await window.read(at, Math.min(BLOCK_HEADER_BYTES, file.size - at));
      const { count, size, headerBytes } = blockHeader(file, head, at);
      const offset = at + headerBytes;
      const end = offset + size + SYNC_BYTES;
      if (end > file.size) {
        throw broken(
          file,
          `the block at byte ${at} ends at byte ${end}, past the end of the file: the file is cut short`,
          at,
        );
      }
      const body = await window.read(offset, size + SYNC_BYTES);
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

/**
 * A file read from its begin to its end, much at a time, into buffers that serve in turn: new ones for each
 * window keep the garbage collector busy. What was given out stays as it is for `kept` calls.
 */
class Window {
  readonly #handle: FileHandle;
  readonly #size: number;
  readonly #kept: number;
  readonly #buffers: Uint8Array[] = [];
  #bytes: Uint8Array = new Uint8Array(0);
  #from = 0;

  constructor(handle: FileHandle, size: number, kept: number) {
    this.#handle = handle;
    this.#size = size;
    this.#kept = kept;
  }

  /** `length` bytes from `at` on; fewer where the file ends. */
  async read(at: number, length: number): Promise<Uint8Array> {
    if (at < this.#from || at + length > this.#from + this.#bytes.length) {
      this.#bytes = await this.#fill(at, Math.max(length, Math.min(WINDOW_BYTES, this.#size - at)));
      this.#from = at;
    }
    return this.#bytes.subarray(at - this.#from, at - this.#from + length);
  }

  async #fill(at: number, length: number): Promise<Uint8Array> {
    // A call takes one buffer at most, so that the oldest one is free after so many calls.
    const oldest = this.#buffers.length > this.#kept ? this.#buffers.shift() : undefined;
    const buffer = oldest !== undefined && oldest.length >= length ? oldest : new Uint8Array(length);
    // A larger one, for a large block, does not stay.
    this.#buffers.push(buffer.length > WINDOW_BYTES ? new Uint8Array(0) : buffer);
    for (let filled = 0; filled < length; ) {
      const { bytesRead } = await this.#handle.read(buffer, filled, length - filled, at + filled);
      if (bytesRead === 0) return buffer.subarray(0, filled);
      filled += bytesRead;
    }
    return buffer.subarray(0, length);
  }
}

function blockHeader(
  file: AvroFile,
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

export function broken(file: AvroFile, what: string, offset: number, cause?: unknown): LakeError {
  return invalidSource(file.uri, "broken-avro", what, { offset }, { cause });
}

/** The error for data of the block at `offset` that cannot be decoded. */
export function undecodable(file: AvroFile, offset: number, error: unknown): LakeError {
  if (isLakeError(error)) return namingFile(file.uri, error);
  const inner = error instanceof AvroDataError ? ` (byte ${error.offset} of the block's data)` : "";
  return broken(
    file,
    `the block at byte ${offset} cannot be decoded: ${messageOf(error)}${inner}`,
    offset,
    error,
  );
}
