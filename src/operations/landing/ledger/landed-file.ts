/** A source file as it was when its rows landed. */
export interface LandedFile {
  /** Of the file itself, absolute: `file:///data/a.jsonl`. Two files are the same when their URIs are. */
  readonly uri: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modificationTime: number;
  /** The first 16 bytes of the SHA-256 of its bytes, in hexadecimal. */
  readonly hash: string;
}

/** A file that was found, before anyone has read it. */
export type FoundFile = Omit<LandedFile, "hash">;

/** A file that landed, and has another size or another modification time now. */
export interface TouchedFile {
  readonly found: FoundFile;
  readonly landed: LandedFile;
}

/** What a ledger knows of files that were found; each list in the order in which they were found. */
export interface LedgerComparison {
  /** Files of which no rows ever landed. */
  readonly fresh: readonly FoundFile[];
  /** Size and modification time are those of the file that landed: it is not read again. */
  readonly unchanged: readonly FoundFile[];
  /** Others: whether their content changed is for their hash to tell. */
  readonly touched: readonly TouchedFile[];
}
