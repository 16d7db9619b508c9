import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Decompress } from "fzstd";
import { isLakeError, LakeError, messageOf } from "../../core/index.js";
import type { SourceFile } from "./source-file.js";
import { spool } from "./temporary.js";

/**
 * The file without its compression, in the temporary folder; the original is disposed with it. The
 * name loses its `.gz` or `.zst`.
 *
 * @throws LakeError `invalid-input` when the compressed bytes are damaged or end early.
 */
export async function decompress(
  file: SourceFile,
  compression: "gzip" | "zstd",
  signal: AbortSignal | undefined,
): Promise<SourceFile> {
  const chunks = compression === "gzip" ? gunzip(file, signal) : unzstd(file);
  try {
    const { localPath, dispose } = await spool(chunks, "data", signal);
    const { size } = await stat(localPath);
    return { ...file, localPath, size, dispose: both(dispose, file.dispose) };
  } catch (error) {
    if (isLakeError(error)) throw error;
    throw new LakeError(
      "invalid-input",
      "broken-compression",
      `${file.uri}: the ${compression} data is damaged or ends early: ${messageOf(error)}`,
      { context: { file: file.uri }, cause: error, hint: "Copy the file again from where it came from." },
    );
  }
}

async function* gunzip(file: SourceFile, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  const output = new PassThrough();
  const work = pipeline(
    createReadStream(file.localPath),
    createGunzip(),
    output,
    signal === undefined ? {} : { signal },
  );
  // The failure reaches the reader through `output`; awaiting it here keeps it from going unhandled.
  work.catch(() => {});
  yield* output as AsyncIterable<Uint8Array>;
  await work;
}

async function* unzstd(file: SourceFile): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  const decoder = new Decompress((chunk) => ready.push(chunk));
  for await (const chunk of createReadStream(file.localPath) as AsyncIterable<Uint8Array>) {
    decoder.push(chunk);
    yield* ready;
    ready = [];
  }
  decoder.push(new Uint8Array(0), true);
  yield* ready;
}

export function both(
  first: () => Promise<void>,
  second: (() => Promise<void>) | undefined,
): () => Promise<void> {
  return async () => {
    await first();
    await second?.();
  };
}
