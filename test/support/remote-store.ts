import { join } from "node:path";
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
  StoreOpener,
} from "../../object-store/index.js";
import { LocalStore, openStore } from "../../object-store/index.js";

/**
 * Opens `far://...` as the folder of that path below `root`, as if it were far away, and anything else as it is. Each
 * store that it opened is in `opened`, by its URI.
 */
export function farStores(root: string): {
  readonly open: StoreOpener;
  readonly opened: Map<string, RemoteStore>;
} {
  const opened = new Map<string, RemoteStore>();
  const open: StoreOpener = (uri) => {
    const [, path] = /^far:\/\/(.*?)\/*$/.exec(uri) ?? [];
    if (path === undefined) return openStore(uri);
    const name = `far://${path}`;
    const store = opened.get(name) ?? new RemoteStore(new LocalStore(join(root, path)), name);
    opened.set(name, store);
    return store;
  };
  return { open, opened };
}

/**
 * A store as if it were far away: its objects are no local files, so whatever is read of them is fetched, and
 * every request is kept by its name.
 */
export class RemoteStore implements ObjectStore {
  readonly uri: string;
  /** `get _delta_log/...`, in the order of the calls. */
  readonly requests: string[] = [];
  readonly #store: ObjectStore;

  constructor(store: ObjectStore, uri = store.uri) {
    this.#store = store;
    this.uri = uri;
  }

  /** The requests since the last call, sorted; names without the log's folder. */
  take(): string[] {
    return this.requests
      .splice(0)
      .map((request) => request.replaceAll("_delta_log/", ""))
      .sort();
  }

  head(path: ObjectPath, options?: CallOptions): Promise<ObjectMeta | undefined> {
    this.requests.push(`head ${path}`);
    return this.#store.head(path, options);
  }

  get(path: ObjectPath, options?: CallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    this.requests.push(`get ${path}`);
    return this.#store.get(path, options);
  }

  read(path: ObjectPath, options?: ReadOptions): Promise<ObjectPart> {
    this.requests.push(`get ${path}`);
    return this.#store.read(path, options);
  }

  put(path: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<void> {
    this.requests.push(`put ${path}`);
    return this.#store.put(path, data, options);
  }

  putIfAbsent(path: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<PutIfAbsentResult> {
    this.requests.push(`putIfAbsent ${path}`);
    return this.#store.putIfAbsent(path, data, options);
  }

  list(prefix: string, options?: CallOptions & { readonly startAfter?: string }): AsyncIterable<ObjectMeta> {
    this.requests.push(`list ${prefix} after ${options?.startAfter ?? ""}`);
    return this.#store.list(prefix, options);
  }

  delete(paths: readonly ObjectPath[], options?: CallOptions): Promise<void> {
    this.requests.push(`delete ${paths.join(" ")}`);
    return this.#store.delete(paths, options);
  }

  localPath(): undefined {
    return undefined;
  }

  adopt(files: readonly AdoptedFile[], options?: CallOptions): Promise<void> {
    this.requests.push(`adopt ${files.map((file) => file.path).join(" ")}`);
    return this.#store.adopt(files, options);
  }
}
