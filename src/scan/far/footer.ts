import { open } from "node:fs/promises";
import type { FetchOptions, ObjectLease } from "../../../object-store/index.js";

/** The length of the footer and the magic number (parquet-format README.md, "File format"). */
const END_BYTES = 8;
const MAGIC = "PAR1";
const MIN_TAIL = 32 * 1024;
/** A footer takes about 90 bytes a column chunk, which is a thousandth of the file where chunks have 90 KB. */
const TAIL_SHARE = 1024;

/** The end of a file that is at hand. */
export interface FileTail {
  /** Where it begins, in bytes. */
  readonly start: number;
  /** Where the footer begins; the end of the file, less eight bytes, where there is none. */
  readonly dataEnd: number;
}

/**
 * Brings the footer of a Parquet file: in one request nearly always, in two where it is longer than expected.
 *
 * @param size bytes of the file
 */
export async function fetchFooter(
  lease: ObjectLease,
  size: number,
  options: FetchOptions,
): Promise<FileTail> {
  const length = Math.min(size, Math.max(MIN_TAIL, Math.ceil(size / TAIL_SHARE)));
  const start = size - length;
  await lease.fetch([{ offset: start, length }], options);
  const dataEnd = await footerStart(lease.localPath, size);
  if (dataEnd >= start) return { start, dataEnd };
  await lease.fetch([{ offset: dataEnd, length: start - dataEnd }], options);
  return { start: dataEnd, dataEnd };
}

async function footerStart(localPath: string, size: number): Promise<number> {
  const none = Math.max(0, size - END_BYTES);
  const handle = await open(localPath, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(END_BYTES), 0, END_BYTES, none);
    const isParquet =
      bytesRead === END_BYTES && buffer.toString("latin1", END_BYTES - MAGIC.length) === MAGIC;
    // A file that is damaged is for the engine to refuse.
    return isParquet ? Math.max(0, none - buffer.readUInt32LE(0)) : none;
  } finally {
    await handle.close();
  }
}
