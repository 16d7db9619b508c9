import { constants, copyFile, type FileHandle, open, unlink } from "node:fs/promises";
import { join } from "node:path";
import { LakeError, newUuid } from "../core/index.js";
import { errnoOf } from "./file-error.js";

const WINDOWS = process.platform === "win32";
const TEMPORARY_NAME = /^\.grizzly-[0-9a-f-]{36}\.tmp$/;

/** A fresh name for a file that is not an object yet. */
export function temporaryName(): string {
  return `.grizzly-${newUuid()}.tmp`;
}

/** Whether a file of that name is a write in progress, or was one when its process died. */
export function isTemporaryName(name: string): boolean {
  return TEMPORARY_NAME.test(name);
}

/** Fills a temporary file in `directory`, lends it to `publish`, and removes what is left of it. */
export async function withTemporaryFile<T>(
  directory: string,
  fill: (temporary: string) => Promise<void>,
  publish: (temporary: string) => Promise<T>,
): Promise<T> {
  const temporary = join(directory, temporaryName());
  let result: T;
  try {
    await fill(temporary);
    result = await publish(temporary);
  } catch (error) {
    await removeAfter(error, temporary);
    throw error;
  }
  await removeIfPresent(temporary);
  return result;
}

async function removeAfter(failure: unknown, file: string): Promise<void> {
  try {
    await removeIfPresent(file);
  } catch (error) {
    throw new LakeError("unavailable", "file-io", `cannot write ${file}, nor remove what was written`, {
      cause: new AggregateError([failure, error]),
    });
  }
}

/** Removes a file, which a publisher may have moved away already. */
async function removeIfPresent(file: string): Promise<void> {
  try {
    await unlink(file);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

/** Writes a new file, durable but for its name, or not durable at all. */
export async function writeNewFile(file: string, data: Uint8Array, durable = true): Promise<void> {
  await withFile(file, "wx", async (handle) => {
    await handle.writeFile(data);
    if (durable) await handle.sync();
  });
}

/** Copies a file to a new one, durable but for its name. */
export async function copyToNewFile(source: string, file: string): Promise<void> {
  await copyFile(source, file, constants.COPYFILE_EXCL);
  await syncFile(file);
}

/**
 * Makes the bytes of a finished file durable.
 *
 * @throws LakeError `invalid-input` when it is not a regular file.
 */
export async function syncFile(file: string): Promise<void> {
  // Windows flushes only what is open for writing; elsewhere the file may be read-only, and opening
  // a pipe must not wait for its other end.
  const flags = WINDOWS ? constants.O_RDWR : constants.O_RDONLY | constants.O_NONBLOCK;
  await withFile(file, flags, async (handle) => {
    if (!(await handle.stat()).isFile()) {
      throw new LakeError("invalid-input", "not-a-file", `${file} is not a regular file`);
    }
    await handle.sync();
  });
}

/** Makes the names in a directory durable. Windows has no such call: NTFS journals its names. */
export async function syncDirectory(directory: string): Promise<void> {
  if (!WINDOWS) await withFile(directory, constants.O_RDONLY, (handle) => handle.sync());
}

export async function withFile<T>(
  file: string,
  flags: string | number,
  work: (handle: FileHandle) => Promise<T>,
): Promise<T> {
  const handle = await open(file, flags);
  try {
    return await work(handle);
  } finally {
    await handle.close();
  }
}
