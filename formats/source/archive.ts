import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createInflateRaw } from "node:zlib";
import { crc32, isLakeError, LakeError, messageOf } from "../../core/index.js";
import { readBytes } from "./byte-range.js";
import type { SourceFile } from "./source-file.js";
import { spool } from "./temporary.js";
import { findZipDirectory, MAX_END_RECORD, readZipDirectory, type ZipEntry } from "./zip-directory.js";

/**
 * Unpacks a ZIP archive to the temporary folder, each file a source of its own named
 * `archive.zip!path/in/archive`. Hidden files and the notes that macOS leaves are left out.
 *
 * @throws LakeError `invalid-input` when the archive is damaged, encrypted or empty.
 */
export async function unpackZip(file: SourceFile, signal: AbortSignal | undefined): Promise<SourceFile[]> {
  const entries = (await listZip(file)).filter((entry) => !isHidden(entry.name));
  if (entries.length === 0) throw broken(file, "the archive holds no files to read");
  const sources: SourceFile[] = [];
  try {
    for (const entry of entries) sources.push(await unpackEntry(file, entry, signal));
    return sources;
  } catch (error) {
    for (const source of sources) await source.dispose?.();
    throw error;
  }
}

const isHidden = (name: string): boolean =>
  name.split("/").some((segment) => segment.startsWith(".") || segment.startsWith("__MACOSX"));

async function listZip(file: SourceFile): Promise<ZipEntry[]> {
  const tail = await readBytes(file.localPath, Math.max(0, file.size - MAX_END_RECORD), MAX_END_RECORD);
  const place = findZipDirectory(tail);
  if (place === undefined) throw broken(file, "the ZIP archive has no directory at its end: it is cut short");
  try {
    return readZipDirectory(await readBytes(file.localPath, place.offset, place.size), place.entries);
  } catch (error) {
    throw broken(
      file,
      `the directory of the ZIP archive is damaged (${messageOf(error)})`,
      place.offset,
      error,
    );
  }
}

async function unpackEntry(
  file: SourceFile,
  entry: ZipEntry,
  signal: AbortSignal | undefined,
): Promise<SourceFile> {
  const uri = `${file.uri}!${entry.name}`;
  const named = { ...file, uri };
  if (entry.encrypted) throw broken(named, "the entry is encrypted");
  if (entry.method !== 0 && entry.method !== 8) {
    throw new LakeError(
      "unsupported",
      "zip-method",
      `${uri}: ZIP compression method ${entry.method} is not read`,
      {
        context: { file: uri },
        hint: "Pack it again with the usual method, deflate.",
      },
    );
  }
  try {
    const { localPath, dispose } = await spool(entryBytes(named, entry), "data", signal);
    const { size } = await stat(localPath);
    return { uri, localPath, size, modificationTime: file.modificationTime, dispose };
  } catch (error) {
    if (isLakeError(error)) throw error;
    throw broken(named, `the entry is damaged: ${messageOf(error)}`, entry.headerOffset, error);
  }
}

/** The entry's content, checked against the size and the CRC-32 of the directory. APPNOTE 4.3.7. */
async function* entryBytes(file: SourceFile, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  const header = await readBytes(file.localPath, entry.headerOffset, 30);
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < 30 || view.getUint32(0, true) !== 0x04034b50) {
    throw broken(file, "the entry's header is damaged", entry.headerOffset);
  }
  const start = entry.headerOffset + 30 + view.getUint16(26, true) + view.getUint16(28, true);
  let size = 0;
  let crc = 0;
  for await (const chunk of inflated(file.localPath, start, entry)) {
    size += chunk.length;
    crc = crc32(chunk, crc);
    yield chunk;
  }
  if (size !== entry.size || crc !== entry.crc32) {
    throw broken(file, "the entry's content does not match its checksum", entry.headerOffset);
  }
}

async function* inflated(localPath: string, start: number, entry: ZipEntry): AsyncGenerator<Uint8Array> {
  if (entry.compressedSize === 0) return;
  const packed = createReadStream(localPath, { start, end: start + entry.compressedSize - 1 });
  if (entry.method === 0) {
    yield* packed as AsyncIterable<Uint8Array>;
    return;
  }
  const output = new PassThrough();
  const work = pipeline(packed, createInflateRaw(), output);
  // The failure reaches the reader through `output`; awaiting it here keeps it from going unhandled.
  work.catch(() => {});
  yield* output as AsyncIterable<Uint8Array>;
  await work;
}

function broken(file: SourceFile, what: string, offset?: number, cause?: unknown): LakeError {
  return new LakeError("invalid-input", "broken-archive", `${file.uri}: ${what}`, {
    context: { file: file.uri, offset },
    cause,
  });
}
