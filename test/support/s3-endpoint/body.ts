import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { crc32 } from "node:zlib";
import type { Pace } from "./pacing.js";
import { S3Refusal } from "./refusal.js";
import { header, type S3Request } from "./request.js";

/** A body that ended before it was whole: its sender is gone. */
export class BodyLost extends Error {}

/**
 * Reads the body of a request as it was sent.
 *
 * @param most stops after so many bytes; the rest stays unread
 * @throws BodyLost
 */
export async function readBody(
  message: IncomingMessage,
  pace: Pace | undefined,
  most = Number.POSITIVE_INFINITY,
): Promise<Buffer> {
  const promised = Number(message.headers["content-length"] ?? Number.NaN);
  const chunks: Buffer[] = [];
  let received = 0;
  try {
    for await (const chunk of message.iterator({ destroyOnReturn: false })) {
      const bytes: Buffer = chunk;
      chunks.push(bytes);
      received += bytes.length;
      if (pace !== undefined) await pace.until(received);
      if (received >= most) break;
    }
  } catch (error) {
    throw new BodyLost("the body of a request broke off", { cause: error });
  }
  if (received < Math.min(promised, most)) throw new BodyLost("the body of a request is too short");
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, received);
}

/**
 * The content of a body: the chunks of `aws-chunked` put together, and every digest that came with it compared.
 *
 * @throws S3Refusal
 */
export function payloadOf(request: S3Request, body: Buffer): Buffer {
  const stated = header(request, "x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
  if (/^[0-9a-f]{64}$/.test(stated) && digest("sha256", "hex", body) !== stated) {
    throw new S3Refusal("XAmzContentSHA256Mismatch");
  }
  const chunked = stated.startsWith("STREAMING-");
  const { payload, trailers } = chunked ? decodeChunks(body) : { payload: body, trailers: new Map() };
  const length = header(request, "x-amz-decoded-content-length");
  if (chunked && length !== undefined && Number(length) !== payload.length) {
    throw new S3Refusal("InvalidRequest");
  }
  const given = (name: string): string | undefined => header(request, name) ?? trailers.get(name);
  const md5 = given("content-md5");
  if (md5 !== undefined && digest("md5", "base64", payload) !== md5) throw new S3Refusal("BadDigest");
  const crc = given("x-amz-checksum-crc32");
  if (crc !== undefined && crc32Of(payload) !== crc) throw new S3Refusal("BadDigest");
  const sha256 = given("x-amz-checksum-sha256");
  if (sha256 !== undefined && digest("sha256", "base64", payload) !== sha256)
    throw new S3Refusal("BadDigest");
  return payload;
}

/** Whether a digest of the body came with the request, as DeleteObjects demands. */
export function hasDigest(request: S3Request): boolean {
  return Object.keys(request.headers).some(
    (name) => name === "content-md5" || name.startsWith("x-amz-checksum-") || name === "x-amz-trailer",
  );
}

function digest(algorithm: "md5" | "sha256", encoding: "hex" | "base64", bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest(encoding);
}

function crc32Of(bytes: Buffer): string {
  const word = Buffer.alloc(4);
  word.writeUInt32BE(crc32(bytes));
  return word.toString("base64");
}

/** `SIZE[;chunk-signature=...]\r\n` and so many bytes, until a chunk of size 0; then trailers, a line each. */
function decodeChunks(body: Buffer): {
  readonly payload: Buffer;
  readonly trailers: ReadonlyMap<string, string>;
} {
  const chunks: Buffer[] = [];
  const trailers = new Map<string, string>();
  let at = 0;
  const line = (): string => {
    const end = body.indexOf("\r\n", at);
    if (end < 0) throw new S3Refusal("InvalidRequest");
    const text = body.toString("latin1", at, end);
    at = end + 2;
    return text;
  };
  for (;;) {
    const size = Number.parseInt(line(), 16);
    if (!(size >= 0) || at + size > body.length) throw new S3Refusal("InvalidRequest");
    if (size === 0) break;
    chunks.push(body.subarray(at, at + size));
    at += size;
    if (line() !== "") throw new S3Refusal("InvalidRequest");
  }
  while (at < body.length) {
    const text = line();
    const colon = text.indexOf(":");
    if (colon > 0) trailers.set(text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim());
  }
  const [only] = chunks;
  return { payload: chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks), trailers };
}
