import { isLakeError, LakeError } from "../../core/index.js";
import {
  isObjectPath,
  type ObjectMeta,
  type ObjectStore,
  objectPath,
  type StoreOpener,
} from "../../object-store/index.js";
import { globToRegExp, isGlob } from "./glob.js";
import type { RemoteLocation, RemoteSource } from "./remote-source.js";

export interface RemoteDiscovery {
  readonly openStore: StoreOpener;
  /** Whether a prefix or a pattern may be without objects. */
  readonly mayBeEmpty: boolean;
  readonly signal: AbortSignal | undefined;
}

/** The objects that a listing gave, and whether it gave any that were left out. */
interface Listed {
  readonly sources: readonly RemoteSource[];
  readonly leftOut: boolean;
}

/**
 * The objects that a place names, sorted by their URIs: an object, all below a prefix, or those that a pattern
 * matches, by the rules of files and folders. What is listed lies below the longest part of the name that is no pattern.
 *
 * @param arg the place as a person gave it
 * @throws LakeError `not-found` (`no-source`) where there are none; `unsupported` (`source-scheme`) where no store has
 *   such a scheme; what the store throws.
 */
export async function discoverRemote(
  arg: string,
  { root, key }: RemoteLocation,
  options: RemoteDiscovery,
): Promise<RemoteSource[]> {
  const store = storeAt(root, options.openStore);
  const { sources, leftOut } = isGlob(key)
    ? await matching(store, key, options)
    : await objectOrBelow(store, key, options);
  if (sources.length > 0 || options.mayBeEmpty) {
    return sources.toSorted((a, b) => (a.uri < b.uri ? -1 : a.uri > b.uri ? 1 : 0));
  }
  if (leftOut && !isGlob(key)) {
    throw new LakeError("not-found", "no-source", `the prefix ${arg} holds no files to read`, {
      context: { file: arg },
      hint: "Names that begin with '_' or '.' are left out.",
    });
  }
  throw new LakeError("not-found", "no-source", `no object matches ${arg}`, { context: { file: arg } });
}

function storeAt(root: string, openStore: StoreOpener): ObjectStore {
  try {
    return openStore(root);
  } catch (error) {
    throw isLakeError(error) && error.code === "store-scheme" ? noStore(root, error) : error;
  }
}

/** The error for a place of a kind that nothing is read from. */
export function noStore(name: string, cause?: unknown): LakeError {
  const scheme = name.slice(0, name.indexOf("://"));
  return new LakeError("unsupported", "source-scheme", `files at ${scheme}:// cannot be read`, {
    context: { scheme },
    hint: "Copy the files to the local disk first.",
    cause,
  });
}

/** The object of a key that holds metacharacters goes before what it matches as a pattern. */
async function matching(store: ObjectStore, pattern: string, options: RemoteDiscovery): Promise<Listed> {
  const matcher = globToRegExp(pattern);
  const prefix = pattern.slice(0, pattern.search(/[*?[{]/));
  const sources: RemoteSource[] = [];
  for await (const meta of store.list(prefix, options)) {
    if (meta.path === pattern) return { sources: [remoteSource(store, meta)], leftOut: false };
    if (matcher.test(meta.path)) sources.push(remoteSource(store, meta));
  }
  return { sources, leftOut: false };
}

async function objectOrBelow(store: ObjectStore, key: string, options: RemoteDiscovery): Promise<Listed> {
  if (isObjectPath(key)) {
    const meta = await store.head(objectPath(key), options);
    if (meta !== undefined) return { sources: [remoteSource(store, meta)], leftOut: false };
  }
  const prefix = key.replace(/(?<!\/)\/*$/, key === "" ? "" : "/");
  const sources: RemoteSource[] = [];
  let leftOut = false;
  for await (const meta of store.list(prefix, options)) {
    if (isIngestible(meta.path.slice(prefix.length))) sources.push(remoteSource(store, meta));
    else leftOut = true;
  }
  return { sources, leftOut };
}

function isIngestible(path: string): boolean {
  return path.split("/").every((name) => !name.startsWith("_") && !name.startsWith("."));
}

const SECOND_MS = 1_000;

function remoteSource(store: ObjectStore, { path, size, lastModified, etag }: ObjectMeta): RemoteSource {
  const uri = `${store.uri.replace(/\/+$/, "")}/${path}`;
  // Of one object a listing may tell parts of a second and a look at it by itself may not.
  const modificationTime = etag === undefined ? lastModified : lastModified - (lastModified % SECOND_MS);
  return { uri, identity: uri, size, modificationTime, object: { store, path, size, etag } };
}
