import { type FileStamp, fileStamp, sameStamp } from "../source/file-stamp.js";
import type { SourceFile } from "../source/source-file.js";
import type { CsvLayout } from "./layout.js";

/** A file system may tell times to two seconds only (FAT): a change after the last look would not show before that. */
const SETTLED_NS = 2_000_000_000n;
const MOST_FILES = 1_000;

/** A file that can be told from what it may become. */
interface StampedFile extends SourceFile {
  readonly stamp: FileStamp;
}

/**
 * What the columns of files were found to hold when every record was looked at, for as long as the files stay as they
 * are. The least recently used are forgotten. Should a file be taken for another all the same, the reading that
 * follows refuses a value that is not of its column's type, as it does with every file.
 */
export class KnownKinds {
  readonly #kinds = new Map<string, readonly number[]>();

  /** The bits of each column's kinds; `undefined` for a file that is not known. */
  of(file: SourceFile, layout: CsvLayout): readonly number[] | undefined {
    if (!isStamped(file)) return undefined;
    const key = keyOf(file, layout);
    const found = this.#kinds.get(key);
    if (found !== undefined) {
      this.#kinds.delete(key);
      this.#kinds.set(key, found);
    }
    return found;
  }

  /**
   * Keeps what was found, unless the file was changed a moment ago, or since its stamp was taken.
   *
   * @param now milliseconds since the epoch
   */
  keep(file: SourceFile, layout: CsvLayout, kinds: readonly number[], now: number): void {
    if (!isStamped(file) || BigInt(now) * 1_000_000n - file.stamp.changed < SETTLED_NS) return;
    const stamp = fileStamp(file.localPath);
    if (stamp === undefined || !sameStamp(stamp, file.stamp)) return;
    this.#kinds.set(keyOf(file, layout), kinds);
    for (const oldest of this.#kinds.keys()) {
      if (this.#kinds.size <= MOST_FILES) break;
      this.#kinds.delete(oldest);
    }
  }
}

function isStamped(file: SourceFile): file is StampedFile {
  return file.stamp !== undefined;
}

function keyOf({ localPath, stamp }: StampedFile, { dialect, header, names }: CsvLayout): string {
  const { size, modified, changed, inode } = stamp;
  const { delimiter, escape: hides } = dialect;
  return JSON.stringify([
    localPath,
    ...[size, modified, changed, inode].map(String),
    delimiter,
    hides,
    header,
    names.length,
  ]);
}
