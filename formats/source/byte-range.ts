import { type FileHandle, open } from "node:fs/promises";

/** `length` bytes of a file from `offset`; fewer where the file ends. */
export async function readBytes(localPath: string, offset: number, length: number): Promise<Uint8Array> {
  const handle = await open(localPath);
  try {
    return await readAt(handle, offset, length);
  } finally {
    await handle.close();
  }
}

/** As {@link readBytes}, of an open file. */
export async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const buffer = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, offset + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
