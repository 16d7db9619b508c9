import { Readable } from "node:stream";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { LakeError } from "../../core/index.js";
import { FailedTry, type S3Try } from "./s3-connection.js";
import { OWN_CODES, ownFailure } from "./s3-failure.js";

/** Bytes that are read to the end rather than left, so that the connection can be used again. */
const WORTH_READING = 1024;

/**
 * Reads the body of an answer.
 *
 * @throws FailedTry when it holds other than `length` bytes.
 */
export async function bytesOf(
  { Body }: GetObjectCommandOutput,
  length: number,
  { expect, abortSignal }: S3Try,
): Promise<Uint8Array> {
  expect(length);
  // Every byte is written or the array is not given out, so it need not be cleared.
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  let seen = 0;
  await drain(Body, abortSignal, (chunk) => {
    if (seen + chunk.length <= length) bytes.set(chunk, seen);
    seen += chunk.length;
    return seen <= length;
  });
  if (seen === length) return bytes;
  throw new FailedTry(ownFailure(OWN_CODES.truncated, `the body holds ${seen} bytes or more, not ${length}`));
}

/** Lets go of a body. */
export async function discard({ Body }: GetObjectCommandOutput, { abortSignal }: S3Try): Promise<void> {
  let seen = 0;
  await drain(Body, abortSignal, (chunk) => {
    seen += chunk.length;
    return seen <= WORTH_READING;
  });
}

/** Gives the chunks of a body until there are no more, or `take` says that it wants none: then the connection is closed. */
function drain(
  body: GetObjectCommandOutput["Body"],
  abortSignal: AbortSignal,
  take: (chunk: Uint8Array) => boolean,
): Promise<void> {
  if (body === undefined) return Promise.resolve();
  if (!(body instanceof Readable)) {
    throw new LakeError("internal", "s3-body", "the body of an answer is not a stream of Node");
  }
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      body.destroy();
      reject(new Error("the request was given up"));
    };
    abortSignal.addEventListener("abort", onAbort, { once: true });
    body.on("data", (chunk: Uint8Array) => {
      if (take(chunk)) return;
      body.destroy();
      resolve();
    });
    body.on("end", resolve);
    body.on("error", reject);
    body.on("close", () => {
      abortSignal.removeEventListener("abort", onAbort);
      // Settled already, unless the body ended without its end.
      reject(new FailedTry(ownFailure(OWN_CODES.truncated, "the connection was closed within the body")));
    });
  });
}
