import { randomBytes } from "node:crypto";
import type { Bucket, Upload } from "./bucket.js";
import { checkKey, checkWriteConditions, encryptionOf, keptHeaders, md5, wholeSecond } from "./objects.js";
import { S3Refusal } from "./refusal.js";
import type { Reply } from "./reply.js";
import { parameter, type S3Request } from "./request.js";
import { contentsOf, document, element, textOf } from "./xml.js";

const MOST_PARTS = 10_000;

/** @param now milliseconds since the epoch */
export function createUpload(bucket: Bucket, request: S3Request, now: number): Reply {
  checkKey(request.key);
  const id = randomBytes(24).toString("base64url");
  const headers = keptHeaders(request);
  bucket.uploads.set(id, { id, key: request.key, initiated: now, headers, parts: new Map() });
  const content = element("Bucket", request.bucket) + element("Key", request.key) + element("UploadId", id);
  return {
    status: 200,
    headers: encryptionOf(headers),
    body: document("InitiateMultipartUploadResult", content),
  };
}

/** A part that is sent again takes the place of the one before. */
export function uploadPart(bucket: Bucket, request: S3Request, bytes: Buffer): Reply {
  const number = Number(parameter(request, "partNumber"));
  if (!Number.isInteger(number) || number < 1 || number > MOST_PARTS) throw new S3Refusal("InvalidArgument");
  const upload = uploadOf(bucket, request);
  const etag = `"${md5(bytes).toString("hex")}"`;
  upload.parts.set(number, { bytes, etag });
  return { status: 200, headers: { etag, ...encryptionOf(upload.headers) } };
}

/**
 * Makes the object of its parts. An upload whose conditions do not hold stays, as in S3, until it is aborted.
 *
 * @param minPartBytes of each part but the last
 * @param now milliseconds since the epoch
 */
export function completeUpload(
  bucket: Bucket,
  request: S3Request,
  body: string,
  minPartBytes: number,
  now: number,
): Reply {
  const upload = uploadOf(bucket, request);
  const named = contentsOf(body, "Part").map((part) => ({
    number: Number(textOf(part, "PartNumber")),
    etag: textOf(part, "ETag") ?? "",
  }));
  if (named.length === 0) throw new S3Refusal("MalformedXML");
  const parts = named.map(({ number, etag }, index) => {
    const before = named[index - 1];
    if (before !== undefined && before.number >= number) throw new S3Refusal("InvalidPartOrder");
    const part = upload.parts.get(number);
    if (part === undefined || part.etag.replaceAll('"', "") !== etag.replaceAll('"', "")) {
      throw new S3Refusal("InvalidPart");
    }
    if (index < named.length - 1 && part.bytes.length < minPartBytes) throw new S3Refusal("EntityTooSmall");
    return part;
  });
  checkWriteConditions(request, bucket.get(request.key));
  const tags = Buffer.concat(parts.map(({ etag }) => Buffer.from(etag.replaceAll('"', ""), "hex")));
  const etag = `"${md5(tags).toString("hex")}-${parts.length}"`;
  const bytes = Buffer.concat(parts.map((part) => part.bytes));
  const { key, headers } = upload;
  bucket.put({ key, size: bytes.length, etag, lastModified: wholeSecond(now), headers }, bytes);
  bucket.uploads.delete(upload.id);
  const content = element("Bucket", request.bucket) + element("Key", key) + element("ETag", etag);
  return {
    status: 200,
    headers: encryptionOf(headers),
    body: document("CompleteMultipartUploadResult", content),
  };
}

export function abortUpload(bucket: Bucket, request: S3Request): Reply {
  bucket.uploads.delete(uploadOf(bucket, request).id);
  return { status: 204, headers: {} };
}

/** Uploads under way below the prefix, all on one page. */
export function listUploads(bucket: Bucket, request: S3Request): Reply {
  const prefix = parameter(request, "prefix") ?? "";
  const uploads = [...bucket.uploads.values()].filter(({ key }) => key.startsWith(prefix));
  const entries = uploads.map(({ key, id, initiated }) => {
    const time = element("Initiated", new Date(initiated).toISOString());
    return `<Upload>${element("Key", key)}${element("UploadId", id)}${time}</Upload>`;
  });
  const content =
    element("Bucket", request.bucket) + element("Prefix", prefix) + element("IsTruncated", false);
  return {
    status: 200,
    headers: {},
    body: document("ListMultipartUploadsResult", content + entries.join("")),
  };
}

function uploadOf(bucket: Bucket, request: S3Request): Upload {
  const upload = bucket.uploads.get(parameter(request, "uploadId") ?? "");
  if (upload?.key !== request.key) throw new S3Refusal("NoSuchUpload");
  return upload;
}
