import { quoteString } from "../../engine/index.js";

/**
 * The feature of a table whose data files need not be Parquet. It is this library's own: no other program knows
 * it, and so each of them refuses the table by its name rather than take an Avro file for Parquet.
 */
export const RAW_FILES_FEATURE = "grizzly.multiFormat";

/** Tags of the `add` of a raw file: a data file that is not Parquet. An `add` without the first is Parquet. */
export const RAW_TAGS = {
  /** Its format, one of {@link RAW_FORMATS}. */
  format: "grizzly.format",
  /** How its records become rows, as JSON; see decoding.ts. */
  decoding: "grizzly.decoding",
  /** The first 16 bytes of the SHA-256 of its bytes, in hexadecimal. */
  contentHash: "grizzly.contentHash",
} as const;

/**
 * The tag, `true`, of a file that lies where its owner put it, outside of the table's care: no command of this
 * library ever deletes it, whatever becomes of the table.
 */
export const IN_PLACE_TAG = "grizzly.inPlace";

export const RAW_FORMATS = ["avro", "jsonl"] as const;
export type RawFormat = (typeof RAW_FORMATS)[number];

/**
 * SQL: whether a file of a file table is a raw file.
 *
 * @param tags SQL of its tags
 */
export function isRawFileSql(tags = "tags"): string {
  return `coalesce(${tags}[${quoteString(RAW_TAGS.format)}] IS NOT NULL, false)`;
}
