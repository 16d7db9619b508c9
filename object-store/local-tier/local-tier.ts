import { mkdir, rename, rm, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isLakeError, LakeError, newUuid } from "../../core/index.js";
import { errnoOf, fileError, isAbsence } from "../file-error.js";
import { planEviction, type TierFile } from "./eviction.js";
import { KeptCopies } from "./kept-copies.js";
import { KeyedTurns } from "./keyed-turns.js";
import type { ObjectLease, ObjectLeaseOptions, RemoteObject } from "./object-lease.js";
import { ObjectLeases } from "./object-leases.js";
import { newProcessFolder, sweepProcessFolders } from "./process-folder.js";
import { SparseFiles } from "./sparse-files.js";

export interface LocalTierOptions {
  /** A folder of the local disk, shared by every process that names it; made when it is absent. */
  readonly directory: string;
  /**
   * Bytes that it may hold; what was used least lately leaves first. What is being read stays on the disk beyond that,
   * and each process may add a twentieth before it measures again.
   */
  readonly maxBytes: number;
}

/** A file of the tier, which stays where it is until it is released. */
export interface TierLease {
  /** Absolute. */
  readonly localPath: string;
  /** May be called again, to no effect. */
  release(): Promise<void>;
}

/** What the tier holds. */
export interface TierUsage {
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

const KEY = /^[A-Za-z0-9_-]{1,128}$/;
/** Other processes fill the tier too: it is measured each time this one has added such a share of the limit. */
const MEASURED_EACH = 0.05;

/** A copy that this process has leased. */
interface Held {
  readonly localPath: string;
  leases: number;
}

/** What a tier keeps. */
interface Kept {
  readonly copies: readonly TierFile[];
  readonly sparse: readonly TierFile[];
}

/**
 * Copies of what is far away or costly to make, on the local disk: whole files by keys that name their content, and
 * sparse ones of remote objects. A copy is the same whoever made it, and can be made again at any time.
 *
 * Several processes share one folder, without a lock: a lease is a hard link in a folder of the process, so whatever
 * leaves the tier stays for those who read it. Folders of processes that ended without {@link close} are removed.
 */
export class LocalTier {
  readonly #options: LocalTierOptions;
  readonly #copies: KeptCopies;
  readonly #sparse: SparseFiles;
  readonly #objects: ObjectLeases;
  readonly #held = new Map<string, Held>();
  readonly #turns = new KeyedTurns();
  #folder: Promise<string> | undefined;
  /** Bytes that this process has added since the tier was measured; before the first time, more than any limit. */
  #unmeasured = Number.POSITIVE_INFINITY;

