import type { RemoteObject } from "../../object-store/index.js";
import type { FileStamp } from "./file-stamp.js";
import type { RecordForm } from "./stream-form.js";

/** One input: a file on the local disk, under the name that a person gave it. */
export interface SourceFile {
  /** As a person would name it: the path as given or found, `-` for standard input, `a.zip!b.csv` for an entry. */
  readonly uri: string;
  /**
   * The file by a name that is the same wherever it is named from ({@link fileUri}); of an object its URI. Absent for
   * what cannot be found a second time: standard input, a pipe, an entry of an archive.
   */
  readonly identity?: string | undefined;
  /** Absolute path of the bytes. */
  readonly localPath: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modificationTime: number;
  /** The file as it was found; absent where `identity` is, and of an object. */
  readonly stamp?: FileStamp | undefined;
  /** The object that it is a copy of: its bytes stay as they are, whatever becomes of that one. */
  readonly origin?: RemoteObject | undefined;
  /** How its records are written, where that is known: a part of a stream is read as its beginning was. */
  readonly form?: RecordForm | undefined;
  /** Removes what was copied to the temporary folder; absent when nothing was. */
  readonly dispose?: () => Promise<void>;
}
