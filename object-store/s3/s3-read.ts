import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { LakeError } from "../../core/index.js";
import { resolveRange } from "../byte-range.js";
import { objectChanged } from "../object-changed.js";
import type { ByteRange, ObjectPart, ObjectPath, ReadOptions } from "../object-store.js";
import { bytesOf, discard } from "./s3-body.js";
import { FailedTry, type S3Answer, type S3Call } from "./s3-connection.js";
import { OWN_CODES, ownFailure } from "./s3-failure.js";
import { objectInput, objectName, type S3Place } from "./s3-place.js";
import { PUT_TOKEN } from "./s3-write-input.js";

/** What an answer tells of an object beside its bytes. */
export interface S3Description {
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch, whole seconds. */
  readonly lastModified: number;
  readonly etag: string;
  /** What the put that made the object marked it with, if it was one of ours. */
  readonly token: string | undefined;
}

/**
 * Looks at an object, by reading its first byte: S3 answers a HEAD without a body, which would not tell an absent bucket
 * from an absent object, nor either from a web server that is no S3.
 */
export async function describeObject(
  place: S3Place,
  path: ObjectPath,
  signal: AbortSignal | undefined,
): Promise<S3Description | undefined> {
  const call: S3Call = { doing: "look at", object: objectName(place, path), signal };
  const first = await askForDescription(place, path, "bytes=0-0", call);
  // An empty object has no first byte. It is asked for without a range, and is not read if it has grown since.
  const isEmpty = first.status === "failed" && first.failure.kind === "range";
  const answer = isEmpty ? await askForDescription(place, path, undefined, call) : first;
  if (answer.status === "answered") return answer.value;
  if (answer.failure.kind === "no-object") return undefined;
  throw await place.connection.error(answer.failure, call);
}

function askForDescription(
  place: S3Place,
  path: ObjectPath,
  range: string | undefined,
  call: S3Call,
): Promise<S3Answer<S3Description>> {
  return place.connection.ask(call, async (tried) => {
    const { sdk, client, abortSignal } = tried;
    const input = { ...objectInput(place, path), ...(range === undefined ? {} : { Range: range }) };
    const output = await client.send(new sdk.GetObjectCommand(input), { abortSignal });
    await discard(output, tried);
    return descriptionOf(output);
  });
}

/** As ObjectStore's `read`. */
export async function readObject(
  place: S3Place,
  path: ObjectPath,
  { range, ifMatch, signal }: ReadOptions,
): Promise<ObjectPart> {
  const object = objectName(place, path);
  const wanted = rangeHeader(range);
  // No header can ask for no bytes.
  if (wanted === "nothing") return emptyPart(place, path, object, ifMatch, signal);
  const call: S3Call = { doing: "read", object, signal };
  const answer = await place.connection.ask(call, async (tried) => {
    const { sdk, client, abortSignal } = tried;
    const output = await client.send(
      new sdk.GetObjectCommand({
        ...objectInput(place, path),
        ...(wanted === undefined ? {} : { Range: wanted }),
        ...(ifMatch === undefined ? {} : { IfMatch: `"${ifMatch}"` }),
      }),
      { abortSignal },
    );
    const { size, etag } = descriptionOf(output);
    const part = resolveRange(range, size);
    if (wanted !== undefined && output.ContentRange === undefined) {
      // Of a service that knows no ranges, and of an empty object at some services.
      const bytes = await bytesOf(output, size, tried);
      return { bytes: bytes.slice(part.offset, part.offset + part.length), size, etag };
    }
    if (firstByteOf(output) !== part.offset) {
      throw new FailedTry(ownFailure(OWN_CODES.wrongPart, `asked for ${wanted}, got ${output.ContentRange}`));
    }
    return { bytes: await bytesOf(output, part.length, tried), size, etag };
  });
  if (answer.status === "answered") return answer.value;
  if (answer.failure.kind === "range") return emptyPart(place, path, object, ifMatch, signal);
  if (answer.failure.kind === "precondition") throw objectChanged(object);
  throw await place.connection.error(answer.failure, call);
}

/** No bytes of an object that is there. */
async function emptyPart(
  place: S3Place,
  path: ObjectPath,
  object: string,
  ifMatch: string | undefined,
  signal: AbortSignal | undefined,
): Promise<ObjectPart> {
  const found = await describeObject(place, path, signal);
  if (found === undefined) {
    throw new LakeError("not-found", "object-not-found", `there is no object ${object}`, {
      context: { object },
    });
  }
  if (ifMatch !== undefined && ifMatch !== found.etag) throw objectChanged(object);
  return { bytes: new Uint8Array(), size: found.size, etag: found.etag };
}

/** The header for a range, `undefined` for the whole object. */
function rangeHeader(range: ByteRange | undefined): string | "nothing" | undefined {
  if (range === undefined) return undefined;
  const { offset, length } = resolveRange(range, Number.MAX_SAFE_INTEGER);
  if (length === 0) return "nothing";
  if ("suffix" in range) return `bytes=-${range.suffix}`;
  const last = offset + length - 1;
  return last >= Number.MAX_SAFE_INTEGER - 1 ? `bytes=${offset}-` : `bytes=${offset}-${last}`;
}

/** @throws FailedTry for an answer that leaves out what S3 always tells. */
function descriptionOf(output: GetObjectCommandOutput): S3Description {
  const size = /\/(\d+)$/.exec(output.ContentRange ?? "")?.[1] ?? output.ContentLength;
  if (size === undefined || output.ETag === undefined) {
    throw new FailedTry(ownFailure(OWN_CODES.notS3, "the answer tells no size or no ETag"));
  }
  return {
    size: Number(size),
    lastModified: wholeSeconds(output.LastModified),
    etag: plainEtag(output.ETag),
    token: output.Metadata?.[PUT_TOKEN],
  };
}

/** Some services tell parts of a second in listings, and none can in a header. */
export function wholeSeconds(time: Date | undefined): number {
  return time === undefined ? 0 : Math.floor(time.getTime() / 1000) * 1000;
}

/** Services differ on the quotes. */
export function plainEtag(etag: string): string {
  return etag.replace(/^"(.*)"$/, "$1");
}

function firstByteOf({ ContentRange }: GetObjectCommandOutput): number {
  return ContentRange === undefined ? 0 : Number(/^bytes (\d+)-/.exec(ContentRange)?.[1]);
}
