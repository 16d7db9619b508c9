import { cancelledError, isLakeError, LakeError, newUuid } from "../../core/index.js";
import type { CallOptions, ObjectPath, PutIfAbsentResult, PutOptions } from "../object-store.js";
import type { S3Call, S3Try } from "./s3-connection.js";
import { causeOf, isOutcomeUnknown, isTransient, type S3Failure } from "./s3-failure.js";
import { objectInput, objectName, type S3Place } from "./s3-place.js";
import { describeObject } from "./s3-read.js";
import { newObjectInput } from "./s3-write-input.js";

/** As ObjectStore's `put`. */
export async function putObject(
  place: S3Place,
  path: ObjectPath,
  data: Uint8Array,
  { signal }: CallOptions,
): Promise<void> {
  const { connection } = place;
  const call = writeCall(place, path, data, signal);
  const send = sender(place, path, data, newUuid(), false);
  let unknown: S3Failure | undefined;
  for (let tries = 1; ; tries++) {
    const answer = await connection.once(call, send);
    if (answer.status === "answered") return;
    const { failure } = answer;
    if (isOutcomeUnknown(failure)) unknown = failure;
    if (!maySucceedLater(failure)) throw await connection.error(failure, call);
    await pause(place, call, tries, failure, unknown);
    if (tries >= connection.settings.attempts) throw await connection.error(failure, call);
  }
}

/**
 * As ObjectStore's `putIfAbsent`. A try whose outcome is not known is followed by another: that one either makes the
 * object, and the first, should it arrive late, does not; or it is told that the path is taken, and the token says by
 * whom. It is asked for after the first try as well: a proxy on the way may have sent the request twice.
 */
export async function putObjectIfAbsent(
  place: S3Place,
  path: ObjectPath,
  data: Uint8Array,
  { signal, readsBack = false }: PutOptions,
): Promise<PutIfAbsentResult> {
  const { connection } = place;
  const call = writeCall(place, path, data, signal);
  const token = newUuid();
  const send = sender(place, path, data, token, true);
  let unknown: S3Failure | undefined;
  for (let tries = 1; ; tries++) {
    const answer = await connection.once(call, send);
    if (answer.status === "answered") return { status: "created" };
    const { failure } = answer;
    if (failure.kind === "precondition") {
      if (readsBack) return { status: "exists" };
      const found = await ownerOf(place, path, token, call, failure);
      // Taken a moment ago and free now: it was deleted in between.
      if (found !== "nobody") return found;
    } else if (!maySucceedLater(failure)) {
      const refusal = await connection.error(failure, call);
      // What was sent before may have been written, or may be yet.
      throw unknown === undefined ? refusal : outcomeUnknown(call, unknown, refusal);
    } else if (isOutcomeUnknown(failure)) {
      unknown = failure;
    }
    await pause(place, call, tries, failure, unknown);
    if (tries < connection.settings.attempts) continue;
    if (unknown === undefined) throw await connection.error(failure, call);
    if (readsBack) throw outcomeUnknown(call, unknown);
    const found = await ownerOf(place, path, token, call, unknown);
    if (found === "nobody") throw outcomeUnknown(call, unknown);
    return found;
  }
}

function maySucceedLater(failure: S3Failure): boolean {
  return isTransient(failure) || failure.kind === "conflict";
}

function writeCall(
  place: S3Place,
  path: ObjectPath,
  data: Uint8Array,
  signal: AbortSignal | undefined,
): S3Call {
  return { doing: "write", object: objectName(place, path), signal, sends: data.length, settles: true };
}

function sender(
  place: S3Place,
  path: ObjectPath,
  data: Uint8Array,
  token: string,
  ifAbsent: boolean,
): (tried: S3Try) => Promise<void> {
  const input = {
    ...objectInput(place, path),
    ...newObjectInput(token, place.connection.settings.encryption),
    ...(ifAbsent ? { IfNoneMatch: "*" } : {}),
    Body: data,
  };
  return async ({ sdk, client, abortSignal }) => {
    await client.send(new sdk.PutObjectCommand(input), { abortSignal });
  };
}

/** Whose object lies there: `created` for that of the token. */
async function ownerOf(
  place: S3Place,
  path: ObjectPath,
  token: string,
  call: S3Call,
  failure: S3Failure,
): Promise<PutIfAbsentResult | "nobody"> {
  try {
    const found = await describeObject(place, path, call.signal);
    if (found === undefined) return "nobody";
    return { status: found.token === token ? "created" : "exists" };
  } catch (error) {
    if (isLakeError(error, "cancelled") || isLakeError(error, "unavailable")) {
      throw outcomeUnknown(call, failure, error);
    }
    throw error;
  }
}

/**
 * Waits before the next try.
 *
 * @throws LakeError `cancelled` when the signal has fired and no try can have written; `unavailable` when one may have.
 */
async function pause(
  { connection }: S3Place,
  call: S3Call,
  tries: number,
  failure: S3Failure,
  unknown: S3Failure | undefined,
): Promise<void> {
  const isLast = tries >= connection.settings.attempts;
  try {
    if (call.signal?.aborted) throw cancelledError(call.signal);
    if (!isLast) await connection.wait(tries, failure, call.signal);
  } catch (error) {
    if (unknown !== undefined && isLakeError(error, "cancelled")) throw outcomeUnknown(call, unknown, error);
    throw error;
  }
}

function outcomeUnknown(
  { object }: S3Call,
  failure: S3Failure,
  cause: unknown = causeOf(failure),
): LakeError {
  return new LakeError(
    "unavailable",
    "put-outcome-unknown",
    `whether ${object} was written is not known: the service gave no answer (${failure.code})`,
    {
      context: { object, s3Code: failure.code, status: failure.status, requestId: failure.requestId },
      hint: "Read it back before it is written again.",
      cause,
    },
  );
}
