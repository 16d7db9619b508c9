import { createHash } from "node:crypto";
import { closeSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { LakeError, mapParallel, messageOf, throwIfCancelled } from "../../core/index.js";
import { eachFile } from "./file-stamp.js";
import { isAbsent, sourceVanished } from "./source-failure.js";
import type { SourceFile } from "./source-file.js";

/** Bytes of a file that is read in one go. */
const SMALL = 64 * 1024;
/** Bytes of one read of a larger file. */
const READ_BYTES = 1024 * 1024;
/** Larger files that are read at a time. */
const PARALLEL_FILES = 4;
/** Hexadecimal digits of a hash: 16 bytes. */
const DIGITS = 32;

/** A file to hash: where its bytes are, and what messages call it. */
export type HashedFile = Pick<SourceFile, "localPath" | "uri">;

/**
 * The first 16 bytes of the SHA-256 of a regular file's bytes, in hexadecimal.
 *
 * @throws LakeError `not-found` (`source-vanished`) when the file is gone, `unavailable` when it cannot be read.
 */
export async function hashFile(localPath: string, signal?: AbortSignal): Promise<string> {
  const [hash] = await hashFiles([{ localPath, uri: localPath }], signal);
  if (hash === undefined) throw new LakeError("internal", "no-hash", `${localPath} was not hashed`);
  return hash;
}

/** As {@link hashFile}, of many files, in order. */
export async function hashFiles(files: readonly HashedFile[], signal?: AbortSignal): Promise<string[]> {
  const hashes: string[] = [];
  const larger: { readonly index: number; readonly file: HashedFile }[] = [];
  const buffer = Buffer.allocUnsafe(SMALL);
  await eachFile(
    files,
    (file) => {
      const hash = hashOfSmall(file, buffer);
      if (hash === undefined) larger.push({ index: hashes.length, file });
      hashes.push(hash ?? "");
    },
    signal,
  );
  await mapParallel(
    larger,
    PARALLEL_FILES,
    async ({ index, file }) => {
      hashes[index] = await hashOfLarge(file, signal);
    },
    signal,
  );
  return hashes;
}

/** `undefined` for a file that fills the buffer. */
function hashOfSmall(file: HashedFile, buffer: Buffer): string | undefined {
  try {
    const descriptor = openSync(file.localPath, "r");
    try {
      let filled = 0;
      while (filled < buffer.length) {
        const count = readSync(descriptor, buffer, filled, buffer.length - filled, filled);
        if (count === 0) break;
        filled += count;
      }
      if (filled === buffer.length) return undefined;
      return createHash("sha256").update(buffer.subarray(0, filled)).digest("hex").slice(0, DIGITS);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw readFailure(file.uri, error);
  }
}

async function hashOfLarge(file: HashedFile, signal: AbortSignal | undefined): Promise<string> {
  const hash = createHash("sha256");
  try {
    const handle = await open(file.localPath);
    try {
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      for (;;) {
        throwIfCancelled(signal);
        const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, null);
        if (bytesRead === 0) return hash.digest("hex").slice(0, DIGITS);
        hash.update(buffer.subarray(0, bytesRead));
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw readFailure(file.uri, error);
  }
}

function readFailure(uri: string, error: unknown): unknown {
  if (error instanceof LakeError) return error;
  if (isAbsent(error)) return sourceVanished(uri, error);
  return new LakeError("unavailable", "source-read", `cannot read ${uri}: ${messageOf(error)}`, {
    context: { file: uri },
    cause: error,
  });
}