  constructor(options: LocalTierOptions) {
    this.#options = options;
    this.#copies = new KeptCopies(options.directory);
    this.#sparse = new SparseFiles(options.directory);
    this.#objects = new ObjectLeases(this.#sparse, {
      ownFolder: () => this.#ownFolder(),
      atDisk: (work) => this.#atDisk(work),
      grown: (bytes) => this.#atDisk(() => this.#grown(bytes)),
      leaseWhole: (key, make, keep) => this.lease(key, make, { keep }),
    });
  }

  /** Absolute. */
  get directory(): string {
    return this.#options.directory;
  }

  /** As {@link LocalTierOptions}. */
  get maxBytes(): number {
    return this.#options.maxBytes;
  }

  /**
   * The file of a key; `make` writes it to the path that it is given when the tier does not have it. Who asks for a
   * key that is being made waits for it.
   *
   * @param key up to 128 letters, digits, `-` and `_`
   * @param keep `false` for a copy that this lease and those beside it alone have
   * @throws LakeError what `make` throws, nothing is left of the file then; `unavailable` when the folder cannot be
   *   written.
   */
  async lease(
    key: string,
    make: (localPath: string) => Promise<void>,
    { keep = true }: { readonly keep?: boolean } = {},
  ): Promise<TierLease> {
    if (!KEY.test(key)) throw new LakeError("internal", "cache-key", `${key} is no key of the local tier`);
    const held = await this.#turns.run(key, () => this.#hold(key, make, keep));
    let released = false;
    return {
      localPath: held.localPath,
      release: async () => {
        if (released) return;
        released = true;
        await this.#turns.run(key, () => this.#letGo(key, held));
      },
    };
  }

  /**
   * A file of the tier for a remote object, whose bytes come as they are fetched; what this or another process has
   * fetched before is there.
   *
   * @throws LakeError `unavailable` when the folder cannot be written, `cancelled`.
   */
  leaseObject(object: RemoteObject, options: ObjectLeaseOptions = {}): Promise<ObjectLease> {
    return this.#objects.lease(object, options);
  }

  /** What it holds now. */
  async usage(): Promise<TierUsage> {
    return this.#usageOf(await this.#atDisk(() => this.#list()));
  }

  /** Removes every copy; those that are being read are gone when they are released. @returns what left */
  async wipe(): Promise<TierUsage> {
    return this.#atDisk(async () => {
      const kept = await this.#list();
      await this.#remove(kept);
      await sweepProcessFolders(this.#options.directory, Date.now());
      return this.#usageOf(kept);
    });
  }

  /** Ends every lease. The tier can be used again. */
  async close(): Promise<void> {
    const folder = this.#folder;
    this.#folder = undefined;
    this.#held.clear();
    this.#objects.clear();
    if (folder === undefined) return;
    try {
      await rm(await folder, { recursive: true });
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }

  async #hold(key: string, make: (localPath: string) => Promise<void>, keep: boolean): Promise<Held> {
    const known = this.#held.get(key);
    if (known !== undefined) {
      known.leases++;
      return known;
    }
    const folder = await this.#ownFolder();
    const localPath = join(folder, key);
    const there = await this.#atDisk(async () => {
      await mkdir(folder, { recursive: true });
      return this.#copies.take(key, localPath);
    });
    if (there === undefined) await this.#make(key, folder, localPath, make, keep);
    const held = { localPath, leases: 1 };
    this.#held.set(key, held);
    return held;
  }

  /** Makes the copy in the folder of this process, where nobody removes it, and only then lets others have it. */
  async #make(
    key: string,
    folder: string,
    localPath: string,
    make: (localPath: string) => Promise<void>,
    keep: boolean,
  ): Promise<void> {
    const half = join(folder, `${newUuid()}.half`);
    try {
      await make(half);
      await this.#atDisk(async () => {
        const { size } = await stat(half);
        // Whole seconds, which are set again as they are when the time of use is.
        const now = Math.floor(Date.now() / 1000);
        await utimes(half, now, now);
        await rename(half, localPath);
        if (!keep || size > this.#options.maxBytes) return;
        await this.#copies.add(key, localPath, size);
        await this.#grown(size);
      });
    } catch (error) {
      await rm(localPath, { force: true });
      throw error;
    } finally {
      await rm(half, { force: true });
    }
  }

  async #letGo(key: string, held: Held): Promise<void> {
    held.leases--;
    if (held.leases > 0 || this.#held.get(key) !== held) return;
    this.#held.delete(key);
    await this.#atDisk(async () => {
      try {
        await unlink(held.localPath);
      } catch (error) {
        if (errnoOf(error) !== "ENOENT") throw error;
      }
    });
  }

  /** @param added bytes that this process has added */
  async #grown(added: number): Promise<void> {
    this.#unmeasured += added;
    const { maxBytes, directory } = this.#options;
    if (this.#unmeasured <= maxBytes * MEASURED_EACH) return;
    this.#unmeasured = 0;
    await sweepProcessFolders(directory, Date.now());
    const kept = await this.#list();
    const leaving = new Set(planEviction([...kept.copies, ...kept.sparse], maxBytes));
    await this.#remove({
      copies: kept.copies.filter((file) => leaving.has(file)),
      sparse: kept.sparse.filter((file) => leaving.has(file)),
    });
  }

  async #list(): Promise<Kept> {
    return { copies: await this.#copies.list(), sparse: await this.#sparse.list() };
  }

  async #remove({ copies, sparse }: Kept): Promise<void> {
    await this.#copies.remove(copies);
    await this.#sparse.remove(sparse);
  }

  #usageOf({ copies, sparse }: Kept): TierUsage {
    const { directory, maxBytes } = this.#options;
    const bytes = [...copies, ...sparse].reduce((sum, file) => sum + file.bytes, 0);
    return { directory, files: copies.length + sparse.length, bytes, maxBytes };
  }

  /** A folder of this process, beside the copies, for hard links do not reach beyond a file system. */
  #ownFolder(): Promise<string> {
    this.#folder ??= newProcessFolder().then((name) => join(this.#options.directory, name));
    return this.#folder;
  }

  /** What goes wrong with the tier's own files is told as such, with what a user can do about it. */
  async #atDisk<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (isLakeError(error)) throw error;
      const { directory } = this.#options;
      const { message, context } = fileError(error, "use", directory);
      throw new LakeError("unavailable", "cache-folder", `${message}: it is where copies of files are kept`, {
        context: { ...context, directory },
        hint: "Name a folder that can be written, with hard links, by GRIZZLY_CACHE_DIR or the option cache.directory.",
        cause: error,
      });
    }
  }
}
