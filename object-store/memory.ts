import { readFile, rm } from "node:fs/promises";
import { type Clock, LakeError, newUuid, systemClock, throwIfCancelled } from "../core/index.js";
import { resolveRange } from "./byte-range.js";
import { fileError } from "./file-error.js";
import { objectChanged } from "./object-changed.js";
import { compareUtf8 } from "./object-path.js";
import type {
  AdoptedFile,
  ByteRange,
  CallOptions,
  ObjectMeta,
  ObjectPart,
  ObjectPath,
  ObjectStore,
  PutIfAbsentResult,
  ReadOptions,
} from "./object-store.js";

interface StoredObject {
  readonly data: Uint8Array;
  readonly lastModified: number;
  readonly etag: string;
}

/** A store in the memory of this process, for tests and for short-lived lakes. */
export class MemoryStore implements ObjectStore {
  /** Its own, for copies of objects are known by it. */
  readonly uri = `memory:${newUuid()}`;
  readonly #objects = new Map<ObjectPath, StoredObject>();
  readonly #clock: Clock;
  #writes = 0;

  constructor(options: { readonly clock?: Clock } = {}) {
    this.#clock = options.clock ?? systemClock;
  }

  async head(path: ObjectPath, { signal }: CallOptions = {}): Promise<ObjectMeta | undefined> {
    throwIfCancelled(signal);
    const object = this.#objects.get(path);
    return object && { path, size: object.data.length, lastModified: object.lastModified, etag: object.etag };
  }

  async get(
    path: ObjectPath,
    options: CallOptions & { readonly range?: ByteRange } = {},
  ): Promise<Uint8Array> {
    return (await this.read(path, options)).bytes;
  }

  async read(path: ObjectPath, { range, ifMatch, signal }: ReadOptions = {}): Promise<ObjectPart> {
    throwIfCancelled(signal);
    const object = this.#objects.get(path);
    if (object === undefined) {
      throw new LakeError("not-found", "object-not-found", `there is no object ${this.uri}/${path}`, {
        context: { path },
      });
    }
    const { etag, data } = object;
    if (ifMatch !== undefined && ifMatch !== etag) throw objectChanged(`${this.uri}/${path}`);
    const { offset, length } = resolveRange(range, data.length);
    return { bytes: data.slice(offset, offset + length), size: data.length, etag };
  }

  async put(path: ObjectPath, data: Uint8Array, { signal }: CallOptions = {}): Promise<void> {
    throwIfCancelled(signal);
    const etag = String(++this.#writes);
    this.#objects.set(path, { data: Uint8Array.from(data), lastModified: this.#clock.now(), etag });
  }

  async putIfAbsent(
    path: ObjectPath,
    data: Uint8Array,
    options: CallOptions = {},
  ): Promise<PutIfAbsentResult> {
    throwIfCancelled(options.signal);
    if (this.#objects.has(path)) return { status: "exists" };
    await this.put(path, data, options);
    return { status: "created" };
  }

  async *list(
    prefix: string,
    { startAfter = "", signal }: CallOptions & { readonly startAfter?: string } = {},
  ): AsyncGenerator<ObjectMeta> {
    throwIfCancelled(signal);
    const paths = [...this.#objects.keys()]
      .filter((path) => path.startsWith(prefix) && compareUtf8(path, startAfter) > 0)
      .sort(compareUtf8);
    for (const path of paths) {
      const object = await this.head(path, { signal });
      if (object !== undefined) yield object;
    }
  }

  async delete(paths: readonly ObjectPath[], { signal }: CallOptions = {}): Promise<void> {
    throwIfCancelled(signal);
    for (const path of paths) this.#objects.delete(path);
  }

  localPath(): undefined {
    return undefined;
  }

  async adopt(files: readonly AdoptedFile[], options: CallOptions = {}): Promise<void> {
    for (const { localFile, path } of files) {
      throwIfCancelled(options.signal);
      try {
        await this.put(path, await readFile(localFile), options);
        await rm(localFile);
      } catch (error) {
        throw fileError(error, "adopt", localFile);
      }
    }
  }
}
