import { link, mkdir, open, readFile, stat, unlink, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { mapParallel, newUuid } from "../../core/index.js";
import { errnoOf } from "../file-error.js";
import type { TierFile } from "./eviction.js";
import { namesIn } from "./names-in.js";

const PARALLEL_CALLS = 16;
const DATA = ".data";
const LOG = ".log";
/** Of `stat`, in bytes: what `blocks` counts (stat(2)). */
const BLOCK = 512;

/** A sparse copy as it was found or begun: two files in the folder of this process. */
export interface SparsePair {
  /** Of the object's size. */
  readonly dataFile: string;
  /** Which bytes of it are there (span-log.ts). */
  readonly logFile: string;
  /** The pair's name among those that are kept, of both files less their ends. */
  readonly name: string;
  /** What the log file held. */
  readonly log: Uint8Array;
}

/**
 * The sparse copies that a tier keeps: `objects/<two digits of the key>/<key>.<id>.data`, and the log of what is in it,
 * `.log`. Both begin empty, so that processes fill one copy together. The id is random: two who begin a copy of one key
 * at the same time never get the one's data with the other's log. Of several the first in order is taken, the others
 * leave the tier as what is not used does.
 *
 * The modification time of the data is another one after each fetch, for readers that keep what they have read until a
 * file changes. The access time of the log is when the copy was last leased.
 */
export class SparseFiles {
  readonly #root: string;

  /** @param directory of the tier */
  constructor(directory: string) {
    this.#root = join(directory, "objects");
  }

  /**
   * Gives a copy of the key, which exists, names in `folder` as well; `undefined` when there is none.
   *
   * @param key of lower-case hexadecimal digits
   * @param isFit decides by its log whether a copy will do; one that will not is removed
   * @param before the name of a copy: only one that comes first in order
   */
  async take(
    key: string,
    size: number,
    folder: string,
    isFit: (log: Uint8Array) => boolean,
    before?: string,
  ): Promise<SparsePair | undefined> {
    for (const name of await this.#namesOf(key)) {
      if (before !== undefined && name >= before) break;
      const pair = await this.#link(name, size, folder);
      if (pair === undefined || !isFit(pair.log)) {
        if (pair !== undefined) await release(pair);
        await this.removeCopy(name);
      } else {
        const now = new Date();
        await utimes(pair.logFile, now, now);
        return pair;
      }
    }
    return undefined;
  }

  /** Begins a copy of the key that holds nothing yet, in the folder of this process alone. */
  async begin(key: string, size: number, folder: string): Promise<SparsePair> {
    const name = join(shardOf(key), `${key}.${newUuid().slice(0, 8)}`);
    const pair = { ...filesOf(folder, name), name, log: new Uint8Array() };
    const data = await open(pair.dataFile, "wx");
    try {
      await data.truncate(size);
    } finally {
      await data.close();
    }
    await writeFile(pair.logFile, pair.log, { flag: "wx" });
    return pair;
  }

  /** Lets other processes have a copy as well. */
  async keep({ name, dataFile, logFile }: SparsePair): Promise<void> {
    const log = join(this.#root, name + LOG);
    if (!(await unlessAbsent(link(logFile, log)))) {
      await mkdir(dirname(log), { recursive: true });
      await link(logFile, log);
    }
    // The data last, for a copy is found by it.
    await link(dataFile, join(this.#root, name + DATA));
  }

  /** Every copy; those that come or leave meanwhile may be missing. Bytes are what it takes of the disk. */
  async list(): Promise<TierFile[]> {
    const shards = await namesIn(this.#root);
    const names = (
      await mapParallel(shards, PARALLEL_CALLS, async (shard) =>
        (await namesIn(join(this.#root, shard))).map((file) => join(shard, copyOf(file))),
      )
    ).flat();
    const found = await mapParallel(new Set(names), PARALLEL_CALLS, async (name): Promise<TierFile[]> => {
      const [data, log] = [await this.#stat(name + DATA), await this.#stat(name + LOG)];
      if (data === undefined && log === undefined) return [];
      return [
        {
          name,
          bytes: ((data?.blocks ?? 0) + (log?.blocks ?? 0)) * BLOCK,
          lastUse: log?.atimeMs ?? 0,
          isLeased: (data?.nlink ?? 0) > 1,
        },
      ];
    });
    return found.flat();
  }

  /** Whoever has leased one keeps it. */
  async remove(copies: readonly TierFile[]): Promise<void> {
    await mapParallel(copies, PARALLEL_CALLS, ({ name }) => this.removeCopy(name));
  }

  async removeCopy(name: string): Promise<void> {
    // The data first: a log alone is never taken for a copy.
    await unlessAbsent(unlink(join(this.#root, name + DATA)));
    await unlessAbsent(unlink(join(this.#root, name + LOG)));
  }

  async #namesOf(key: string): Promise<string[]> {
    const shard = shardOf(key);
    return (await namesIn(join(this.#root, shard)))
      .filter((file) => file.startsWith(`${key}.`) && file.endsWith(DATA))
      .map((file) => join(shard, copyOf(file)))
      .sort();
  }

  async #link(name: string, size: number, folder: string): Promise<SparsePair | undefined> {
    const pair = { ...filesOf(folder, name), name };
    try {
      await link(join(this.#root, name + DATA), pair.dataFile);
      await link(join(this.#root, name + LOG), pair.logFile);
      if ((await stat(pair.dataFile)).size === size) return { ...pair, log: await readFile(pair.logFile) };
    } catch (error) {
      if (errnoOf(error) !== "ENOENT") throw error;
    }
    await release(pair);
    return undefined;
  }

  async #stat(
    name: string,
  ): Promise<{ readonly blocks: number; readonly atimeMs: number; readonly nlink: number } | undefined> {
    try {
      return await stat(join(this.#root, name));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }
}

/** Removes the names in the folder of this process. */
export async function release({
  dataFile,
  logFile,
}: Pick<SparsePair, "dataFile" | "logFile">): Promise<void> {
  await unlessAbsent(unlink(dataFile));
  await unlessAbsent(unlink(logFile));
}

function filesOf(folder: string, name: string): Pick<SparsePair, "dataFile" | "logFile"> {
  const dataFile = join(folder, basename(name));
  return { dataFile, logFile: dataFile + LOG };
}

/** Folders stay small, for a key is looked for by listing one. */
function shardOf(key: string): string {
  return key.slice(0, 2);
}

function copyOf(file: string): string {
  return file.slice(0, file.lastIndexOf("."));
}

/** Whether it was done, and nothing was lacking for it. */
async function unlessAbsent(done: Promise<void>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}
