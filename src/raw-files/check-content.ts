import { stat } from "node:fs/promises";
import { isLakeError, LakeError } from "../../core/index.js";
import { hashFile } from "../../formats/index.js";

/** What the log says of the bytes of a file. */
export interface StatedContent {
  /** As messages call it. */
  readonly file: string;
  readonly size: bigint;
  /** The first 16 bytes of the SHA-256, in hexadecimal. */
  readonly contentHash: string;
}

/**
 * Checks that a raw file is, byte for byte, the one that landed: where it lies in place, its owner may have written
 * over it.
 *
 * @throws LakeError `corrupt` `data-file-missing`, `data-file-changed`; `unavailable` when it cannot be read.
 */
export async function checkContent(
  localPath: string,
  stated: StatedContent,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const { size } = await stat(localPath, { bigint: true });
    if (size !== stated.size) {
      throw changedFile(stated, `it has ${size} bytes, and had ${stated.size} when it landed`);
    }
    const hash = await hashFile(localPath, signal);
    if (hash !== stated.contentHash) throw changedFile(stated, "its bytes are not those that landed");
  } catch (error) {
    if (isLakeError(error, "not-found")) throw missingFile(stated, error);
    if (error instanceof LakeError) throw error;
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      throw missingFile(stated, error);
    throw new LakeError("unavailable", "data-file-read", `cannot read the data file ${stated.file}`, {
      context: { file: stated.file },
      cause: error,
    });
  }
}

const HINT = "Put the file back as it was, or query a version that does not need it.";

/** The error for a raw file that is not there. */
export function missingFile({ file }: Pick<StatedContent, "file">, cause: unknown): LakeError {
  return new LakeError(
    "corrupt",
    "data-file-missing",
    `the data file ${file} is listed in the log and is not there`,
    { context: { file }, hint: HINT, cause },
  );
}

/** The error for a raw file that is not the one that landed. */
export function changedFile({ file }: Pick<StatedContent, "file">, what: string): LakeError {
  return new LakeError("corrupt", "data-file-changed", `the data file ${file} has changed: ${what}`, {
    context: { file },
    hint: HINT,
  });
}
