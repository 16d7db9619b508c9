import { isLakeError, LakeError } from "../../core/index.js";
import type { ObjectPath } from "../object-store.js";
import type { S3Answer, S3Call } from "./s3-connection.js";
import { bucketInput, objectInput, objectName, type S3Place } from "./s3-place.js";

/**
 * Gives up a multipart upload that failed, whatever the caller's signal says.
 *
 * @throws LakeError of the kind of the failure, when the parts that were sent may be left.
 */
export async function abandonUpload(
  place: S3Place,
  path: ObjectPath,
  uploadId: string,
  failure: unknown,
): Promise<void> {
  const object = objectName(place, path);
  const call: S3Call = { doing: "abort the upload of", object };
  const answer = await abortUpload(place, path, uploadId, call);
  if (answer.status === "answered" || answer.failure.kind === "no-upload") return;
  // What ended the upload is what the caller can do something about.
  const { kind, code } = isLakeError(failure)
    ? failure
    : { kind: "unavailable" as const, code: "upload-left" };
  throw new LakeError(kind, code, `cannot upload ${object}, nor remove the parts that were sent`, {
    context: { object, uploadId },
    hint: "A rule of the bucket that aborts incomplete multipart uploads removes them.",
    cause: new AggregateError([failure, await place.connection.error(answer.failure, call)]),
  });
}

/**
 * Aborts the uploads of an object of which nobody knows: begun by a request whose answer was lost. Nothing was sent to
 * them, so where they cannot be listed or aborted they are left: they hold no bytes.
 *
 * @param known the upload that goes on
 */
export async function abandonLostUploads(
  place: S3Place,
  path: ObjectPath,
  known: string | undefined,
): Promise<void> {
  const { Key } = objectInput(place, path);
  const call: S3Call = { doing: "look for uploads of", object: objectName(place, path) };
  const answer = await place.connection.ask(call, async ({ sdk, client, abortSignal }) => {
    const command = new sdk.ListMultipartUploadsCommand({ ...bucketInput(place), Prefix: Key });
    return (await client.send(command, { abortSignal })).Uploads ?? [];
  });
  if (answer.status === "failed") return;
  for (const upload of answer.value) {
    if (upload.Key !== Key || upload.UploadId === undefined || upload.UploadId === known) continue;
    await abortUpload(place, path, upload.UploadId, call);
  }
}

function abortUpload(
  place: S3Place,
  path: ObjectPath,
  UploadId: string,
  call: S3Call,
): Promise<S3Answer<void>> {
  return place.connection.ask(call, async ({ sdk, client, abortSignal }) => {
    const command = new sdk.AbortMultipartUploadCommand({ ...objectInput(place, path), UploadId });
    await client.send(command, { abortSignal });
  });
}
