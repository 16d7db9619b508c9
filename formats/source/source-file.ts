/** One input: a file on the local disk, under the name that a person gave it. */
export interface SourceFile {
  /** As a person would name it: the path as given or found, `-` for standard input, `a.zip!b.csv` for an entry. */
  readonly uri: string;
  /** Absolute path of the bytes. */
  readonly localPath: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modificationTime: number;
  /** Removes what was copied to the temporary folder; absent when nothing was. */
  readonly dispose?: () => Promise<void>;
}
