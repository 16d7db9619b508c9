import { LakeError, mapParallel, newUuid } from "../../core/index.js";
import type { ObjectPath } from "../object-store.js";
import { abandonLostUploads, abandonUpload } from "./s3-abandon.js";
import type { S3Answer, S3Call } from "./s3-connection.js";
import { isOutcomeUnknown } from "./s3-failure.js";
import { objectInput, objectName, type S3Place } from "./s3-place.js";
import { describeObject } from "./s3-read.js";
import { newObjectInput } from "./s3-write-input.js";

/** Bytes of a part, unless there were more parts than a service takes. */
const PART = 8 * 1024 * 1024;
const MOST_PARTS = 10_000;
const PARALLEL_PARTS = 6;

export interface Part {
  /** From 1 up. */
  readonly number: number;
  /** Bytes. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

/** Parts of one size but for the last, in multiples of a MiB. */
export function partsOf(size: number): Part[] {
  const mebibyte = 1024 * 1024;
  const each = Math.max(PART, Math.ceil(size / MOST_PARTS / mebibyte) * mebibyte);
  return Array.from({ length: Math.ceil(size / each) }, (_, i) => ({
    number: i + 1,
    offset: i * each,
    length: Math.min(each, size - i * each),
  }));
}

/** What a completed part is named by. */
interface SentPart {
  readonly PartNumber: number;
  readonly ETag?: string;
}

/**
 * Writes an object part by part: when it fails or is cancelled there is none, and no parts are left that would be paid
 * for.
 *
 * @param bytesOf reads a part; as many of them are in memory as the connection allows
 */
export async function uploadParts(
  place: S3Place,
  path: ObjectPath,
  size: number,
  bytesOf: (part: Part) => Promise<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { connection } = place;
  const token = newUuid();
  const call: S3Call = { doing: "upload", object: objectName(place, path), signal };
  const uploadId = await beginUpload(place, path, token, call);
  const input = { ...objectInput(place, path), UploadId: uploadId };
  const sendPart = (part: Part): Promise<SentPart> =>
    connection.uploads.with(signal, async () => {
      const { number: PartNumber, length } = part;
      const Body = await bytesOf(part);
      return connection.demand({ ...call, sends: length }, async ({ sdk, client, abortSignal }) => {
        const command = new sdk.UploadPartCommand({ ...input, PartNumber, Body });
        const { ETag } = await client.send(command, { abortSignal });
        return { PartNumber, ...(ETag === undefined ? {} : { ETag }) };
      });
    });
  try {
    const Parts = await mapParallel(partsOf(size), PARALLEL_PARTS, sendPart, signal);
    let tries = 0;
    const answer = await connection.ask(call, async ({ sdk, client, abortSignal }) => {
      tries++;
      const command = new sdk.CompleteMultipartUploadCommand({ ...input, MultipartUpload: { Parts } });
      await client.send(command, { abortSignal });
    });
    if (answer.status === "answered" && tries === 1) return;
    await settle(place, path, token, answer, call);
  } catch (error) {
    await abandonUpload(place, path, uploadId, error);
    throw error;
  }
}

async function beginUpload(place: S3Place, path: ObjectPath, token: string, call: S3Call): Promise<string> {
  const { connection } = place;
  let tries = 0;
  let uploadId: string | undefined;
  try {
    uploadId = await connection.demand(call, async ({ sdk, client, abortSignal }) => {
      tries++;
      const command = new sdk.CreateMultipartUploadCommand({
        ...objectInput(place, path),
        ...newObjectInput(token, connection.settings.encryption),
      });
      return (await client.send(command, { abortSignal })).UploadId;
    });
  } finally {
    const isSure = uploadId !== undefined ? tries === 1 : tries === 0;
    if (!isSure) await abandonLostUploads(place, path, uploadId);
  }
  if (uploadId !== undefined) return uploadId;
  throw new LakeError("unavailable", "not-s3", `cannot upload ${call.object}: the service names no upload`);
}

/** Completed by a try whose answer was lost, an upload is gone, whatever a service says then: the object tells. */
async function settle(
  place: S3Place,
  path: ObjectPath,
  token: string,
  answer: S3Answer<void>,
  call: S3Call,
): Promise<void> {
  const isAnswered = answer.status === "answered";
  const mayBeDone = isAnswered || answer.failure.kind === "no-upload" || isOutcomeUnknown(answer.failure);
  if (mayBeDone && (await describeObject(place, path, call.signal))?.token === token) return;
  if (!isAnswered) throw await place.connection.error(answer.failure, call);
  throw new LakeError("unavailable", "upload-lost", `cannot upload ${call.object}: its upload is gone`, {
    context: { object: call.object },
    hint: "Try again.",
  });
}
