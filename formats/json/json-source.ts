import type { Compression, Misfits } from "../opened-source.js";
import type { SourceFile } from "../source/source-file.js";
import type { JsonLayout } from "./json-scanner.js";

/** What the caller knows of the files, and what is settled about reading them. */
export interface JsonSource {
  /** One, or many of lines that are read together. */
  readonly files: readonly [SourceFile, ...SourceFile[]];
  /** Bytes of the files as they were found. */
  readonly sizeBytes: number;
  readonly layout: JsonLayout;
  readonly compression: Compression;
  /** Whether records that cannot be read are passed over when columns and types are found. */
  readonly misfits: Misfits;
  /** Whether types are to come from every record. */
  readonly whole: boolean;
  /** Whether a reading by types that were given failed, so that every record is to be looked at. */
  readonly checked: boolean;
  /** Bytes that the longest record may have; the engine's buffers grow with it. */
  readonly maximumRecordBytes: number;
  readonly notes: readonly string[];
}

/** Of a source that nothing has been read of. */
export const UNREAD = { whole: false, checked: false } as const;

/** The engine's own limit on a record; and what a document may grow to, as it is one record. */
export const USUAL_RECORD_BYTES = 16 * 1024 * 1024;
export const MAXIMUM_RECORD_BYTES = 1024 * 1024 * 1024;

/** What files are called together. */
export function uriOf([first, ...others]: readonly string[]): string {
  return others.length === 0 ? (first ?? "") : `${first} and ${others.length} more`;
}
