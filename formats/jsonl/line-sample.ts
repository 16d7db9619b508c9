import { open } from "node:fs/promises";

const NEWLINE = 0x0a;

/** Bytes taken from the start of a large file, and from each of the places spread over the rest. */
const HEAD_BYTES = 256 * 1024;
const PLACE_BYTES = 64 * 1024;
const PLACES = 16;

/** A file of at most this many bytes is its own sample. */
export const WHOLE_FILE_BYTES = 4 * 1024 * 1024;

/**
 * Writes whole lines from the start, from places spread evenly and from the end of a file of lines to
 * `target`. A key or a type that sets in late is then known before the file is read in earnest.
 */
export async function sampleLines(localPath: string, size: number, target: string): Promise<void> {
  const source = await open(localPath);
  try {
    const sample = await open(target, "wx");
    try {
      const step = (size - HEAD_BYTES - PLACE_BYTES) / (PLACES - 1);
      const starts = Array.from({ length: PLACES }, (_, place) => Math.trunc(HEAD_BYTES + place * step));
      for (const [offset, length] of [
        [0, HEAD_BYTES] as const,
        ...starts.map((start) => [start, PLACE_BYTES] as const),
      ]) {
        const { buffer, bytesRead } = await source.read(Buffer.alloc(length), 0, length, offset);
        const data = buffer.subarray(0, bytesRead);
        // The first line of a place may have begun before it, the last may go on after it.
        const begin = offset === 0 ? 0 : data.indexOf(NEWLINE) + 1;
        const end = offset + bytesRead === size ? data.length : data.lastIndexOf(NEWLINE) + 1;
        if (end > begin) await sample.appendFile(data.subarray(begin, end));
      }
      await sample.appendFile("\n");
    } finally {
      await sample.close();
    }
  } finally {
    await source.close();
  }
}
