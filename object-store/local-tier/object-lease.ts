import type { ObjectPath, ObjectStore } from "../object-store.js";
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
  /** Told of each fetch as it is done. */
  readonly onFetch?: ((counts: FetchCounts) => void) | undefined;
}

/**
 * A file of the tier as large as the object, with the bytes that were fetched in their places and holes elsewhere. It
 * stays where it is until it is released. Whoever reads a hole reads zeros, so that nobody may read what he has not
 * fetched.
 */
export interface ObjectLease extends TierLease {
  /**
   * Brings bytes of the object that are not at hand: spans that lie close together in one request, large ones in
   * several at once. Bytes that another call or another process brought are not fetched again.
   *
   * @throws LakeError `not-found` when the object is gone, `conflict` (`object-changed`) when it is not the one whose
   *   bytes are here, `unavailable`, `cancelled`.
   */
  fetch(spans: readonly ByteSpan[] | "all", options?: FetchOptions): Promise<void>;
}
