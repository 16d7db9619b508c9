import { delay, LakeError } from "../../core/index.js";
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

export type StoreCall = "head" | "get" | "put" | "putIfAbsent" | "list" | "delete" | "adopt";

/** What goes wrong with one call, beside a wait. */
export type Fault =
  | "none"
  /** It fails with `unavailable` and nothing was done. */
  | "fails-before"
  /** It is done, and its answer is lost: it fails with `unavailable`. */
  | "fails-after"
  /** The process dies, and nothing was done. */
  | "dies-before"
  /** It is done, and then the process dies. */
  | "dies-after";

export interface CallFault {
  /** Milliseconds that it takes longer. */
  readonly wait: number;
  readonly fault: Fault;
}

/** Decides what becomes of each call. */
export type FaultPlan = (call: StoreCall, path: string) => CallFault;

/** Probabilities, from 0 to 1. */
export interface FaultRates {
  /** That a call takes some milliseconds longer. */
  readonly slow: number;
  /** That a call that changes nothing fails. */
  readonly read: number;
  /** That a call that writes or deletes fails; half of the time it is done all the same. */
  readonly write: number;
  /** That the process dies at a put of something that must be absent; half of the time after it was done. */
  readonly death: number;
  /** That the call after one that failed in writing, or after one that failed so, fails as well. */
  readonly outage: number;
}

const LONGEST_WAIT_MS = 8;

/**
 * Faults drawn from numbers between 0 and 1: the same for the same numbers and the same calls. A write that fails may
 * begin an outage of some calls, so that its outcome stays unknown.
 */
export function drawnFaults(random: () => number, rates: FaultRates): FaultPlan {
  let isOut = false;
  const drawn = drawnFault(random, rates);
  return (call, path) => {
    const next = drawn(call, path);
    const begins = isWrite(call) && (next.fault === "fails-after" || next.fault === "fails-before");
    isOut = begins || (isOut && random() < rates.outage);
    return isOut && next.fault === "none" ? { ...next, fault: "fails-before" } : next;
  };
}

function isWrite(call: StoreCall): boolean {
  return call !== "head" && call !== "get" && call !== "list";
}

function drawnFault(random: () => number, rates: FaultRates): FaultPlan {
  return (call) => {
    const wait = random() < rates.slow ? Math.ceil(random() * LONGEST_WAIT_MS) : 0;
    const [drawn, half] = [random(), random() < 0.5];
    if (!isWrite(call)) {
      return { wait, fault: drawn < rates.read ? "fails-before" : "none" };
    }
    if (call === "putIfAbsent" && drawn < rates.death)
      return { wait, fault: half ? "dies-after" : "dies-before" };
    const failing = (call === "putIfAbsent" ? rates.death : 0) + rates.write;
    return { wait, fault: drawn < failing ? (half ? "fails-after" : "fails-before") : "none" };
  };
}

/** Ends the process at once, as a power cut does: nothing is tidied up. */
export function die(): never {
  process.kill(process.pid, "SIGKILL");
  // The signal is on its way; nothing of this process may happen before it is there.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
}

/**
 * A store that is slow and fails, within the contract of ObjectStore: a call that failed is `unavailable`, and
 * then it was done or it was not. What the plan decides for a listing falls on its beginning.
 */
export class FaultyStore implements ObjectStore {
  readonly uri: string;
  readonly #store: ObjectStore;
  readonly #plan: FaultPlan;

  constructor(store: ObjectStore, plan: FaultPlan) {
    this.#store = store;
    this.#plan = plan;
    this.uri = store.uri;
  }

  head(path: ObjectPath, options?: CallOptions): Promise<ObjectMeta | undefined> {
    return this.#call("head", path, () => this.#store.head(path, options));
  }

  get(path: ObjectPath, options?: CallOptions & { readonly range?: ByteRange }): Promise<Uint8Array> {
    return this.#call("get", path, () => this.#store.get(path, options));
  }

  read(path: ObjectPath, options?: ReadOptions): Promise<ObjectPart> {
    return this.#call("get", path, () => this.#store.read(path, options));
  }

  put(path: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<void> {
    return this.#call("put", path, () => this.#store.put(path, data, options));
  }

  putIfAbsent(path: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<PutIfAbsentResult> {
    return this.#call("putIfAbsent", path, () => this.#store.putIfAbsent(path, data, options));
  }

  async *list(
    prefix: string,
    options?: CallOptions & { readonly startAfter?: string },
  ): AsyncIterable<ObjectMeta> {
    await this.#call("list", prefix, () => Promise.resolve());
    yield* this.#store.list(prefix, options);
  }

  delete(paths: readonly ObjectPath[], options?: CallOptions): Promise<void> {
    return this.#call("delete", paths.join(" "), () => this.#store.delete(paths, options));
  }

  localPath(path: ObjectPath): string | undefined {
    return this.#store.localPath(path);
  }

  adopt(files: readonly AdoptedFile[], options?: CallOptions): Promise<void> {
    const paths = files.map(({ path }) => path).join(" ");
    return this.#call("adopt", paths, () => this.#store.adopt(files, options));
  }

  async #call<T>(call: StoreCall, path: string, work: () => Promise<T>): Promise<T> {
    const { wait, fault } = this.#plan(call, path);
    if (wait > 0) await delay(wait);
    if (fault === "dies-before") die();
    if (fault === "fails-before") throw injected(call, path);
    const result = await work();
    if (fault === "dies-after") die();
    if (fault === "fails-after") throw injected(call, path);
    return result;
  }
}

function injected(call: StoreCall, path: string): LakeError {
  return new LakeError("unavailable", "injected-fault", `${call} of ${path} failed, as the test wanted`);
}
