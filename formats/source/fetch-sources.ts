import { isLakeError, LakeError, mapParallel } from "../../core/index.js";
import {
  type FetchOptions,
  isObjectAbsent,
  type LocalTier,
  type ObjectLease,
} from "../../object-store/index.js";
import { type DiscoveredSource, isLocalSource, type RemoteSource } from "./remote-source.js";
import type { SourceFile } from "./source-file.js";

/** Sources as files of the local disk, until they are released. */
export interface HeldSources {
  /** In the order of the sources. */
  readonly files: readonly SourceFile[];
  release(): Promise<void>;
}

export interface HoldOptions extends FetchOptions {
  /** `false` for objects that nobody asks for again: their copies go when they are released. Default `true`. */
  readonly keep?: boolean | undefined;
}

/** Objects that are fetched at a time; the stores themselves bound their connections. */
const PARALLEL_OBJECTS = 64;

/**
 * Brings sources to the local disk. Those that are far away come whole, as copies of the local tier: what was fetched
 * before and is there still is not fetched again. They are not larger than all of these sources, whatever the tier may
 * hold; whoever takes very many takes them in parts.
 *
 * @throws LakeError `unavailable` `source-changed` naming an object that is not the one that was found any more;
 *   otherwise what the store and the tier throw. Nothing is held then.
 */
export async function holdSources(
  tier: LocalTier,
  sources: readonly DiscoveredSource[],
  options: HoldOptions = {},
): Promise<HeldSources> {
  const local = sources.filter(isLocalSource);
  if (local.length === sources.length) return { files: local, release: async () => {} };
  const leases: ObjectLease[] = [];
  const release = async (): Promise<void> => {
    await mapParallel(leases.splice(0), PARALLEL_OBJECTS, (lease) => lease.release());
  };
  try {
    const files = await mapParallel(
      sources,
      PARALLEL_OBJECTS,
      async (source) => {
        if (isLocalSource(source)) return source;
        const lease = await tier.leaseObject(source.object, options);
        leases.push(lease);
        await whileFound(source, () => lease.fetch("all", options));
        return fetchedFile(source, lease.localPath);
      },
      options.signal,
    );
    return { files, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Codes of an object that has another content than the one that was found; of one without a tag its size tells. */
const REPLACED: ReadonlySet<string> = new Set(["object-changed", "object-size"]);

/**
 * Does what fetches bytes of a source.
 *
 * @throws LakeError `unavailable` `source-changed` where they are not those of the object that was found any more.
 */
export async function whileFound<T>({ uri }: RemoteSource, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isGone = isObjectAbsent(error);
    if (!isGone && !(isLakeError(error) && REPLACED.has(error.code))) throw error;
    throw new LakeError(
      "unavailable",
      "source-changed",
      `${uri} ${isGone ? "vanished" : "was replaced"} since it was found`,
      { context: { file: uri }, hint: "It was not read. Run it again.", cause: error },
    );
  }
}

/** The source as a local file that holds what was fetched of it. */
export function fetchedFile(source: RemoteSource, localPath: string): SourceFile {
  const { uri, identity, size, modificationTime, object } = source;
  return { uri, identity, localPath, size, modificationTime, origin: object };
}
