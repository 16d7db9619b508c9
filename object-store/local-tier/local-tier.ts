import { mkdir, rename, rm, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { isLakeError, LakeError, newUuid } from "../../core/index.js";
import { errnoOf, fileError, isAbsence } from "../file-error.js";
import { planEviction } from "./eviction.js";
import { KeptCopies } from "./kept-copies.js";
import { newProcessFolder, sweepProcessFolders } from "./process-folder.js";

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

/**
 * Copies of what is far away or costly to make, on the local disk, by keys that name their content: a file of a key
 * is the same whoever made it, and can be made again at any time.
 *
 * Several processes share one folder, without a lock: a lease is a hard link in a folder of the process, so whatever
 * leaves the tier stays for those who read it. Folders of processes that ended without {@link close} are removed.
 */
export class LocalTier {
  readonly #options: LocalTierOptions;
  readonly #copies: KeptCopies;
  readonly #held = new Map<string, Held>();
  /** By key: what goes on with it, one thing at a time. */
  readonly #turns = new Map<string, Promise<unknown>>();
  #folder: Promise<string> | undefined;
  /** Bytes that this process has added since the tier was measured; before the first time, more than any limit. */
  #unmeasured = Number.POSITIVE_INFINITY;

  constructor(options: LocalTierOptions) {
    this.#options = options;
    this.#copies = new KeptCopies(options.directory);
  }

  /**
   * The file of a key; `make` writes it to the path that it is given when the tier does not have it. Who asks for a
   * key that is being made waits for it.
   *
   * @param key up to 128 letters, digits, `-` and `_`
   * @throws LakeError what `make` throws, nothing is left of the file then; `unavailable` when the folder cannot be
   *   written.
   */
  async lease(key: string, make: (localPath: string) => Promise<void>): Promise<TierLease> {
    if (!KEY.test(key)) throw new LakeError("internal", "cache-key", `${key} is no key of the local tier`);
    const held = await this.#inTurn(key, () => this.#hold(key, make));
    let released = false;
    return {
      localPath: held.localPath,
      release: async () => {
        if (released) return;
        released = true;
        await this.#inTurn(key, () => this.#letGo(key, held));
      },
    };
  }

  /** What it holds now. */
  async usage(): Promise<TierUsage> {
    const files = await this.#atDisk(() => this.#copies.list());
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { ...this.#options, files: files.length, bytes };
  }

  /** Removes every copy; those that are being read are gone when they are released. @returns what left */
  async wipe(): Promise<TierUsage> {
    return this.#atDisk(async () => {
      const files = await this.#copies.list();
      await this.#copies.remove(files);
      await sweepProcessFolders(this.#options.directory, Date.now());
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      return { ...this.#options, files: files.length, bytes };
    });
  }

  /** Ends every lease. The tier can be used again. */
  async close(): Promise<void> {
    const folder = this.#folder;
    this.#folder = undefined;
    this.#held.clear();
    if (folder === undefined) return;
    try {
      await rm(await folder, { recursive: true });
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
  }

  async #hold(key: string, make: (localPath: string) => Promise<void>): Promise<Held> {
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
    if (there === undefined) await this.#make(key, folder, localPath, make);
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
        if (size > this.#options.maxBytes) return;
        await this.#copies.add(key, localPath, size);
        this.#unmeasured += size;
        await this.#makeRoom();
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

  async #makeRoom(): Promise<void> {
    const { maxBytes, directory } = this.#options;
    if (this.#unmeasured <= maxBytes * MEASURED_EACH) return;
    this.#unmeasured = 0;
    await sweepProcessFolders(directory, Date.now());
    await this.#copies.remove(planEviction(await this.#copies.list(), maxBytes));
  }

  /** A folder of this process, beside the copies, for hard links do not reach beyond a file system. */
  #ownFolder(): Promise<string> {
    this.#folder ??= newProcessFolder().then((name) => join(this.#options.directory, name));
    return this.#folder;
  }

  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#turns.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#turns.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(key) === mine) this.#turns.delete(key);
    }
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
