import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { mapParallel } from "../../core/index.js";
import type { ObjectPath, ObjectStore } from "../../object-store/index.js";

/** A data file to look at. */
export interface StoredFile {
  readonly store: ObjectStore;
  readonly path: ObjectPath;
  /** Whether every byte of it is read; else the footer of a Parquet file alone. */
  readonly whole: boolean;
}

const PARALLEL_FILES = 16;
/** The footer of most files, and no more than a request takes anyhow. */
const TAIL_BYTES = 64 * 1024;
/** The length of the footer, and `PAR1` (parquet-format, "File format"). */
const END_BYTES = 8;
const MAGIC = "PAR1";

/**
 * Gives `work` files as local files, in order, for as long as it runs: their own where they are local, else copies. The
 * copy of a file whose footer alone is read is as large as the file and has holes where the rest is.
 */
export async function withStoredFiles<T>(
  files: readonly StoredFile[],
  work: (localFiles: readonly string[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const own = files.map(({ store, path }) => store.localPath(path));
  if (own.every((file) => file !== undefined)) return work(own);
  const folder = await mkdtemp(join(tmpdir(), "grizzly-fsck-"));
  try {
    const localFiles = await mapParallel(
      files.entries(),
      PARALLEL_FILES,
      async ([index, file]) => {
        const local = own[index];
        if (local !== undefined) return local;
        const copy = join(folder, `${index}-${basename(file.path)}`);
        await (file.whole ? copyWhole(file, copy, signal) : copyFooter(file, copy, signal));
        return copy;
      },
      signal,
    );
    return await work(localFiles);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function copyWhole(
  { store, path }: StoredFile,
  copy: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  await writeFile(copy, await store.get(path, { signal }));
}

async function copyFooter(
  { store, path }: StoredFile,
  copy: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const tail = await store.read(path, { range: { suffix: TAIL_BYTES }, signal });
  const known = tail.bytes.length;
  const wanted = Math.min(footerBytes(tail.bytes), tail.size);
  const handle = await open(copy, "wx");
  try {
    await handle.truncate(tail.size);
    await handle.write(tail.bytes, 0, known, tail.size - known);
    if (wanted <= known) return;
    const range = { offset: tail.size - wanted, length: wanted - known };
    const rest = await store.read(path, { range, ifMatch: tail.etag, signal });
    await handle.write(rest.bytes, 0, rest.bytes.length, range.offset);
  } finally {
    await handle.close();
  }
}

/** Bytes from the footer on, as the end of a file tells them; 0 where that is no end of a Parquet file. Pure. */
export function footerBytes(tail: Uint8Array): number {
  if (tail.length < END_BYTES) return 0;
  const end = Buffer.from(tail.buffer, tail.byteOffset + tail.length - END_BYTES, END_BYTES);
  return end.toString("latin1", 4) === MAGIC ? end.readUInt32LE(0) + END_BYTES : 0;
}
