import { LakeError } from "../../core/index.js";
import type { Tags } from "../log/actions.js";
import { parseDecoding, type RawDecoding, serializeDecoding } from "./decoding.js";
import { IN_PLACE_TAG, RAW_FILES_FEATURE, RAW_FORMATS, RAW_TAGS, type RawFormat } from "./raw-tags.js";

/** What the log says of a data file that is not Parquet. */
export interface RawFile {
  readonly format: RawFormat;
  readonly decoding: RawDecoding;
  /** The decoding as the log has it. */
  readonly decodingText: string;
  /** The first 16 bytes of the SHA-256 of its bytes, in hexadecimal. */
  readonly contentHash: string;
}

/** The tags of the `add` of a raw file. Pure. */
export function rawFileTags(
  { format, decoding, contentHash }: Omit<RawFile, "decodingText">,
  { inPlace }: { readonly inPlace: boolean },
): Tags {
  return {
    [RAW_TAGS.format]: format,
    [RAW_TAGS.decoding]: serializeDecoding(decoding),
    [RAW_TAGS.contentHash]: contentHash,
    ...(inPlace ? { [IN_PLACE_TAG]: "true" } : {}),
  };
}

/** Whether the file of an `add` or `remove` is its owner's, who alone may delete it. */
export function isInPlace(tags: Tags | undefined): boolean {
  return tags?.[IN_PLACE_TAG] === "true";
}

/**
 * What the tags of an `add` say of its file; `undefined` for a Parquet file.
 *
 * @param path of the file, for messages
 * @throws LakeError `unsupported` naming a format that this release does not know; `corrupt` when the tags do not
 *   say how the file is decoded.
 */
export function rawFileOf(path: string, tags: Tags | undefined): RawFile | undefined {
  const name = tags?.[RAW_TAGS.format];
  if (tags === undefined || name === undefined || name === null) return undefined;
  const format = RAW_FORMATS.find((known) => known === name);
  if (format === undefined) {
    throw new LakeError(
      "unsupported",
      "raw-file-format",
      `the file ${path} is of the format ${name}, which this release does not read as a data file`,
      { context: { file: path, format: name }, hint: `It reads Parquet, ${RAW_FORMATS.join(" and ")}.` },
    );
  }
  const [decodingText, contentHash] = [tags[RAW_TAGS.decoding], tags[RAW_TAGS.contentHash]];
  if (typeof decodingText !== "string") throw withoutTag(path, RAW_TAGS.decoding);
  if (typeof contentHash !== "string" || !/^[0-9a-f]{32}$/.test(contentHash)) {
    throw withoutTag(path, RAW_TAGS.contentHash);
  }
  return { format, decoding: parseDecoding(decodingText, path), decodingText, contentHash };
}

/** The error for a raw file in a table whose protocol does not say that it may have any. */
export function rawFileWithoutFeature(path: string, where: string): LakeError {
  return new LakeError(
    "corrupt",
    "raw-file-without-feature",
    `${where}: the file ${path} is not Parquet, and the table does not have the feature ${RAW_FILES_FEATURE}`,
    { context: { file: path, features: RAW_FILES_FEATURE } },
  );
}

function withoutTag(path: string, tag: string): LakeError {
  return new LakeError(
    "corrupt",
    "raw-file-tags",
    `the file ${path} is not Parquet, and its tag ${tag} does not say how to read it`,
    {
      context: { file: path },
    },
  );
}
