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
} from "./object-store.js";

export type StoreVerb = "head" | "get" | "put" | "putIfAbsent" | "list" | "delete" | "adopt";

export interface VerbCount {
  /** Calls, failed ones included. */
  readonly requests: number;
  /** Bytes of object data read by `get` and `read`, which count as one, or handed to `put` and `putIfAbsent`; 0 for the others. */
  readonly bytes: number;
}

export type StoreCounts = Readonly<Record<StoreVerb, VerbCount>>;

const NONE: VerbCount = { requests: 0, bytes: 0 };
const NO_COUNTS: StoreCounts = {
  head: NONE,
  get: NONE,
  put: NONE,
  putIfAbsent: NONE,
  list: NONE,
  delete: NONE,
  adopt: NONE,
};

/** Counts what goes to another store, for tests and benchmarks. */
export class CountingStore implements ObjectStore {
  readonly uri: string;
  readonly #store: ObjectStore;
  #counts = NO_COUNTS;

  constructor(store: ObjectStore) {
    this.#store = store;
    this.uri = store.uri;
  }

  /** What has been counted so far. The value does not change afterwards. */
  get counts(): StoreCounts {
    return this.#counts;
  }

  reset(): void {
    this.#counts = NO_COUNTS;
  }

  head(path: ObjectPath, options?: CallOptions): Promise<ObjectMeta | undefined> {
    this.#count("head", 1, 0);
    return this.#store.head(path, options);
  }

  async get(path: ObjectPath, options?: CallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    this.#count("get", 1, 0);
    const bytes = await this.#store.get(path, options);
    this.#count("get", 0, bytes.length);
    return bytes;
  }

  async read(path: ObjectPath, options?: ReadOptions): Promise<ObjectPart> {
    this.#count("get", 1, 0);
    const part = await this.#store.read(path, options);
    this.#count("get", 0, part.bytes.length);
    return part;
  }

  put(path: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<void> {
    this.#count("put", 1, data.length);
    return this.#store.put(path, data, options);
  }

  putIfAbsent(path: ObjectPath, data: Uint8Array, options?: PutOptions): Promise<PutIfAbsentResult> {
    this.#count("putIfAbsent", 1, data.length);
    return this.#store.putIfAbsent(path, data, options);
  }

  list(prefix: string, options?: CallOptions & { readonly startAfter?: string }): AsyncIterable<ObjectMeta> {
    this.#count("list", 1, 0);
    return this.#store.list(prefix, options);
  }

  delete(paths: readonly ObjectPath[], options?: CallOptions): Promise<void> {
    this.#count("delete", 1, 0);
    return this.#store.delete(paths, options);
  }

  localPath(path: ObjectPath): string | undefined {
    return this.#store.localPath(path);
  }

  adopt(files: readonly AdoptedFile[], options?: CallOptions): Promise<void> {
    this.#count("adopt", 1, 0);
    return this.#store.adopt(files, options);
  }

  #count(verb: StoreVerb, requests: number, bytes: number): void {
    const before = this.#counts[verb];
    this.#counts = {
      ...this.#counts,
      [verb]: { requests: before.requests + requests, bytes: before.bytes + bytes },
    };
  }
}
