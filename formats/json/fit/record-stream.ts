import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { LakeError, throwIfCancelled } from "../../../core/index.js";

/** Bytes of a file that are at hand at a time; more only where a record is longer. */
const WINDOW_BYTES = 4 * 1024 * 1024;
const SMALL_FILE_BYTES = 1024 * 1024;
/** A record longer than this is not read. */
export const LONGEST_RECORD_BYTES = 1024 * 1024 * 1024;

/** A stretch of a file. */
export interface Window {
  /** Its bytes, and one behind them that belongs to no value. */
  readonly data: Buffer;
  /** How many of them are the file's. */
  readonly length: number;
  /** Where it begins in the file. */
  readonly offset: number;
  readonly isLast: boolean;
}

/** Takes a window and says how many of its bytes it is done with. */
export type TakeWindow = (window: Window) => number;

/**
 * Shows a file from its start to its end, a window after another. Each begins behind the bytes that were done with,
 * and is longer when there were none. A file that one window holds is read by direct calls, which makes many of them
 * quick.
 *
 * @param afterWindow what is to be waited for before the next one
 * @throws LakeError `unsupported` when a record is too long to be held.
 */
export async function readWindows(
  uri: string,
  localPath: string,
  take: TakeWindow,
  afterWindow: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const small = smallFile(localPath);
  if (small === undefined) {
    await readLargeFile(uri, localPath, take, afterWindow, signal);
    return;
  }
  throwIfCancelled(signal);
  take({ data: small, length: small.length - 1, offset: 0, isLast: true });
  await afterWindow();
}

/** The bytes of a file and one behind them; `undefined` where they are too many. */
function smallFile(localPath: string): Buffer | undefined {
  const descriptor = openSync(localPath, "r");
  try {
    const { size } = fstatSync(descriptor);
    if (size >= SMALL_FILE_BYTES) return undefined;
    const buffer = Buffer.allocUnsafe(size + 2);
    let length = 0;
    for (let read = -1; read !== 0 && length <= size; length += read) {
      read = readSync(descriptor, buffer, length, size + 1 - length, length);
    }
    // It has grown: its end is not the end of a record.
    if (length > size) return undefined;
    buffer[length] = 0;
    return buffer.subarray(0, length + 1);
  } finally {
    closeSync(descriptor);
  }
}

async function readLargeFile(
  uri: string,
  localPath: string,
  take: TakeWindow,
  afterWindow: () => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const file = await open(localPath);
  try {
    const { size } = await file.stat();
    let buffer = Buffer.allocUnsafe(Math.min(WINDOW_BYTES, size + 1) + 1);
    let length = 0;
    let offset = 0;
    for (;;) {
      throwIfCancelled(signal);
      const { bytesRead } = await file.read(buffer, length, buffer.length - 1 - length);
      length += bytesRead;
      const isLast = bytesRead === 0;
      buffer[length] = 0;
      const taken = take({ data: buffer.subarray(0, length + 1), length, offset, isLast });
      await afterWindow();
      if (isLast) return;
      buffer.copy(buffer, 0, taken, length);
      length -= taken;
      offset += taken;
      if (length === buffer.length - 1) buffer = longer(uri, buffer);
    }
  } finally {
    await file.close();
  }
}

function longer(uri: string, buffer: Buffer): Buffer<ArrayBuffer> {
  if (buffer.length > LONGEST_RECORD_BYTES) {
    throw new LakeError("unsupported", "record-size", `${uri}: a record is longer than 1 GiB`, {
      context: { file: uri },
    });
  }
  const wider = Buffer.allocUnsafe(buffer.length * 2);
  buffer.copy(wider);
  return wider;
}
