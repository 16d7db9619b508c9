import { homedir } from "node:os";
import path from "node:path";
import { LakeError } from "../core/index.js";
import { LocalTier, type LocalTierOptions, type TierUsage } from "../object-store/index.js";

/** Where copies of files are kept that are costly to make, such as those of Avro and JSONL files for queries. */
export interface CacheOptions {
  /** Shared by every process that names it; default GRIZZLY_CACHE_DIR, else `grizzly-lake` in XDG_CACHE_HOME or `~/.cache`. */
  readonly directory?: string | undefined;
  /** Bytes that it may hold; default GRIZZLY_CACHE_SIZE (`10gb`, `512MiB`), else 10 GiB. */
  readonly maxBytes?: number | undefined;
}

/** The copies that lakes of this user share. */
export interface Cache {
  usage(): Promise<TierUsage>;
  /** Removes all copies, whoever reads them; they are made again when they are needed. @returns what was removed */
  wipe(): Promise<TierUsage>;
}

const DEFAULT_BYTES = 10 * 1024 ** 3;
const POWERS = ["", "k", "m", "g", "t", "p"];

/** Opens the cache by itself, without a lake. It need not be closed. */
export function openCache(options: CacheOptions = {}): Cache {
  return new LocalTier(tierOptions(options, process.env, homedir(), process.cwd()));
}

/**
 * Pure: what is asked for, with the environment's and the default in the places that are left open.
 *
 * @throws LakeError `invalid-input` for a size that is none.
 */
export function tierOptions(
  { directory, maxBytes }: CacheOptions,
  env: Readonly<Record<string, string | undefined>>,
  home: string,
  folder: string,
): LocalTierOptions {
  // "All paths set in these environment variables must be absolute" (XDG Base Directory Specification): others are ignored.
  const xdg = env["XDG_CACHE_HOME"];
  const caches = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(home, ".cache");
  const named = directory ?? (env["GRIZZLY_CACHE_DIR"] || path.join(caches, "grizzly-lake"));
  return { directory: path.resolve(folder, named), maxBytes: bytesAsked(maxBytes, env) };
}

function bytesAsked(maxBytes: number | undefined, env: Readonly<Record<string, string | undefined>>): number {
  const text = env["GRIZZLY_CACHE_SIZE"];
  if (maxBytes === undefined) return text === undefined || text === "" ? DEFAULT_BYTES : sizeOf(text);
  if (Number.isFinite(maxBytes) && maxBytes >= 0) return maxBytes;
  throw new LakeError("invalid-input", "cache-size", `cache.maxBytes is not a number of bytes: ${maxBytes}`);
}

function sizeOf(text: string): number {
  const [, amount = "", power = "", binary] = /^\s*(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?\s*$/i.exec(text) ?? [];
  if (amount === "" || (power === "" && binary !== "")) {
    throw new LakeError(
      "invalid-input",
      "cache-size",
      `GRIZZLY_CACHE_SIZE is not an amount of bytes: ${JSON.stringify(text)}`,
      { hint: "For example: GRIZZLY_CACHE_SIZE=20gb" },
    );
  }
  const base = binary === "" ? 1000 : 1024;
  return Math.round(Number(amount) * base ** POWERS.indexOf(power.toLowerCase()));
}
