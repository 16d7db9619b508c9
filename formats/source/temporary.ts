import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { cancelledError } from "../../core/index.js";

/** A folder of its own in the operating system's temporary folder. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes the folder and what lies in it. */
  dispose(): Promise<void>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "grizzly-source-"));
  return { path, dispose: () => rm(path, { recursive: true, force: true }) };
}

/** Writes a stream of bytes to a new file in a folder of its own; nothing is left when it fails. */
export async function spool(
  chunks: AsyncIterable<Uint8Array> | Readable,
  fileName: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly localPath: string; readonly dispose: () => Promise<void> }> {
  const folder = await temporaryFolder();
  const localPath = join(folder.path, fileName);
  try {
    await pipeline(chunks, createWriteStream(localPath), signal === undefined ? {} : { signal });
    return { localPath, dispose: folder.dispose };
  } catch (error) {
    await folder.dispose();
    throw signal?.aborted ? cancelledError(signal) : error;
  }
}
