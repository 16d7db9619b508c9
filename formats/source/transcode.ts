import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { isLakeError, LakeError } from "../../core/index.js";
import type { TextEncoding } from "../detect/detect.js";
import { both } from "./decompress.js";
import type { SourceFile } from "./source-file.js";
import { spool } from "./temporary.js";

const UTF_8_MARK_BYTES = 3;

/**
 * The text file as UTF-8 without a byte order mark, in the temporary folder.
 *
 * @throws LakeError `invalid-input` when the bytes are not of an encoding that is not UTF-8.
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
  if (encoding === "utf-8") {
    // The mark is all there is to change; whether the rest is UTF-8 its reader says, with the place.
    yield* createReadStream(file.localPath, { start: UTF_8_MARK_BYTES }) as AsyncIterable<Uint8Array>;
    return;
  }
  const decoder = new TextDecoder(encoding, { fatal: true });
  for await (const chunk of createReadStream(file.localPath) as AsyncIterable<Uint8Array>) {
    yield Buffer.from(decoder.decode(chunk, { stream: true }));
  }
  yield Buffer.from(decoder.decode());
}
