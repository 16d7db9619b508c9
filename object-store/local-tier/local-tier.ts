import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { newUuid } from "../../core/index.js";

export interface LocalTierOptions {
  /** A folder of the local disk, shared by every process that names it; made when it is absent. */
  readonly directory: string;
  /** Bytes that it may hold; what was used least lately leaves first. */
  readonly maxBytes: number;
}

/** A file of the tier, which stays where it is until it is released. */
export interface TierLease {
  /** Absolute. */
  readonly localPath: string;
  release(): Promise<void>;
}

/** What the tier holds. */
export interface TierUsage {
  readonly directory: string;
  readonly files: number;
  readonly bytes: number;
  readonly maxBytes: number;
}

/**
 * Copies of what is far away or costly to make, on the local disk, by keys that name their content: a file of a key
 * is the same whoever made it, and can be made again at any time. Several processes share one folder.
 */
export class LocalTier {
  readonly #options: LocalTierOptions;

  constructor(options: LocalTierOptions) {
    this.#options = options;
  }

  /**
   * The file of a key; `make` writes it to the path that it is given when the tier does not have it.
   *
   * @param key letters, digits, `-` and `_`
   * @throws LakeError what `make` throws; nothing is left of the file then.
   */
  async lease(key: string, make: (localPath: string) => Promise<void>): Promise<TierLease> {
    const { directory } = this.#options;
    const localPath = join(directory, key);
    const isThere = await stat(localPath).then(
      () => true,
      () => false,
    );
    if (!isThere) {
      await mkdir(directory, { recursive: true });
      const half = `${localPath}.${newUuid()}`;
      try {
        await make(half);
        await rename(half, localPath);
      } finally {
        await rm(half, { force: true });
      }
    }
    return { localPath, release: async () => {} };
  }
}
