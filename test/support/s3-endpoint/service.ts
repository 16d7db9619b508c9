import { hasDigest } from "./body.js";
import { Bucket } from "./bucket.js";
import { listObjects } from "./listing.js";
import type { Medium } from "./medium.js";
import { getObject, putObject } from "./objects.js";
import { S3Refusal } from "./refusal.js";
import type { Reply } from "./reply.js";
import { parameter, type S3Request } from "./request.js";
import { abortUpload, completeUpload, createUpload, listUploads, uploadPart } from "./uploads.js";
import { contentsOf, document, element, textOf } from "./xml.js";

/** The most keys of one DeleteObjects, and the most bytes that name them. */
const MOST_DELETED = 1000;

export interface ServiceOptions {
  readonly medium: Medium;
  readonly region: string;
  /** Of each part of an upload but the last. */
  readonly minPartBytes: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Whether whoever asks may touch a key. */
  readonly isDenied: (key: string) => boolean;
}

/**
 * Buckets and what is done with them, without HTTP. Each call of {@link apply} is one step that nothing comes between,
 * so operations take effect in the order of these calls.
 */
export class S3Service {
  readonly #options: ServiceOptions;
  readonly #buckets: Map<string, Bucket>;

  constructor(options: ServiceOptions) {
    this.#options = options;
    const { medium } = options;
    const loaded = [...medium.load()];
    this.#buckets = new Map(loaded.map(([name, objects]) => [name, new Bucket(name, medium, objects)]));
  }

  makeBucket(name: string): void {
    if (this.#buckets.has(name)) return;
    this.#options.medium.makeBucket(name);
    this.#buckets.set(name, new Bucket(name, this.#options.medium));
  }

  /** @throws S3Refusal */
  bucket(name: string): Bucket {
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) throw new S3Refusal("NoSuchBucket");
    return bucket;
  }

  /**
   * @param body the content of the request's body
   * @throws S3Refusal
   */
  apply(request: S3Request, body: Buffer): Reply {
    const { region, minPartBytes, clock } = this.#options;
    if (request.operation === "CreateBucket") return this.#create(request.bucket);
    if (request.operation === "Other") throw new S3Refusal("NotImplemented");
    const bucket = this.bucket(request.bucket);
    switch (request.operation) {
      case "HeadBucket":
        return { status: 200, headers: { "x-amz-bucket-region": region } };
      case "ListObjectsV2":
        return listObjects(bucket, request);
      case "ListMultipartUploads":
        return listUploads(bucket, request);
      case "DeleteObjects":
        return this.#deleteObjects(bucket, request, body.toString("utf8"));
      case "PutObject":
        return putObject(bucket, request, body, clock());
      case "GetObject":
      case "HeadObject":
        return getObject(bucket, request);
      case "DeleteObject":
        bucket.delete(request.key);
        return { status: 204, headers: {} };
      case "CreateMultipartUpload":
        return createUpload(bucket, request, clock());
      case "UploadPart":
        return uploadPart(bucket, request, body);
      case "CompleteMultipartUpload":
        return completeUpload(bucket, request, body.toString("utf8"), minPartBytes, clock());
      case "AbortMultipartUpload":
        return abortUpload(bucket, request);
    }
  }

  #create(name: string): Reply {
    if (this.#buckets.has(name)) throw new S3Refusal("BucketAlreadyOwnedByYou");
    this.makeBucket(name);
    return { status: 200, headers: { location: `/${name}` } };
  }

  #deleteObjects(bucket: Bucket, request: S3Request, body: string): Reply {
    if (!hasDigest(request)) throw new S3Refusal("InvalidRequest");
    const keys = contentsOf(body, "Object").map((object) => textOf(object, "Key") ?? "");
    if (keys.length === 0 || keys.length > MOST_DELETED || keys.includes("")) {
      throw new S3Refusal("MalformedXML");
    }
    const quiet = textOf(body, "Quiet") === "true";
    const lines = keys.map((key) => {
      if (this.#options.isDenied(key)) {
        const facts = element("Key", key) + element("Code", "AccessDenied");
        return `<Error>${facts}${element("Message", "Access Denied")}</Error>`;
      }
      bucket.delete(key);
      return quiet ? "" : `<Deleted>${element("Key", key)}</Deleted>`;
    });
    return { status: 200, headers: {}, body: document("DeleteResult", lines.join("")) };
  }
}

/** The key or prefix that a request is about. */
export function subjectOf(request: S3Request): string {
  return request.key === "" ? (parameter(request, "prefix") ?? "") : request.key;
}
