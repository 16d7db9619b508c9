import type { CommitFile } from "./log-path.js";
import type { Version } from "./version.js";

/** Larger entries are read again: there are few, and memory is for other things. */
const MAX_ENTRY_BYTES = 64 * 1024;
const MAX_ENTRIES = 256;

interface EntryAtHand {
  readonly bytes: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Of the object, where it was read and not written. */
  readonly etag: string | undefined;
}

/**
 * Entries of the log that a commit has read or written, for the refresh that comes next: it needs the very same ones.
 * Only with many writers does that matter. An entry never changes; a table that was deleted and made again has
 * others, whose files have other tags, or are younger.
 */
export class EntriesAtHand {
  readonly #entries = new Map<Version, EntryAtHand>();

  /** @param now milliseconds since the epoch, by the machine's clock */
  remember(of: Version, bytes: Uint8Array, now: number, etag?: string): void {
    if (bytes.length > MAX_ENTRY_BYTES || this.#entries.size >= MAX_ENTRIES) return;
    this.#entries.set(of, { bytes, since: now, etag });
  }

  /** The bytes of a commit's file; `undefined` where they are not at hand for certain. */
  of({ version, size, lastModified, etag }: CommitFile): Uint8Array | undefined {
    const entry = this.#entries.get(version);
    if (entry === undefined || entry.bytes.length !== size) return undefined;
    // A store far away has a clock of its own.
    const isSame =
      etag === undefined || entry.etag === undefined ? lastModified <= entry.since : etag === entry.etag;
    return isSame ? entry.bytes : undefined;
  }

  clear(): void {
    this.#entries.clear();
  }
}
