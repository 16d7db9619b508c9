import { createHash } from "node:crypto";
import type { RawFile } from "../../table-format/index.js";

/** One more whenever this release would make other rows of the same bytes by the same decoding. */
const DECODER_VERSION = 1;

/**
 * The key of a raw file's copy in the local tier: of its content and its decoding, and of nothing else. Pure.
 *
 * @param size bytes of the raw file
 */
export function copyKey(
  { format, contentHash, decodingText }: Pick<RawFile, "format" | "contentHash" | "decodingText">,
  size: bigint,
): string {
  const content = JSON.stringify([DECODER_VERSION, format, contentHash, String(size), decodingText]);
  return `raw-${createHash("sha256").update(content).digest("hex").slice(0, 40)}`;
}
