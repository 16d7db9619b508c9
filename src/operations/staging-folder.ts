import { rmSync } from "node:fs";
import { mkdir, rm, rmdir } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { isLakeError, LakeError, newUuid } from "../../core/index.js";
import {
  newProcessFolder,
  type ObjectPath,
  objectPath,
  sweepProcessFolders,
} from "../../object-store/index.js";
import type { DeltaTable } from "../../table-format/index.js";
import { tierOptions } from "../cache-options.js";

/** Folders of this process, by what they lie in. */
const OWN = new Map<string, Promise<string>>();
const OWN_PATHS = new Set<string>();

/** The table's folder on the local disk, without a slash at its end; `undefined` for a table that is far away. */
export function localTableFolder({ folder: { store } }: DeltaTable): string | undefined {
  return store.localPath(objectPath("x"))?.slice(0, -2);
}

/**
 * Where a write puts its data files before they become objects: in the table's own folder where that is local, else in
 * an empty folder of this write alone, which goes when they have ({@link removeEmptied}).
 *
 * Data files may be large and nobody else's business, so they are staged where the copies of files are kept, not in
 * the folder for temporary files, which is memory on many a machine.
 */
export async function folderToWrite(table: DeltaTable): Promise<string> {
  const local = localTableFolder(table);
  if (local !== undefined) return local;
  const folder = join(await ownFolder(table), newUuid());
  await mkdir(folder, { recursive: true });
  return folder;
}

/** The object that a file in a {@link folderToWrite} becomes. */
export async function stagedPath(table: DeltaTable, localFile: string): Promise<ObjectPath> {
  const local = localTableFolder(table);
  if (local !== undefined) return objectPath(localFile.slice(local.length + 1));
  const inside = localFile.slice((await ownFolder(table)).length + 1);
  return objectPath(inside.slice(inside.indexOf("/") + 1));
}

/** Removes the folders of a write whose files became objects, and are gone; those of a local table stay. */
export async function removeEmptied(table: DeltaTable, localFiles: readonly string[]): Promise<void> {
  if (localFiles.length === 0 || localTableFolder(table) !== undefined) return;
  const own = await ownFolder(table);
  for (const folder of new Set(localFiles.map(dirname))) await removeEmpty(folder, own);
}

/** Removes the folder of a write that failed, or wrote nothing; a table's own folder stays. */
export async function removeWriteFolder(table: DeltaTable, folder: string): Promise<void> {
  if (localTableFolder(table) === undefined) await rm(folder, { recursive: true, force: true });
}

/**
 * Deletes files that are in no version, staged or objects already. An object that the store does not delete, for it
 * does not answer or denies it, stays: it is what a listing of the table's folder finds beside the files of the log, and what is told is why it came to this.
 */
export async function discardFiles(table: DeltaTable, localFiles: readonly string[]): Promise<void> {
  if (localFiles.length === 0) return;
  for (const file of localFiles) await rm(file, { force: true });
  if (localTableFolder(table) !== undefined) return;
  await removeEmptied(table, localFiles);
  const objects = await Promise.all(localFiles.map((file) => stagedPath(table, file)));
  try {
    await table.folder.store.delete(objects);
  } catch (error) {
    if (!isLakeError(error) || error.kind === "internal") throw error;
  }
}

async function removeEmpty(folder: string, upTo: string): Promise<void> {
  for (let at = folder; at.length > upTo.length && at.startsWith(upTo); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOTEMPTY" || code === "EEXIST") return;
      if (code !== "ENOENT") throw error;
    }
  }
}

/** The folder of this process. Those of processes that ended before they removed theirs are removed on the way. */
async function ownFolder({ folder: { tier } }: DeltaTable): Promise<string> {
  const tierFolder = tier?.directory ?? tierOptions({}, process.env, homedir(), process.cwd()).directory;
  const directory = join(tierFolder, "staging");
  const known = OWN.get(directory) ?? makeOwnFolder(directory);
  OWN.set(directory, known);
  try {
    return await known;
  } catch (error) {
    OWN.delete(directory);
    throw error;
  }
}

async function makeOwnFolder(directory: string): Promise<string> {
  try {
    const folder = join(directory, await newProcessFolder());
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (OWN_PATHS.size === 0) process.on("exit", removeOwnFolders);
    OWN_PATHS.add(folder);
    await sweepProcessFolders(directory, Date.now());
    return folder;
  } catch (error) {
    throw new LakeError(
      "unavailable",
      "staging-folder",
      `cannot write ${directory}: data files are staged there`,
      {
        context: { directory },
        hint: "Name a folder that can be written by GRIZZLY_CACHE_DIR or the option cache.directory.",
        cause: error,
      },
    );
  }
}

function removeOwnFolders(): void {
  for (const folder of OWN_PATHS) rmSync(folder, { recursive: true, force: true });
}
