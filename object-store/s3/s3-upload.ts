import type { FileHandle } from "node:fs/promises";
import { LakeError } from "../../core/index.js";
import { withFile } from "../durable-file.js";
import { fileError } from "../file-error.js";
import type { CallOptions, ObjectPath } from "../object-store.js";
import { uploadParts } from "./s3-multipart.js";
import type { S3Place } from "./s3-place.js";
import { putObject } from "./s3-put.js";

/** Bytes up to which a file is sent in one request. */
const WHOLE = 16 * 1024 * 1024;

/** Makes the bytes of a local file an object. */
export async function uploadFile(
  place: S3Place,
  file: string,
  path: ObjectPath,
  { signal }: CallOptions,
): Promise<void> {
  try {
    await withFile(file, "r", async (handle) => {
      const stats = await handle.stat();
      if (!stats.isFile())
        throw new LakeError("invalid-input", "not-a-file", `${file} is not a regular file`);
      const { size } = stats;
      if (size > WHOLE) {
        await uploadParts(place, path, size, (part) => bytesAt(file, handle, part), signal);
        return;
      }
      await place.connection.uploads.with(signal, async () => {
        await putObject(place, path, await bytesAt(file, handle, { offset: 0, length: size }), { signal });
      });
    });
  } catch (error) {
    throw fileError(error, "upload", file);
  }
}

async function bytesAt(
  file: string,
  handle: FileHandle,
  { offset, length }: { readonly offset: number; readonly length: number },
): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
    if (bytesRead === 0) {
      throw new LakeError("conflict", "file-changed", `${file} became shorter while it was uploaded`);
    }
    filled += bytesRead;
  }
  return bytes;
}
