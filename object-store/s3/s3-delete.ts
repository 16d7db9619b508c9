import { mapParallel, throwIfCancelled } from "../../core/index.js";
import type { CallOptions, ObjectPath } from "../object-store.js";
import { FailedTry, type S3Call } from "./s3-connection.js";
import { s3Failure } from "./s3-failure.js";
import { bucketInput, objectInput, objectName, type S3Place } from "./s3-place.js";

/** Keys in one request, which the service bounds. */
const BATCH = 1000;
const PARALLEL_BATCHES = 4;
const PARALLEL_SINGLE = 16;
/** What XML 1.0 cannot say, escaped or not ("Characters"), and what its readers may change. */
const NO_XML = /[\p{Cc}\uFFFE\uFFFF]/u;

/** As ObjectStore's `delete`. */
export async function deleteObjects(
  place: S3Place,
  paths: readonly ObjectPath[],
  { signal }: CallOptions,
): Promise<void> {
  throwIfCancelled(signal);
  const unsayable = paths.filter((path) => NO_XML.test(path));
  const sayable = paths.filter((path) => !NO_XML.test(path));
  const batches: ObjectPath[][] = [];
  for (let i = 0; i < sayable.length; i += BATCH) batches.push(sayable.slice(i, i + BATCH));
  await mapParallel(batches, PARALLEL_BATCHES, (batch) => deleteBatch(place, batch, signal), signal);
  await deleteEach(place, unsayable, signal);
}

async function deleteBatch(
  place: S3Place,
  paths: readonly ObjectPath[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const [first] = paths;
  if (first === undefined) return;
  // One object takes one request either way, and this one every service knows.
  if (paths.length === 1) return deleteEach(place, paths, signal);
  const call: S3Call = {
    doing: "delete",
    object: `${objectName(place, first)} and ${paths.length - 1} more`,
    signal,
  };
  const Objects = paths.map((path) => ({ Key: objectInput(place, path).Key }));
  const answer = await place.connection.ask(call, async ({ sdk, client, abortSignal }) => {
    const { Errors = [] } = await client.send(
      new sdk.DeleteObjectsCommand({ ...bucketInput(place), Delete: { Objects, Quiet: true } }),
      { abortSignal },
    );
    const [fault] = Errors.filter(({ Code }) => Code !== "NoSuchKey");
    if (fault === undefined) return;
    throw new FailedTry(
      s3Failure({
        name: fault.Code,
        message: `${fault.Key}: ${fault.Message}`,
        $metadata: { httpStatusCode: 200 },
      }),
    );
  });
  if (answer.status === "answered") return;
  if (answer.failure.kind !== "not-implemented") throw await place.connection.error(answer.failure, call);
  await deleteEach(place, paths, signal);
}

async function deleteEach(
  place: S3Place,
  paths: readonly ObjectPath[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const deleteOne = async (path: ObjectPath): Promise<void> => {
    const call: S3Call = { doing: "delete", object: objectName(place, path), signal };
    const answer = await place.connection.ask(call, async ({ sdk, client, abortSignal }) => {
      await client.send(new sdk.DeleteObjectCommand(objectInput(place, path)), { abortSignal });
    });
    if (answer.status === "failed" && answer.failure.kind !== "no-object") {
      throw await place.connection.error(answer.failure, call);
    }
  };
  await mapParallel(paths, PARALLEL_SINGLE, deleteOne, signal);
}
