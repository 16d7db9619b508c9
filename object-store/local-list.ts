import type { Dirent, Stats } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { LakeError, throwIfCancelled } from "../core/index.js";
import { isTemporaryName } from "./durable-file.js";
import { fileError, isAbsence } from "./file-error.js";
import { compareUtf8, isObjectPath, objectPath } from "./object-path.js";
import type { ObjectMeta, ObjectPath } from "./object-store.js";

const STATS_AT_A_TIME = 64;

interface Listing {
  readonly root: string;
  readonly prefix: string;
  readonly startAfter: string;
  readonly signal: AbortSignal | undefined;
}

/** A file by its path, or a folder by its path and a slash: what all paths inside it begin with. */
interface Entry {
  readonly key: string;
  readonly isFolder: boolean;
}

/** The objects of a local store in the order of {@link compareUtf8}, one folder in memory at a time. */
export async function* listFiles(listing: Listing): AsyncGenerator<ObjectMeta> {
  const folder = listing.prefix.slice(0, listing.prefix.lastIndexOf("/") + 1);
  // No object path begins like `../`, `/` or `a//`, and such a prefix must not lead out of the root.
  if (folder !== "" && !isObjectPath(folder.slice(0, -1))) return;
  yield* listFolder(listing, folder);
}

async function* listFolder(listing: Listing, folder: string): AsyncGenerator<ObjectMeta> {
  throwIfCancelled(listing.signal);
  const entries = await entriesOf(listing, folder);
  for (let start = 0; start < entries.length; start += STATS_AT_A_TIME) {
    const batch = entries.slice(start, start + STATS_AT_A_TIME);
    const objects = await Promise.all(
      batch.map(({ key, isFolder }) => (isFolder ? undefined : headFile(listing.root, objectPath(key)))),
    );
    for (const [i, { key, isFolder }] of batch.entries()) {
      throwIfCancelled(listing.signal);
      const object = objects[i];
      if (isFolder) yield* listFolder(listing, key);
      else if (object !== undefined) yield object;
    }
  }
}

/**
 * The wanted entries of one folder. Sorting folders with their slash sorts whole paths: `a-b` comes
 * before `a/x`, and `a/x` before `a0`.
 */
async function entriesOf(listing: Listing, folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (const dirent of await readFolder(join(listing.root, folder))) {
    const key = folder + dirent.name;
    const wantsFile = !isTemporaryName(dirent.name) && mayHoldWanted(listing, key);
    const wantsFolder = mayHoldWanted(listing, `${key}/`);
    if (!wantsFile && !wantsFolder) continue;
    checkName(listing.root, key);
    const target = dirent.isSymbolicLink() ? await statFile(join(listing.root, key)) : dirent;
    if (wantsFile && target?.isFile()) entries.push({ key, isFolder: false });
    if (wantsFolder && target?.isDirectory()) entries.push({ key: `${key}/`, isFolder: true });
  }
  return entries.sort((a, b) => compareUtf8(a.key, b.key));
}

/** Whether an object at `key`, or under it when it ends in a slash, can be in the listing. */
function mayHoldWanted({ prefix, startAfter }: Listing, key: string): boolean {
  if (!key.startsWith(prefix)) return false;
  return compareUtf8(key, startAfter) > 0 || (key.endsWith("/") && startAfter.startsWith(key));
}

function checkName(root: string, key: string): void {
  if (!key.includes("\uFFFD")) return;
  throw new LakeError("unsupported", "file-name-encoding", `the name of ${join(root, key)} is not UTF-8`, {
    context: { file: join(root, key) },
    hint: "Rename the file.",
  });
}

async function readFolder(directory: string): Promise<Dirent[]> {
  try {
    return await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if (isAbsence(error)) return [];
    throw fileError(error, "list", directory);
  }
}

/** What lies at a local path, links followed; `undefined` when nothing does. */
export async function statFile(file: string): Promise<Stats | undefined> {
  try {
    return await stat(file);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw fileError(error, "read", file);
  }
}

/** The object at a path of the store under `root`. Folders, pipes and devices are no objects. */
export async function headFile(root: string, path: ObjectPath): Promise<ObjectMeta | undefined> {
  const stats = await statFile(join(root, path));
  if (!stats?.isFile()) return undefined;
  return { path, size: stats.size, lastModified: Math.trunc(stats.mtimeMs), etag: fileEtag(stats) };
}

/** A file that is replaced gets another inode, or one that was given back and another time, to the nanosecond. */
export function fileEtag({ ino, mtimeMs, size }: Pick<Stats, "ino" | "mtimeMs" | "size">): string {
  return `${ino.toString(36)}-${mtimeMs}-${size.toString(36)}`;
}
