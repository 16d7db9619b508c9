declare const objectPathBrand: unique symbol;

/**
 * The key of an object relative to the root of its store: `/`-separated, decoded, no leading or
 * trailing slash, no empty, `.` or `..` segment. Built by {@link objectPath} only.
 */
export type ObjectPath = string & { readonly [objectPathBrand]: true };

export interface ObjectMeta {
  readonly path: ObjectPath;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
  /**
   * Tells this content of the path from any other that it had or will have. Opaque: compared with other tags of the
   * same path and no other use. Absent where a listing does not tell it.
   */
  readonly etag?: string | undefined;
}

/** Bytes of an object, and of which content of it. */
export interface ObjectPart {
  /** The caller's own. */
  readonly bytes: Uint8Array;
  /** Bytes of the whole object. */
  readonly size: number;
  /** As in {@link ObjectMeta}. */
  readonly etag: string;
}

export interface ReadOptions extends CallOptions {
  readonly range?: ByteRange | undefined;
  /** Reads that content of the object and no other. */
  readonly ifMatch?: string | undefined;
}

/** A byte range: `length` bytes from `offset`, or the last `suffix` bytes. */
export type ByteRange = { readonly offset: number; readonly length: number } | { readonly suffix: number };

export type PutIfAbsentResult = { readonly status: "created" } | { readonly status: "exists" };

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface PutOptions extends CallOptions {
  /**
   * `false` for what can be made again and is checked when it is read: it may then be lost, or hold other bytes,
   * after a crash of the machine, and never after one of the process. Default `true`.
   */
  readonly durable?: boolean | undefined;
  /**
   * `true` for a caller that reads back what is there and knows its own bytes from others': where an earlier try of the
   * same put may be what has taken the path, it is then told `exists`, and a store far away need not find out. Default
   * `false`.
   */
  readonly readsBack?: boolean | undefined;
}

/**
 * Named bytes. The contract, held by every implementation and checked by one suite
 * (test/contract/object-store.ts):
 *
 * - Read after write: a completed put, delete or adopt is seen by every later call of any process.
 * - An object appears whole or not at all; no reader sees part of one.
 * - Every call takes a signal and throws `cancelled` once it has fired. A write that was cancelled
 *   has not happened, but for the files of an `adopt` and the objects of a `delete` already done.
 * - Only a not-found is absence (`head` gives `undefined`, `get` throws `not-found`); every other
 *   failure throws a `LakeError` of another kind.
 */
export interface ObjectStore {
  /** Where the store is, for messages: `file:///lake`, `memory:` and the like. No credentials. */
  readonly uri: string;

  /** Size and time of one object; `undefined` when there is none. */
  head(path: ObjectPath, options?: CallOptions): Promise<ObjectMeta | undefined>;

  /**
   * The bytes of one object or of a range of it; a range past the end gives the bytes there are. The
   * array is the caller's own.
   */
  get(path: ObjectPath, options?: CallOptions & { readonly range?: ByteRange }): Promise<Uint8Array>;

  /**
   * As {@link get}, and tells which content was read, so that what is read in parts is of one.
   *
   * @throws LakeError `conflict` (`object-changed`) when the object has another content than `ifMatch` names.
   */
  read(path: ObjectPath, options?: ReadOptions): Promise<ObjectPart>;

  /** Writes or replaces one object, durably. */
  put(path: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<void>;

  /**
   * Writes one object unless the path is taken: of all concurrent callers, in any process, exactly
   * one gets `created`. Durable when it returns, unless the options say otherwise. A failure whose outcome is unknown throws
   * `unavailable`; the caller reads the object back.
   */
  putIfAbsent(path: ObjectPath, data: Uint8Array, options?: PutOptions): Promise<PutIfAbsentResult>;

  /**
   * Every object whose path begins with `prefix`, in ascending UTF-8 byte order of the path,
   * `startAfter` exclusive. The prefix is a string, not a folder: `a/b` lists `a/b1` and `a/b/c`. Every
   * object that was there when the listing began, and still is, is listed. The listing is no snapshot:
   * of two objects written one after the other while it runs, it may show only the later one.
   */
  list(prefix: string, options?: CallOptions & { readonly startAfter?: string }): AsyncIterable<ObjectMeta>;

  /** Deletes objects; one that is absent is no error. */
  delete(paths: readonly ObjectPath[], options?: CallOptions): Promise<void>;

  /**
   * The path of the object in the local file system, for a store whose objects are local files.
   * The file need not exist. A store that is not local gives `undefined`.
   */
  localPath(path: ObjectPath): string | undefined;

  /**
   * Makes finished local files objects of the store, durably: bytes and names survive a crash once
   * this returns. A file that already lies at its own place is only made durable; any other is moved
   * or uploaded, and gone afterwards.
   */
  adopt(files: readonly AdoptedFile[], options?: CallOptions): Promise<void>;
}

export interface AdoptedFile {
  readonly localFile: string;
  readonly path: ObjectPath;
}
