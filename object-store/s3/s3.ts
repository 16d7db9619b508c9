import { unlink } from "node:fs/promises";
import { mapParallel, throwIfCancelled } from "../../core/index.js";
import { fileError } from "../file-error.js";
import type {
  AdoptedFile,
  ByteRange,
  CallOptions,
  ObjectMeta,
  ObjectPart,
  ObjectPath,
  ObjectStore,
  PutIfAbsentResult,
  PutOptions,
  ReadOptions,
} from "../object-store.js";
import type { S3Connection } from "./s3-connection.js";
import { deleteObjects } from "./s3-delete.js";
import { listObjects } from "./s3-list.js";
import { type S3Location, s3Uri } from "./s3-location.js";
import type { S3Place } from "./s3-place.js";
import { proveBucket } from "./s3-probe.js";
import { putObject, putObjectIfAbsent } from "./s3-put.js";
import { describeObject, readObject } from "./s3-read.js";
import { uploadFile } from "./s3-upload.js";

/** Files of one `adopt` at once. What is under way in all is for the connection to bound. */
const PARALLEL_FILES = 8;

/**
 * A bucket of S3, or of a service that is compatible with it, or what lies below a prefix there. Every object is written
 * by one request or one multipart upload, so it appears whole or not at all; put-if-absent is `If-None-Match: *`.
 */
export class S3Store implements ObjectStore {
  readonly uri: string;
  readonly #place: S3Place;

  constructor(location: S3Location, connection: S3Connection) {
    this.uri = s3Uri(location);
    this.#place = { location, connection };
  }

  async head(path: ObjectPath, { signal }: CallOptions = {}): Promise<ObjectMeta | undefined> {
    throwIfCancelled(signal);
    const found = await describeObject(this.#place, path, signal);
    return found && { path, size: found.size, lastModified: found.lastModified, etag: found.etag };
  }

  async get(
    path: ObjectPath,
    options: CallOptions & { readonly range?: ByteRange } = {},
  ): Promise<Uint8Array> {
    return (await this.read(path, options)).bytes;
  }

  async read(path: ObjectPath, options: ReadOptions = {}): Promise<ObjectPart> {
    throwIfCancelled(options.signal);
    return readObject(this.#place, path, options);
  }

  async put(path: ObjectPath, data: Uint8Array, options: CallOptions = {}): Promise<void> {
    throwIfCancelled(options.signal);
    await putObject(this.#place, path, data, options);
  }

  async putIfAbsent(
    path: ObjectPath,
    data: Uint8Array,
    options: PutOptions = {},
  ): Promise<PutIfAbsentResult> {
    throwIfCancelled(options.signal);
    await proveBucket(this.#place, options.signal);
    return putObjectIfAbsent(this.#place, path, data, options);
  }

  async *list(
    prefix: string,
    { startAfter = "", signal }: CallOptions & { readonly startAfter?: string } = {},
  ): AsyncGenerator<ObjectMeta> {
    throwIfCancelled(signal);
    yield* listObjects(this.#place, prefix, { startAfter, signal });
  }

  async delete(paths: readonly ObjectPath[], options: CallOptions = {}): Promise<void> {
    await deleteObjects(this.#place, paths, options);
  }

  localPath(): undefined {
    return undefined;
  }

  async adopt(files: readonly AdoptedFile[], { signal }: CallOptions = {}): Promise<void> {
    throwIfCancelled(signal);
    const adoptOne = async ({ localFile, path }: AdoptedFile): Promise<void> => {
      await uploadFile(this.#place, localFile, path, { signal });
      try {
        await unlink(localFile);
      } catch (error) {
        throw fileError(error, "remove", localFile);
      }
    };
    await mapParallel(files, PARALLEL_FILES, adoptOne, signal);
  }
}
