import { isLakeError, newUuid } from "../../core/index.js";
import { type ObjectPath, type ObjectStore, objectPath } from "../../object-store/index.js";
import { type DeletionVectorDescriptor, deletionVectorFileName, MAX_INT, uuidText } from "./descriptor.js";
import type { RowIndexSet } from "./row-index-set.js";
import { encodeFrame, FILE_VERSION, FRAME_BYTES } from "./stored-form.js";

export interface DeletionVectorWriterOptions {
  /** A file is put once it would grow beyond this many bytes; default 2 MiB, as in delta-spark. */
  readonly targetBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const TARGET_BYTES = 2 * 1024 * 1024;

/** A file under construction. */
interface OpenFile {
  readonly uuid: string;
  readonly frames: Uint8Array[];
  /** In bytes, the version byte included. */
  size: number;
}

/**
 * Writes deletion vectors to files in the table's folder, many to a file. A descriptor may be committed only
 * once {@link finish} has returned, and every {@link add} before it; after a failure there is only
 * {@link discard}. Files are never written twice: each has a UUID of its own.
 */
export class DeletionVectorWriter {
  readonly #store: ObjectStore;
  readonly #targetBytes: number;
  readonly #signal: AbortSignal | undefined;
  readonly #put: ObjectPath[] = [];
  #file = newFile();

  /** @param store whose root is the table's folder */
  constructor(store: ObjectStore, options: DeletionVectorWriterOptions = {}) {
    this.#store = store;
    this.#targetBytes = Math.min(options.targetBytes ?? TARGET_BYTES, MAX_INT);
    this.#signal = options.signal;
  }

  /**
   * Adds a deletion vector and gives its descriptor. It waits for the file before, when that one is full.
   *
   * @throws LakeError `unsupported` for one of 2 GiB or more.
   */
  async add(set: RowIndexSet): Promise<DeletionVectorDescriptor> {
    const frame = encodeFrame(set);
    // What follows takes its place in a file before anything is waited for, so calls may overlap.
    const full = this.#file.size + frame.length > this.#targetBytes ? this.#takeFile() : undefined;
    const file = this.#file;
    const offset = file.size;
    file.frames.push(frame);
    file.size += frame.length;
    if (full !== undefined) await this.#putFile(full);
    return {
      storageType: "u",
      pathOrInlineDv: uuidText(file.uuid),
      offset,
      sizeInBytes: frame.length - FRAME_BYTES,
      cardinality: BigInt(set.cardinality),
    };
  }

  /** Puts what has been added and not put yet. The next one added begins a new file. */
  async finish(): Promise<void> {
    const file = this.#takeFile();
    if (file !== undefined) await this.#putFile(file);
  }

  /**
   * Deletes every file put, for a commit that is given up for certain. Those that the store does not delete stay, as
   * files that no version names: why it came to this is what the caller tells.
   */
  async discard(): Promise<void> {
    if (this.#put.length === 0) return;
    try {
      await this.#store.delete(this.#put);
    } catch (error) {
      if (!isLakeError(error) || error.kind === "internal") throw error;
    }
  }

  /** The file so far, which gets no more; `undefined` when nothing is in it. */
  #takeFile(): OpenFile | undefined {
    if (this.#file.frames.length === 0) return undefined;
    const file = this.#file;
    this.#file = newFile();
    return file;
  }

  async #putFile({ uuid, frames, size }: OpenFile): Promise<void> {
    const bytes = new Uint8Array(size);
    bytes[0] = FILE_VERSION;
    let at = 1;
    for (const frame of frames) {
      bytes.set(frame, at);
      at += frame.length;
    }
    const path = objectPath(deletionVectorFileName(uuid));
    // Noted before the put: a put that fails may have written the file all the same.
    this.#put.push(path);
    await this.#store.put(path, bytes, { signal: this.#signal });
  }
}

function newFile(): OpenFile {
  return { uuid: newUuid(), frames: [], size: 1 };
}
