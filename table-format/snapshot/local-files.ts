import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { mapParallel } from "../../core/index.js";
import type { ObjectPath, ObjectStore } from "../../object-store/index.js";

/** Objects fetched at a time. */
const PARALLEL_GETS = 16;

/** Objects as local files, in order. */
export interface LocalFiles {
  readonly files: readonly string[];
  /** Deletes what was copied. */
  release(): Promise<void>;
}

/**
 * Objects as local files: their own files where the store is local, copies that live until they are released
 * where it is not.
 *
 * @throws LakeError of the store; `not-found` only where it is not local.
 */
export async function fetchLocalFiles(
  store: ObjectStore,
  objects: readonly ObjectPath[],
  signal?: AbortSignal,
): Promise<LocalFiles> {
  const own = objects.map((object) => store.localPath(object));
  if (own.every((file) => file !== undefined)) return { files: own, release: async () => {} };

  const folder = await mkdtemp(path.join(os.tmpdir(), "grizzly-log-"));
  const release = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const files = await mapParallel(
      objects.entries(),
      PARALLEL_GETS,
      async ([index, object]) => {
        const copy = path.join(folder, `${index}-${path.posix.basename(object)}`);
        await writeFile(copy, await store.get(object, { signal }));
        return copy;
      },
      signal,
    );
    return { files, release };
  } catch (error) {
    await release();
    throw error;
  }
}

/** Gives `work` objects as local files, for as long as it runs; see {@link fetchLocalFiles}. */
export async function withLocalFiles<T>(
  store: ObjectStore,
  objects: readonly ObjectPath[],
  work: (files: readonly string[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const local = await fetchLocalFiles(store, objects, signal);
  try {
    return await work(local.files);
  } finally {
    await local.release();
  }
}
