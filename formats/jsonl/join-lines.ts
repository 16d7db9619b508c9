import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { LakeError } from "../../core/index.js";
import { eachFile } from "../source/file-stamp.js";
import { fileUri } from "../source/file-uri.js";
import type { SourceFile } from "../source/source-file.js";

const NEWLINE = 0x0a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;

/** Bytes that are gathered before they are written. */
const PIECE_BYTES = 1024 * 1024;

/**
 * Writes the lines of small files, one file after another, to a new file. The engine takes a quarter of a millisecond
 * and more to open a file and to keep its rows apart from others'; reading one takes it a tenth of that.
 *
 * @param fileKey A key that every object gets, for the URI of its file; none by default. What is no object stays as it is.
 * @throws LakeError `unavailable` naming the file that cannot be read.
 */
export async function joinLines(
  files: readonly SourceFile[],
  targetPath: string,
  fileKey: string | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const target = openSync(targetPath, "wx");
  try {
    let pieces: Uint8Array[] = [];
    let bytes = 0;
    const flush = (): void => {
      for (let data = Buffer.concat(pieces); data.length > 0; ) data = data.subarray(writeSync(target, data));
      pieces = [];
      bytes = 0;
    };
    const add = (file: SourceFile): void => {
      const data = contentOf(file);
      const lines =
        fileKey === undefined ? data : withMember(data, fileKey, file.identity ?? fileUri(file.localPath));
      pieces.push(lines);
      if (lines.length > 0 && lines.at(-1) !== NEWLINE) pieces.push(Buffer.of(NEWLINE));
      bytes += lines.length;
      if (bytes >= PIECE_BYTES) flush();
    };
    await eachFile(files, add, signal);
    flush();
  } finally {
    closeSync(target);
  }
}

function contentOf(file: SourceFile): Buffer {
  try {
    return readFileSync(file.localPath);
  } catch (error) {
    throw new LakeError("unavailable", "source-read", `cannot read ${file.uri}`, {
      context: { file: file.uri },
      cause: error,
    });
  }
}

/** Lines whose objects have one member more. */
function withMember(lines: Buffer, key: string, value: string): Buffer {
  const first = Buffer.from(`${JSON.stringify(key)}:${JSON.stringify(value)}`);
  const next = Buffer.concat([Buffer.of(COMMA), first]);
  const pieces: Uint8Array[] = [];
  let copied = 0;
  for (let start = 0; start < lines.length; ) {
    const newline = lines.indexOf(NEWLINE, start);
    const end = newline < 0 ? lines.length : newline;
    const brace = lastSign(lines, end - 1, start);
    if (brace > start && lines[brace] === CLOSE_BRACE) {
      const before = lines[lastSign(lines, brace - 1, start)];
      pieces.push(lines.subarray(copied, brace), before === OPEN_BRACE || before === COMMA ? first : next);
      copied = brace;
    }
    start = end + 1;
  }
  pieces.push(lines.subarray(copied));
  return Buffer.concat(pieces);
}

/** The position of the last byte that is no white space, from `at` back to `from`. */
function lastSign(data: Buffer, at: number, from: number): number {
  let last = at;
  while (last > from && (data[last] === 0x20 || data[last] === 0x09 || data[last] === 0x0d)) last--;
  return last;
}
