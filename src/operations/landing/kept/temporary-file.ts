import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Gives `work` the path of a file that it may write and that is gone afterwards. */
export async function withTemporaryFile<T>(work: (localPath: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "grizzly-kept-"));
  try {
    return await work(join(folder, "copy.parquet"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
