import { createHash } from "node:crypto";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { isLakeError, LakeError, mapParallel } from "../../core/index.js";
import type {
  LocalTier,
  ObjectPart,
  ObjectPath,
  ObjectStore,
  RemoteObject,
} from "../../object-store/index.js";
import { LAST_CHECKPOINT_PATH } from "../log/log-path.js";

/** Objects fetched at a time. */
const PARALLEL_GETS = 16;
/** Bytes. A larger object is not held in memory. */
const LARGE = 4 * 1024 * 1024;

/** A store, and where copies of its objects are kept. */
export interface ObjectPlace {
  readonly store: ObjectStore;
  /** Without one, copies live until they are released. */
  readonly tier?: LocalTier | undefined;
}

/**
 * An object of the log: by its path alone, or as it was listed. The files of a log never change, so the copy of one
 * that was listed is kept, for this process and others.
 */
export interface WantedObject {
  readonly path: ObjectPath;
  /** Bytes. */
  readonly size?: number | undefined;
  /** Milliseconds since the epoch. */
  readonly lastModified?: number | undefined;
  readonly etag?: string | undefined;
}

/** Objects as local files, in order. */
export interface LocalFiles {
  readonly files: readonly string[];
  /** Deletes what was copied and is not kept. */
  release(): Promise<void>;
}

export interface FetchFilesOptions<T extends WantedObject> {
  readonly signal?: AbortSignal | undefined;
  /** Bytes that need not be asked for, where they are at hand. */
  readonly atHand?: ((object: T) => Uint8Array | undefined) | undefined;
}

/**
 * Objects as local files: their own files where the store is local, copies where it is not.
 *
 * @throws LakeError of the store; `not-found` only where it is not local.
 */
export async function fetchLocalFiles<T extends WantedObject>(
  place: ObjectPlace,
  objects: readonly T[],
  options: FetchFilesOptions<T> = {},
): Promise<LocalFiles> {
  const own = objects.map((object) => place.store.localPath(object.path));
  if (own.every((file) => file !== undefined)) return { files: own, release: async () => {} };
  const copies = new Copies(place, options);
  try {
    const files = await mapParallel(
      objects,
      PARALLEL_GETS,
      (object) => copies.fileOf(object),
      options.signal,
    );
    return { files, release: () => copies.release() };
  } catch (error) {
    await copies.release();
    throw error;
  }
}

/** Gives `work` objects as local files, for as long as it runs; see {@link fetchLocalFiles}. */
export async function withLocalFiles<T>(
  place: ObjectPlace,
  objects: readonly WantedObject[],
  work: (files: readonly string[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const local = await fetchLocalFiles(place, objects, { signal });
  try {
    return await work(local.files);
  } finally {
    await local.release();
  }
}

/** Objects by their paths alone. Pure. */
export function byPath(paths: readonly ObjectPath[]): WantedObject[] {
  return paths.map((object) => ({ path: object }));
}

/** Whether files of the log that were asked for once are at hand when they are asked for again. Pure. */
export function keepsCopies({ store, tier }: ObjectPlace): boolean {
  return tier !== undefined || store.localPath(LAST_CHECKPOINT_PATH) !== undefined;
}

/** Copies on the local disk, in the tier and in a folder of their own. */
class Copies<T extends WantedObject> {
  readonly #place: ObjectPlace;
  readonly #options: FetchFilesOptions<T>;
  readonly #releases: (() => Promise<void>)[] = [];
  #folder: Promise<string> | undefined;
  #next = 0;

  constructor(place: ObjectPlace, options: FetchFilesOptions<T>) {
    this.#place = place;
    this.#options = options;
  }

  async fileOf(object: T): Promise<string> {
    const copy = await this.#copyOf(object);
    // The name of a checkpoint tells how it is written (PROTOCOL.md, "V2 Spec"), and a kept copy has another.
    if (!/\.checkpoint\.[^/]*\.json$/.test(object.path) || copy.endsWith(".json")) return copy;
    const name = await this.#temporaryName(object);
    await symlink(copy, name);
    return name;
  }

  async #copyOf(object: T): Promise<string> {
    const { tier } = this.#place;
    const { store } = this.#place;
    const { path: objectPath, size, etag } = object;
    if (tier !== undefined && size !== undefined && size > LARGE && etag !== undefined) {
      return this.#inParts(tier, { store, path: objectPath, size, etag }, object);
    }
    const key = keyOf(store, object);
    if (tier === undefined || key === undefined) return this.#temporary(object, await this.#bytes(object));
    let other: Uint8Array | undefined;
    try {
      const lease = await tier.lease(key, async (file) => {
        const part = await this.#part(object);
        if (!isOf(part, object)) {
          other = part.bytes;
          throw new LakeError("conflict", "object-changed", `${object.path} is not the one that was listed`);
        }
        await writeFile(file, part.bytes);
      });
      this.#releases.push(() => lease.release());
      return lease.localPath;
    } catch (error) {
      // A checkpoint may be written a second time, with the same actions.
      if (other === undefined) throw error;
      return this.#temporary(object, other);
    }
  }

  /** A large object, in several requests at once. */
  async #inParts(tier: LocalTier, listed: RemoteObject, object: T): Promise<string> {
    const { signal } = this.#options;
    const lease = await tier.leaseObject(listed, { signal });
    this.#releases.push(() => lease.release());
    try {
      await lease.fetch("all", { signal });
      return lease.localPath;
    } catch (error) {
      const isOther = isLakeError(error) && (error.code === "object-changed" || error.code === "object-size");
      if (!isOther) throw error;
      return this.#temporary(object, await this.#bytes(object));
    }
  }

  async release(): Promise<void> {
    for (const release of this.#releases.splice(0)) await release();
    const folder = this.#folder;
    this.#folder = undefined;
    if (folder !== undefined) await rm(await folder, { recursive: true, force: true });
  }

  async #temporary(object: T, bytes: Uint8Array): Promise<string> {
    const copy = await this.#temporaryName(object);
    await writeFile(copy, bytes);
    return copy;
  }

  async #temporaryName({ path: object }: T): Promise<string> {
    this.#folder ??= mkdtemp(path.join(os.tmpdir(), "grizzly-log-"));
    return path.join(await this.#folder, `${this.#next++}-${path.posix.basename(object)}`);
  }

  async #bytes(object: T): Promise<Uint8Array> {
    return (await this.#part(object)).bytes;
  }

  async #part(object: T): Promise<Pick<ObjectPart, "bytes" | "size"> & { readonly etag?: string }> {
    const { atHand, signal } = this.#options;
    const known = atHand?.(object);
    if (known !== undefined) return { bytes: known, size: known.length };
    return this.#place.store.read(object.path, { signal });
  }
}

/** Of one content of an object, in every process; `undefined` where it is not known which. Pure. */
function keyOf(
  store: ObjectStore,
  { path: object, size, etag, lastModified }: WantedObject,
): string | undefined {
  const content = etag ?? lastModified;
  if (size === undefined || content === undefined) return undefined;
  const text = JSON.stringify([store.uri, object, size, content]);
  return `log-${createHash("sha256").update(text).digest("hex").slice(0, 40)}`;
}

function isOf(
  part: { readonly size: number; readonly etag?: string | undefined },
  { size, etag }: WantedObject,
): boolean {
  return part.size === size && (etag === undefined || part.etag === undefined || part.etag === etag);
}
