import { link, mkdir, rename, unlink } from "node:fs/promises";
import { dirname, join, resolve, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { LakeError, mapParallel, throwIfCancelled } from "../core/index.js";
import { resolveRange } from "./byte-range.js";
import {
  copyToNewFile,
  isTemporaryName,
  syncDirectory,
  syncFile,
  withFile,
  withTemporaryFile,
  writeNewFile,
} from "./durable-file.js";
import { errnoOf, fileError, isAbsence, linkError } from "./file-error.js";
import { fileEtag, headFile, listFiles, statFile } from "./local-list.js";
import { objectChanged } from "./object-changed.js";
import type {
  AdoptedFile,
  ByteRange,
  CallOptions,
  ObjectMeta,
  ObjectPart,
  ObjectPath,
  ObjectStore,
  PutIfAbsentResult,
  PutOptions,
  ReadOptions,
} from "./object-store.js";

/** File operations running at once in one call. */
const PARALLEL_FILES = 16;
/** Bytes per read, so that a signal is heard and no read passes the kernel's limit of 2 GiB. */
const READ_SIZE = 64 * 1024 * 1024;

/**
 * A folder as a store, each object a file. Symbolic links are followed, wherever they lead.
 *
 * Every write goes to a temporary file beside its target, is flushed, and gets its name in one step:
 * by `rename` (put) or `link` (put if absent, which needs a file system with hard links). A process
 * that dies leaves at most a temporary file, which no call ever shows. The folder that got the name
 * is flushed before a write returns, and so is every folder above it, up to the one that holds the
 * root, that this store has not flushed yet: another process may have made them a moment ago.
 */
export class LocalStore implements ObjectStore {
  readonly uri: string;
  readonly #root: string;
  /** Folders whose own names are known to be durable. */
  readonly #durableFolders = new Set<string>();

  /** @param root a folder, which need not exist yet; relative paths count from the working directory. */
  constructor(root: string) {
    this.#root = resolve(root);
    this.uri = pathToFileURL(this.#root).href;
  }

  async head(path: ObjectPath, { signal }: CallOptions = {}): Promise<ObjectMeta | undefined> {
    throwIfCancelled(signal);
    this.localPath(path);
    return headFile(this.#root, path);
  }

  async get(
    path: ObjectPath,
    options: CallOptions & { readonly range?: ByteRange } = {},
  ): Promise<Uint8Array> {
    return (await this.read(path, options)).bytes;
  }

  async read(path: ObjectPath, { range, ifMatch, signal }: ReadOptions = {}): Promise<ObjectPart> {
    throwIfCancelled(signal);
    const file = this.localPath(path);
    try {
      return await withFile(file, "r", async (handle) => {
        const stats = await handle.stat();
        if (!stats.isFile()) throw noObject(path, file);
        const etag = fileEtag(stats);
        if (ifMatch !== undefined && ifMatch !== etag) throw objectChanged(file);
        const { offset, length } = resolveRange(range, stats.size);
        const bytes = new Uint8Array(length);
        let filled = 0;
        while (filled < length) {
          throwIfCancelled(signal);
          const wanted = Math.min(READ_SIZE, length - filled);
          const { bytesRead } = await handle.read(bytes, filled, wanted, offset + filled);
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return { bytes: bytes.subarray(0, filled), size: stats.size, etag };
      });
    } catch (error) {
      throw isAbsence(error) ? noObject(path, file, error) : fileError(error, "read", file);
    }
  }

  async put(path: ObjectPath, data: Uint8Array, { signal }: CallOptions = {}): Promise<void> {
    await this.#write(path, data, signal, async (temporary, file) => {
      await rename(temporary, file);
    });
  }

  async putIfAbsent(
    path: ObjectPath,
    data: Uint8Array,
    { signal, durable }: PutOptions = {},
  ): Promise<PutIfAbsentResult> {
    // Who lost a race is spared what waits for the disk.
    if ((await this.head(path, { signal })) !== undefined) return { status: "exists" };
    const put = async (temporary: string, file: string): Promise<PutIfAbsentResult> => {
      try {
        await link(temporary, file);
      } catch (error) {
        const isTaken = errnoOf(error) === "EEXIST" && !(await statFile(file))?.isDirectory();
        if (!isTaken) throw linkError(error, file);
        return { status: "exists" };
      }
      return { status: "created" };
    };
    return this.#write(path, data, signal, put, durable);
  }

  list(
    prefix: string,
    { startAfter = "", signal }: CallOptions & { readonly startAfter?: string } = {},
  ): AsyncIterable<ObjectMeta> {
    return listFiles({ root: this.#root, prefix, startAfter, signal });
  }

  async delete(paths: readonly ObjectPath[], { signal }: CallOptions = {}): Promise<void> {
    throwIfCancelled(signal);
    const files = paths.map((path) => this.localPath(path));
    await mapParallel(files, PARALLEL_FILES, deleteFile, signal);
  }

  /** @throws LakeError `invalid-input` for a name that no object of this store can have. */
  localPath(path: ObjectPath): string {
    const lastName = path.slice(path.lastIndexOf("/") + 1);
    const isSafe = sep === "/" || !/[\\:]/.test(path);
    if (isTemporaryName(lastName) || path.includes("\uFFFD") || !isSafe) {
      throw new LakeError(
        "invalid-input",
        "file-name",
        `${path} cannot be the name of a file of ${this.uri}`,
      );
    }
    return join(this.#root, path);
  }

  async adopt(files: readonly AdoptedFile[], { signal }: CallOptions = {}): Promise<void> {
    throwIfCancelled(signal);
    const moves = files.map(({ localFile, path }) => ({
      source: resolve(localFile),
      target: this.localPath(path),
    }));
    await this.#durably(
      moves.map(({ target }) => target),
      () => mapParallel(moves, PARALLEL_FILES, moveFile, signal),
    );
  }

  async #write<T>(
    path: ObjectPath,
    data: Uint8Array,
    signal: AbortSignal | undefined,
    publish: (temporary: string, file: string) => Promise<T>,
    durable = true,
  ): Promise<T> {
    throwIfCancelled(signal);
    const file = this.localPath(path);
    const write = (): Promise<T> =>
      withTemporaryFile(
        dirname(file),
        (temporary) => writeNewFile(temporary, data, durable),
        async (temporary) => {
          // The last moment to give up: what has its name is written.
          throwIfCancelled(signal);
          return publish(temporary, file);
        },
      );
    try {
      if (durable) return await this.#durably([file], write);
      await mkdirs(dirname(file));
      return await write();
    } catch (error) {
      throw fileError(error, "write", file);
    }
  }

  /** Makes the folders of `files`, runs `write`, and then flushes every folder that got a name. */
  async #durably<T>(files: readonly string[], write: () => Promise<T>): Promise<T> {
    const folders = new Set(files.map((file) => dirname(file)));
    const unflushed = new Set(folders);
    await mapParallel(folders, PARALLEL_FILES, async (folder) => {
      for (const holder of await this.#makeFolder(folder)) unflushed.add(holder);
    });
    const result = await write();
    await mapParallel(unflushed, PARALLEL_FILES, (folder) => this.#flushFolder(folder));
    for (const folder of folders) {
      for (let f = folder; f.length >= this.#root.length; f = dirname(f)) this.#durableFolders.add(f);
    }
    return result;
  }

  /** Makes a folder, and gives those that hold the names which are not known to be durable. */
  async #makeFolder(folder: string): Promise<string[]> {
    const firstMade = await mkdirs(folder);
    // What is new is not durable, whatever this store remembers of a folder of that name.
    if (firstMade !== undefined) this.#durableFolders.clear();
    const isAboveRoot = firstMade !== undefined && this.#root.startsWith(firstMade + sep);
    const top = dirname(isAboveRoot ? firstMade : this.#root);
    const holders: string[] = [];
    for (let f = folder; f !== top && !this.#durableFolders.has(f); f = dirname(f)) holders.push(dirname(f));
    return holders;
  }

  async #flushFolder(folder: string): Promise<void> {
    try {
      await syncDirectory(folder);
    } catch (error) {
      // Whoever may not read the folder above the root did not make the root.
      if (folder === dirname(this.#root) && errnoOf(error) === "EACCES") return;
      throw fileError(error, "flush", folder);
    }
  }
}

function noObject(path: ObjectPath, file: string, cause?: unknown): LakeError {
  return new LakeError("not-found", "object-not-found", `there is no object ${file}`, {
    context: { path },
    cause,
  });
}

async function mkdirs(folder: string): Promise<string | undefined> {
  try {
    return await mkdir(folder, { recursive: true });
  } catch (error) {
    throw fileError(error, "make the folder", folder);
  }
}

async function deleteFile(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (!isAbsence(error)) throw fileError(error, "delete", file);
  }
}

/** Flushes a file and gives it its place, on whatever device it lies. */
async function moveFile({
  source,
  target,
}: {
  readonly source: string;
  readonly target: string;
}): Promise<void> {
  try {
    await syncFile(source);
    if (source === target) return;
    try {
      await rename(source, target);
    } catch (error) {
      if (errnoOf(error) !== "EXDEV") throw error;
      await withTemporaryFile(
        dirname(target),
        (temporary) => copyToNewFile(source, temporary),
        (temporary) => rename(temporary, target),
      );
      await unlink(source);
    }
  } catch (error) {
    throw fileError(error, "adopt", source);
  }
}
