import type { CallOptions, ObjectPath, ObjectStore } from "../object-store.js";
import type { TierLease } from "./local-tier.js";

/** An object of a store that is far away, as the tier is asked for it. */
export interface RemoteObject {
  readonly store: ObjectStore;
  readonly path: ObjectPath;
  /** Bytes. */
  readonly size: number;
  /** Where it is known: a copy of another content is no copy of this one. */
  readonly etag?: string | undefined;
}

export interface ObjectLeaseOptions extends CallOptions {
  /**
   * `false` for bytes that nobody asks for again: no copy of them is kept when the last lease is released, unless there
   * was one before. Default `true`.
   */
  readonly keep?: boolean | undefined;
}

/** Bytes `offset` to `offset + length` of an object. */
export interface ByteSpan {
  readonly offset: number;
  readonly length: number;
}

/** What fetching came to. */
export interface FetchCounts {
  readonly requests: number;
  /** Bytes that came from the store. */
  readonly bytes: number;
  /** Bytes that were asked for and at hand already. */
  readonly hitBytes: number;
}

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told once of each fetch, when it is over, also when it failed. */
  readonly onFetch?: ((counts: FetchCounts) => void) | undefined;
}

/**
 * A file of the tier for an object: of its size, with the bytes that were fetched in their places and holes elsewhere.
 * It stays where it is until it is released. Whoever reads a hole reads zeros, so that nobody may read what he has not
 * fetched. The file of a small object (up to 64 KiB, fetched whole whatever is asked) is there after the first fetch.
 */
export interface ObjectLease extends TierLease {
  /**
   * Brings bytes of the object that are not at hand: spans that lie close together in one request, large ones in
   * several at once. Bytes that another call or another process brought are not fetched again. A span may reach beyond
   * the object's end: what there is of it comes.
   *
   * After an error, what came before it is there for later calls.
   *
   * @throws LakeError `not-found` when the object is gone, `conflict` (`object-changed`) when it is not the one whose
   *   bytes are here, `corrupt` (`object-size`) when it has another size than it is known by, `unavailable`,
   *   `cancelled`.
   */
  fetch(spans: readonly ByteSpan[] | "all", options?: FetchOptions): Promise<void>;
}
