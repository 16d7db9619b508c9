import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { ObjectPath, ObjectStore } from "../../object-store/index.js";

/**
 * Gives `work` the objects as local files, in order: their own files where the store is local, copies
 * that live as long as `work` runs where it is not.
 */
export async function withLocalFiles<T>(
  store: ObjectStore,
  objects: readonly ObjectPath[],
  work: (files: readonly string[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const own = objects.map((object) => store.localPath(object));
  if (own.every((file) => file !== undefined)) return work(own);

  const folder = await mkdtemp(path.join(os.tmpdir(), "grizzly-log-"));
  try {
    const copies: string[] = [];
    for (const [index, object] of objects.entries()) {
      const copy = path.join(folder, `${index}-${path.posix.basename(object)}`);
      await writeFile(copy, await store.get(object, { signal }));
      copies.push(copy);
    }
    return await work(copies);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
