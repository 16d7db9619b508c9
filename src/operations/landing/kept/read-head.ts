import { open } from "node:fs/promises";
import { LakeError } from "../../../../core/index.js";
import type { SourceFile } from "../../../../formats/index.js";

const HEAD_BYTES = 4;

/** The first bytes of a file. @throws LakeError `unavailable`. */
export async function readHead({ localPath, uri }: SourceFile): Promise<Uint8Array> {
  try {
    const handle = await open(localPath, "r");
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new LakeError("unavailable", "source-read", `cannot read ${uri}`, {
      context: { file: uri },
      cause: error,
    });
  }
}
