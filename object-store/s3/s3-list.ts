import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { LakeError, throwIfCancelled } from "../../core/index.js";
import { compareUtf8, isObjectPath } from "../object-path.js";
import type { ObjectMeta } from "../object-store.js";
import { FailedTry, type S3Call } from "./s3-connection.js";
import { OWN_CODES, ownFailure } from "./s3-failure.js";
import { s3Key } from "./s3-location.js";
import { bucketInput, objectName, type S3Place } from "./s3-place.js";
import { plainEtag, wholeSeconds } from "./s3-read.js";

/** As ObjectStore's `list`. */
export async function* listObjects(
  place: S3Place,
  prefix: string,
  { startAfter, signal }: { readonly startAfter: string; readonly signal: AbortSignal | undefined },
): AsyncGenerator<ObjectMeta> {
  const folder = s3Key(place.location, "");
  const call: S3Call = { doing: "list", object: objectName(place, prefix), signal };
  let last = "";
  let token: string | undefined;
  do {
    const page = await nextPage(place, call, {
      ...bucketInput(place),
      Prefix: `${folder}${prefix}`,
      // Names that XML cannot say come whole only so.
      EncodingType: "url",
      ...(startAfter === "" ? {} : { StartAfter: `${folder}${startAfter}` }),
      ...(token === undefined ? {} : { ContinuationToken: token }),
    });
    for (const { Key = "", Size = 0, LastModified, ETag } of page.Contents ?? []) {
      throwIfCancelled(signal);
      const key = page.EncodingType === "url" ? decodeURIComponent(Key.replaceAll("+", " ")) : Key;
      if (compareUtf8(key, last) <= 0) throw unordered(place, call, last, key);
      last = key;
      const path = key.slice(folder.length);
      // Tools mark folders by objects whose names end in a slash, which no object of ours has.
      if (!isObjectPath(path)) continue;
      const etag = ETag === undefined ? {} : { etag: plainEtag(ETag) };
      yield { path, size: Size, lastModified: wholeSeconds(LastModified), ...etag };
    }
    token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (token !== undefined);
}

function nextPage(
  { connection }: S3Place,
  call: S3Call,
  input: ListObjectsV2CommandInput,
): Promise<ListObjectsV2CommandOutput> {
  return connection.demand(call, async ({ sdk, client, abortSignal }) => {
    const page = await client.send(new sdk.ListObjectsV2Command(input), { abortSignal });
    // Any page of a web server would read as a listing of nothing.
    if (page.IsTruncated === undefined) {
      throw new FailedTry(ownFailure(OWN_CODES.notS3, "the answer is no listing"));
    }
    if (page.IsTruncated && page.NextContinuationToken === undefined) {
      throw new FailedTry(ownFailure(OWN_CODES.notS3, "a listing goes on and does not say where"));
    }
    return page;
  });
}

/** Which version of a table is the last one is known by the order of a listing. */
function unordered(place: S3Place, { object }: S3Call, before: string, after: string): LakeError {
  return new LakeError(
    "unsupported",
    "list-unordered",
    `the listing of ${object} is not in the order of its keys: ${after} comes after ${before}`,
    {
      context: { object, bucket: place.location.bucket },
      hint: "Use a general purpose bucket: directory buckets (S3 Express) list in no order.",
    },
  );
}
