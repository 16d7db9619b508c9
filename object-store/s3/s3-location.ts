import { LakeError } from "../../core/index.js";
import { isObjectPath } from "../object-path.js";
import type { ObjectPath } from "../object-store.js";

declare const bucketNameBrand: unique symbol;

/** The name of a bucket, as it stands in URLs. Built by {@link parseS3Uri} only. */
export type BucketName = string & { readonly [bucketNameBrand]: true };

/** A bucket, or the part of it whose keys begin with `prefix/`. */
export interface S3Location {
  readonly bucket: BucketName;
  /** `undefined` for the whole bucket. */
  readonly prefix: ObjectPath | undefined;
}

/**
 * Reads `s3://bucket/prefix`; `s3a://` and `s3n://` are Hadoop's names for the same. Escapes (`%20`) are those of a
 * URI, as everywhere in a Delta log (PROTOCOL.md, "Add File and Remove File").
 *
 * @throws LakeError `invalid-input` (`store-uri`) for anything else; the message does not repeat what may hold a password.
 */
export function parseS3Uri(uri: string): S3Location {
  const [, authority = "", rest = ""] = /^s3[an]?:\/\/([^/?#]*)(.*)$/is.exec(uri) ?? [];
  if (authority.includes("@")) {
    throw malformed("the location of the store holds a user or a password", {
      hint: "Give keys in the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY), in a profile, or as an option.",
    });
  }
  if (/[?#]/.test(rest)) {
    throw malformed(`s3://${authority} is followed by a query or a fragment`, {
      hint: "Write ? as %3F and # as %23. Region, endpoint and keys are no part of a location.",
    });
  }
  if (!isBucketName(authority)) {
    throw malformed(`${shown(uri)} does not name a bucket`, { hint: "Write s3://bucket/prefix." });
  }
  const prefix = decoded(rest, uri).replace(/^\/|\/+$/g, "");
  if (prefix === "") return { bucket: authority, prefix: undefined };
  if (isObjectPath(prefix)) return { bucket: authority, prefix };
  throw malformed(`the path of ${shown(uri)} has an empty segment, or one of dots`, {
    hint: "Write s3://bucket/prefix, with one slash between segments.",
  });
}

/** The one spelling of a location: `s3://bucket/prefix`, escaped as in a URI, without a slash at the end. */
export function s3Uri({ bucket, prefix }: S3Location): string {
  return prefix === undefined
    ? `s3://${bucket}`
    : `s3://${bucket}/${prefix.split("/").map(escaped).join("/")}`;
}

/** The key of an object of the location: all of a bucket's keys are one flat list. */
export function s3Key({ prefix }: S3Location, path: string): string {
  return prefix === undefined ? path : `${prefix}/${path}`;
}

// Which names a bucket may have is for the service to say: old ones hold capitals and underscores.
function isBucketName(text: string): text is BucketName {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(text);
}

function decoded(text: string, uri: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw malformed(`the escapes of ${shown(uri)} are broken`, { hint: "Write % as %25.", cause });
  }
}

/** What a URI's path may hold as it is stays (RFC 3986, section 3.3, pchar), but for the colon. */
function escaped(segment: string): string {
  return encodeURIComponent(segment).replaceAll(/%(?:40|26|3D|2B|24|2C)/g, decodeURIComponent);
}

/** A malformed location with an `@` may hold a password at any place. */
function shown(uri: string): string {
  return uri.includes("@") ? "the location of the store" : JSON.stringify(uri);
}

function malformed(message: string, options: { readonly hint: string; readonly cause?: unknown }): LakeError {
  return new LakeError("invalid-input", "store-uri", message, options);
}
