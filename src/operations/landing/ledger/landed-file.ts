import { createHash } from "node:crypto";

/** A source file as it was when its rows landed. */
export interface LandedFile {
  /**
   * Of the file itself, absolute: `file:///data/a.jsonl`, `s3://bucket/raw/a.jsonl`. Two files are the same when their
   * URIs are.
   */
  readonly uri: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modificationTime: number;
  /**
   * 16 bytes in hexadecimal. Of a local file the first of the SHA-256 of its bytes; of an object the first 12 of that,
   * and its mark where one is known ({@link tagMark}).
   */
  readonly hash: string;
}

/** A file that was found, before anyone has read it. */
export interface FoundFile extends Omit<LandedFile, "hash"> {
  /** Of an object whose store told its tag: see {@link tagMark}. */
  readonly mark?: string | undefined;
}

/** A file that landed, and has another size or another modification time now. */
export interface TouchedFile {
  readonly found: FoundFile;
  readonly landed: LandedFile;
}

/** What a ledger knows of files that were found; each list in the order in which they were found. */
export interface LedgerComparison {
  /** Files of which no rows ever landed. */
  readonly fresh: readonly FoundFile[];
  /** Size, modification time and mark are those of the file that landed: it is not read again. */
  readonly unchanged: readonly FoundFile[];
  /** Others: whether their content changed is for their hash to tell. */
  readonly touched: readonly TouchedFile[];
}

/** Hexadecimal digits of an object's hash that its bytes tell; its mark has the others. */
export const CONTENT_DIGITS = 24;
const MARK_DIGITS = 8;

/**
 * Four bytes, in hexadecimal, of the tag that tells an object's content from what was there before under its name.
 * Times of objects are whole seconds: one that is replaced by another of its size within the second it was written in
 * shows by its tag alone. The mark stands in the place of the last bytes of the hash, so that entries are as long as
 * those of local files and a ledger of any age can hold them. Pure.
 */
export function tagMark(etag: string): string {
  return createHash("sha256").update(etag).digest("hex").slice(0, MARK_DIGITS);
}

/** The file as a ledger holds it. Pure. @param contentHash of its bytes, as {@link hashFile} gives it */
export function landedFile({ mark, ...found }: FoundFile, contentHash: string): LandedFile {
  return { ...found, hash: mark === undefined ? contentHash : contentHash.slice(0, CONTENT_DIGITS) + mark };
}

/** Whether a file needs no second look: nothing about it is other than when it landed. Pure. */
export function isUntouched(found: FoundFile, landed: LandedFile): boolean {
  return (
    found.size === landed.size &&
    found.modificationTime === landed.modificationTime &&
    (found.mark === undefined || landed.hash.endsWith(found.mark))
  );
}

/** Whether the bytes of a file are those that landed, by both hashes. Pure. */
export function sameContent(a: LandedFile, b: LandedFile): boolean {
  const isLocal = a.uri.startsWith("file:");
  return isLocal ? a.hash === b.hash : a.hash.slice(0, CONTENT_DIGITS) === b.hash.slice(0, CONTENT_DIGITS);
}
