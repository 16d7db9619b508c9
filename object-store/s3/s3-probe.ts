import { cancelledError, LakeError, newUuid, throwIfCancelled } from "../../core/index.js";
import { objectPath } from "../object-path.js";
import { onAbort } from "./abort-listeners.js";
import type { S3Connection } from "./s3-connection.js";
import { deleteObjects } from "./s3-delete.js";
import type { BucketName } from "./s3-location.js";
import type { S3Place } from "./s3-place.js";
import { putObjectIfAbsent } from "./s3-put.js";
import { isAws } from "./s3-settings.js";

const PROBE_DATA = new TextEncoder().encode(
  "Whether this service honours If-None-Match. It may be deleted.\n",
);

/** The buckets that are known, or being found, to honour conditional writes. */
const PROVED = new WeakMap<S3Connection, Map<BucketName, Promise<void>>>();

/**
 * Makes sure, once for each bucket in a process, that the service honours `If-None-Match: *`.
 *
 * @throws LakeError `unsupported` (`put-if-absent-ignored`), `cancelled` when the signal fires meanwhile.
 */
export async function proveBucket(place: S3Place, signal: AbortSignal | undefined): Promise<void> {
  const { connection, location } = place;
  const buckets = PROVED.get(connection) ?? new Map<BucketName, Promise<void>>();
  PROVED.set(connection, buckets);
  let proof = buckets.get(location.bucket);
  if (proof === undefined) {
    proof = probe(place).catch((error: unknown) => {
      buckets.delete(location.bucket);
      throw error;
    });
    buckets.set(location.bucket, proof);
  }
  await unlessCancelled(proof, signal);
}

/**
 * Puts an object twice. A service that passes over the header would let two writers commit the same version of a table.
 * AWS is known not to.
 */
async function probe(place: S3Place): Promise<void> {
  const { endpoint } = await place.connection.service();
  if (isAws(endpoint)) return;
  const path = objectPath(`_grizzly/put-if-absent-${newUuid()}`);
  await putObjectIfAbsent(place, path, PROBE_DATA, {});
  const second = await putObjectIfAbsent(place, path, PROBE_DATA, {});
  await deleteObjects(place, [path], {});
  if (second.status === "exists") return;
  throw new LakeError(
    "unsupported",
    "put-if-absent-ignored",
    `${endpoint} passes over If-None-Match: two writers could commit the same version of a table there`,
    {
      context: { endpoint, bucket: place.location.bucket },
      hint: "Use a release of the service that knows conditional writes, another service, or a local disk.",
    },
  );
}

/** The work is others' too: who is cancelled leaves it to them. */
async function unlessCancelled(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return work;
  throwIfCancelled(signal);
  await new Promise<void>((resolve, reject) => {
    const forget = onAbort(signal, () => reject(cancelledError(signal)));
    work.then(resolve, reject).finally(forget);
  });
}
