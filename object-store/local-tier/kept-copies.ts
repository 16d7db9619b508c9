import { createHash } from "node:crypto";
import { link, mkdir, stat, unlink, utimes } from "node:fs/promises";
import { join } from "node:path";
import { mapParallel } from "../../core/index.js";
import { errnoOf } from "../file-error.js";
import type { TierFile } from "./eviction.js";
import { namesIn } from "./names-in.js";

const PARALLEL_CALLS = 16;

/**
 * The copies that a tier keeps, by their keys: `files/<two hex digits>/<key>.<bytes, base 36>`. The size in the name
 * tells a copy that lost its end, as a file may that was new when the machine failed. The modification time of a
 * copy stays as it was made, for readers that watch it; its access time is when it was last leased.
 */
export class KeptCopies {
  readonly #root: string;

  /** @param directory of the tier */
  constructor(directory: string) {
    this.#root = join(directory, "files");
  }

  /** Gives the copy of a key the name `to` as well. @returns its bytes; `undefined` when there is none. */
  async take(key: string, to: string): Promise<number | undefined> {
    const shard = join(this.#root, shardOf(key));
    for (const name of await namesIn(shard)) {
      if (keyOf(name) !== key) continue;
      const file = join(shard, name);
      if (!(await unlessAbsent(link(file, to)))) continue;
      const { size, mtime } = await stat(to);
      if (size === bytesOf(name)) {
        await utimes(to, new Date(), mtime);
        return size;
      }
      await unlink(to);
      await unlessAbsent(unlink(file));
    }
    return undefined;
  }

  /** Keeps a complete file, which has its name `from` as well. Another process may have kept the same before. */
  async add(key: string, from: string, bytes: number): Promise<void> {
    const shard = join(this.#root, shardOf(key));
    await mkdir(shard, { recursive: true });
    try {
      await link(from, join(shard, `${key}.${bytes.toString(36)}`));
    } catch (error) {
      if (errnoOf(error) !== "EEXIST") throw error;
    }
  }

  /** Every copy; those that leave while they are listed may be missing. */
  async list(): Promise<TierFile[]> {
    const shards = await namesIn(this.#root);
    const names = (
      await mapParallel(shards, PARALLEL_CALLS, async (shard) =>
        (await namesIn(join(this.#root, shard))).map((name) => join(shard, name)),
      )
    ).flat();
    const found = await mapParallel(names, PARALLEL_CALLS, async (name): Promise<TierFile[]> => {
      try {
        const { size, atimeMs, nlink } = await stat(join(this.#root, name));
        return [{ name, bytes: size, lastUse: atimeMs, isLeased: nlink > 1 }];
      } catch (error) {
        if (errnoOf(error) === "ENOENT") return [];
        throw error;
      }
    });
    return found.flat();
  }

  /** Whoever has leased one keeps it. */
  async remove(files: readonly TierFile[]): Promise<void> {
    await mapParallel(files, PARALLEL_CALLS, ({ name }) => unlessAbsent(unlink(join(this.#root, name))));
  }
}

/** Folders stay small, for a key is looked for by listing one. */
function shardOf(key: string): string {
  return createHash("sha256").update(key).digest("hex").slice(0, 2);
}

function keyOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}

function bytesOf(name: string): number {
  return Number.parseInt(name.slice(name.lastIndexOf(".") + 1), 36);
}

/** Whether it was done; another process may have removed the file. */
async function unlessAbsent(done: Promise<void>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  }
}
