import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { isLakeError, LakeError } from "../../core/index.js";
import type { TextEncoding } from "../detect/detect.js";
import { both } from "./decompress.js";
import type { SourceFile } from "./source-file.js";
import { spool } from "./temporary.js";

/**
 * The text file as UTF-8 without a byte order mark, in the temporary folder.
 *
 * @throws LakeError `invalid-input` when the bytes are not of the encoding.
 */
export async function transcode(
  file: SourceFile,
  encoding: TextEncoding,
  signal: AbortSignal | undefined,
): Promise<SourceFile> {
  try {
    const { localPath, dispose } = await spool(utf8Chunks(file, encoding), "data", signal);
    const { size } = await stat(localPath);
    return { ...file, localPath, size, dispose: both(dispose, file.dispose) };
  } catch (error) {
    if (isLakeError(error)) throw error;
    throw new LakeError("invalid-input", "broken-encoding", `${file.uri}: the text is not ${encoding}`, {
      context: { file: file.uri },
      cause: error,
    });
  }
}

async function* utf8Chunks(file: SourceFile, encoding: TextEncoding): AsyncGenerator<Uint8Array> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  for await (const chunk of createReadStream(file.localPath) as AsyncIterable<Uint8Array>) {
    yield Buffer.from(decoder.decode(chunk, { stream: true }));
  }
  yield Buffer.from(decoder.decode());
}
