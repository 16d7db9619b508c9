import { LakeError } from "../../core/index.js";
import type {
  AdoptedFile,
  ByteRange,
  CallOptions,
  ObjectMeta,
  ObjectPart,
  ObjectPath,
  ObjectStore,
  PutIfAbsentResult,
  ReadOptions,
} from "../../object-store/index.js";

/** The writes of one process, over all its stores, and the one that it does not live to do. */
export class Life {
  /** `put default/a/...`, in the order in which they were done. */
  readonly writes: string[] = [];
  /** Resolves when the process has stopped. */
  readonly stopped: Promise<void>;
  /** Runs after each write, before the process goes on. */
  afterWrite: ((write: string) => Promise<void>) | undefined;
  /** Whether its user has the right to write. */
  mayWrite = true;
  #left = Number.POSITIVE_INFINITY;
  #isOver = false;
  #stop: () => void = () => {};

  constructor() {
    this.stopped = new Promise((resolve) => {
      this.#stop = resolve;
    });
  }

  /** From now on: so many writes are done, and whoever wants another one stops. */
  endAfter(writes: number): void {
    this.#left = writes;
  }

  async write<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (!this.mayWrite) throw new LakeError("unavailable", "read-only", `${what}: read-only`);
    if (this.#left <= 0) this.#isOver = true;
    await this.breathe();
    this.#left--;
    const result = await work();
    this.writes.push(what);
    await this.afterWrite?.(what);
    await this.breathe();
    return result;
  }

  /** Never comes back once the process has stopped. */
  async breathe(): Promise<void> {
    if (!this.#isOver) return;
    this.#stop();
    await new Promise<never>(() => {});
  }
}

/**
 * A local store whose process stops before one of its writes, as if it was killed: what it waits for never comes,
 * so nothing of it runs any more, error handling least of all.
 */
export class HaltingStore implements ObjectStore {
  readonly uri: string;
  readonly #store: ObjectStore;
  readonly #life: Life;

  constructor(store: ObjectStore, life: Life) {
    this.#store = store;
    this.#life = life;
    this.uri = store.uri;
  }

  async head(path: ObjectPath, options?: CallOptions): Promise<ObjectMeta | undefined> {
    await this.#life.breathe();
    return this.#store.head(path, options);
  }

  async get(path: ObjectPath, options?: CallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    await this.#life.breathe();
    return this.#store.get(path, options);
  }

  async read(path: ObjectPath, options?: ReadOptions): Promise<ObjectPart> {
    await this.#life.breathe();
    return this.#store.read(path, options);
  }

  put(path: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<void> {
    return this.#life.write(`put ${path}`, () => this.#store.put(path, data, options));
  }

  putIfAbsent(path: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<PutIfAbsentResult> {
    return this.#life.write(`putIfAbsent ${path}`, () => this.#store.putIfAbsent(path, data, options));
  }

  list(prefix: string, options?: CallOptions & { readonly startAfter?: string }): AsyncIterable<ObjectMeta> {
    return this.#store.list(prefix, options);
  }

  delete(paths: readonly ObjectPath[], options?: CallOptions): Promise<void> {
    return this.#life.write(`delete ${paths.join(" ")}`, () => this.#store.delete(paths, options));
  }

  localPath(path: ObjectPath): string | undefined {
    return this.#store.localPath(path);
  }

  adopt(files: readonly AdoptedFile[], options?: CallOptions): Promise<void> {
    return this.#life.write(`adopt ${files.map((file) => file.path).join(" ")}`, () =>
      this.#store.adopt(files, options),
    );
  }
}
