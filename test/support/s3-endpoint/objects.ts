import { createHash } from "node:crypto";
import type { Bucket } from "./bucket.js";
import type { ObjectFacts, StoredObject } from "./medium.js";
import { S3Refusal } from "./refusal.js";
import type { ObjectBody, Reply } from "./reply.js";
import { header, type S3Request } from "./request.js";

/** Bytes of a key in UTF-8 (S3 user guide, "Object key naming"). */
const LONGEST_KEY = 1024;
const KEPT_HEADERS = /^(?:x-amz-meta-.*|content-type|cache-control|content-disposition)$/;
const ENCRYPTION_HEADERS = /^x-amz-server-side-encryption(?:-aws-kms-key-id|-bucket-key-enabled)?$/;

/** The headers of a put, or of the beginning of an upload, that belong to the object. */
export function keptHeaders(request: S3Request): Record<string, string> {
  const names = Object.keys(request.headers).filter(
    (name) => KEPT_HEADERS.test(name) || ENCRYPTION_HEADERS.test(name),
  );
  return Object.fromEntries(names.map((name) => [name, header(request, name) ?? ""]));
}

export function encryptionOf(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => ENCRYPTION_HEADERS.test(name)));
}

/** A time as S3 keeps it: a whole second. */
export function wholeSecond(milliseconds: number): number {
  return Math.floor(milliseconds / 1000) * 1000;
}

export function md5(bytes: Buffer): Buffer {
  return createHash("md5").update(bytes).digest();
}

/**
 * The conditions of a put: S3 user guide, "How to prevent object overwrites with conditional writes".
 *
 * @throws S3Refusal
 */
export function checkWriteConditions(request: S3Request, present: StoredObject | undefined): void {
  const ifNoneMatch = header(request, "if-none-match");
  if (ifNoneMatch !== undefined && ifNoneMatch !== "*") throw new S3Refusal("NotImplemented");
  if (ifNoneMatch !== undefined && present !== undefined) throw new S3Refusal("PreconditionFailed");
  const ifMatch = header(request, "if-match");
  if (ifMatch === undefined) return;
  if (present === undefined) throw new S3Refusal("NoSuchKey");
  if (!matches(ifMatch, present.etag)) throw new S3Refusal("PreconditionFailed");
}

/** @param now milliseconds since the epoch */
export function putObject(bucket: Bucket, request: S3Request, bytes: Buffer, now: number): Reply {
  const { key } = request;
  checkKey(key);
  checkWriteConditions(request, bucket.get(key));
  const { etag, headers } = writeObject(bucket, { key, bytes, headers: keptHeaders(request), now });
  return { status: 200, headers: { etag, ...encryptionOf(headers) } };
}

/** Writes or replaces an object in one go. */
export function writeObject(
  bucket: Bucket,
  object: {
    readonly key: string;
    readonly bytes: Buffer;
    readonly headers: Readonly<Record<string, string>>;
    /** Milliseconds since the epoch. */
    readonly now: number;
  },
): ObjectFacts {
  const { key, bytes, headers, now } = object;
  const etag = `"${md5(bytes).toString("hex")}"`;
  return bucket.put({ key, size: bytes.length, etag, lastModified: wholeSecond(now), headers }, bytes);
}

/** @throws S3Refusal `KeyTooLongError` */
export function checkKey(key: string): void {
  if (Buffer.byteLength(key) > LONGEST_KEY) throw new S3Refusal("KeyTooLongError");
}

/** GetObject, and HeadObject, whose answer has the headers only. */
export function getObject(bucket: Bucket, request: S3Request): Reply {
  const object = bucket.get(request.key);
  if (object === undefined) throw new S3Refusal("NoSuchKey");
  const ifMatch = header(request, "if-match");
  if (ifMatch !== undefined && !matches(ifMatch, object.etag)) throw new S3Refusal("PreconditionFailed");
  const headers = {
    etag: object.etag,
    "last-modified": new Date(object.lastModified).toUTCString(),
    "accept-ranges": "bytes",
    ...object.headers,
  };
  const ifNoneMatch = header(request, "if-none-match");
  if (ifNoneMatch !== undefined && matches(ifNoneMatch, object.etag)) return { status: 304, headers };
  const part = rangeOf(header(request, "range"), object);
  if (part === undefined) return { status: 200, headers, body: { object, offset: 0, length: object.size } };
  const last = part.offset + part.length - 1;
  const range = { "content-range": `bytes ${part.offset}-${last}/${object.size}` };
  return { status: 206, headers: { ...headers, ...range }, body: part };
}

function matches(condition: string, etag: string): boolean {
  const tags = condition.split(",").map((tag) => tag.trim());
  return tags.some((tag) => tag === "*" || tag === etag || `"${tag}"` === etag);
}

/**
 * The part that a `Range` header asks for; `undefined` for the whole, which is also what several ranges and a
 * malformed one give (RFC 9110, section 14.2).
 *
 * @throws S3Refusal `InvalidRange` when no byte of the object lies in it
 */
function rangeOf(text: string | undefined, object: StoredObject): ObjectBody | undefined {
  const [, first = "", last = ""] = /^bytes=(\d*)-(\d*)$/.exec(text ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  const { size } = object;
  const begin = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (begin >= end) throw new S3Refusal("InvalidRange", { "content-range": `bytes */${size}` });
  return { object, offset: begin, length: end - begin };
}
