import { type FileHandle, open, stat } from "node:fs/promises";
import { LakeError } from "../../core/index.js";
import type { SparsePair } from "./sparse-files.js";

/** Bytes a write. Linux (6.18, ext4) took up to ten times as long for 8 MiB in one as for its sixteen parts. */
const WRITE_SIZE = 512 * 1024;

/** Bytes of an object, to be put in their place. */
export interface PlacedBytes {
  readonly bytes: Uint8Array;
  /** Where in the object they belong. */
  readonly offset: number;
  /** Seconds since the epoch: what the data's modification time becomes. */
  readonly fileTime: number;
  /** Whether they are on the disk, and not only on their way to it, before it goes on. */
  readonly isFlushed: boolean;
}

interface OpenFiles {
  readonly data: FileHandle;
  readonly log: FileHandle;
}

/** The two files of a sparse copy, open while somebody writes to them. */
export class CopyFiles {
  readonly #pair: SparsePair;
  #files: Promise<OpenFiles> | undefined;
  #users = 0;

  constructor(pair: SparsePair) {
    this.#pair = pair;
  }

  /** Keeps the files open for the work, once for all that is done at a time. */
  async whileOpen<T>(work: () => Promise<T>): Promise<T> {
    this.#users++;
    try {
      await this.#opened();
      return await work();
    } finally {
      this.#users--;
      if (this.#users === 0) {
        const files = this.#files;
        this.#files = undefined;
        await files?.then(closeFiles, () => {});
      }
    }
  }

  async place({ bytes, offset, fileTime, isFlushed }: PlacedBytes): Promise<void> {
    const { data } = await this.#opened();
    for (let written = 0; written < bytes.length; ) {
      const length = Math.min(WRITE_SIZE, bytes.length - written);
      written += (await data.write(bytes, written, length, offset + written)).bytesWritten;
    }
    await data.utimes(fileTime, fileTime);
    if (isFlushed) await data.datasync();
  }

  /** Adds a line to the log in one write, which the system puts behind those of other processes. */
  async append(line: Buffer): Promise<void> {
    const { log } = await this.#opened();
    const { bytesWritten } = await log.write(line);
    if (bytesWritten === line.length) return;
    throw new LakeError("unavailable", "disk-full", "no space is left for copies of files", {
      hint: "Free some space and run it again.",
    });
  }

  /** What follows these bytes of the log. */
  logFrom(offset: number): Promise<Uint8Array> {
    return this.whileOpen(async () => {
      const { log } = await this.#opened();
      const bytes = new Uint8Array(Math.max(0, (await log.stat()).size - offset));
      const { bytesRead } = await log.read(bytes, 0, bytes.length, offset);
      return bytes.subarray(0, bytesRead);
    });
  }

  /** Bytes of the log. */
  async logSize(): Promise<number> {
    return (await stat(this.#pair.logFile)).size;
  }

  #opened(): Promise<OpenFiles> {
    this.#files ??= openFiles(this.#pair);
    return this.#files;
  }
}

async function openFiles({ dataFile, logFile }: SparsePair): Promise<OpenFiles> {
  const data = await open(dataFile, "r+");
  try {
    return { data, log: await open(logFile, "a+") };
  } catch (error) {
    await data.close();
    throw error;
  }
}

async function closeFiles({ data, log }: OpenFiles): Promise<void> {
  await data.close();
  await log.close();
}
