import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cancelledError, throwIfCancelled } from "../../core/index.js";
import { bytesOf, spanSet } from "./byte-spans.js";
import { checkPart } from "./check-part.js";
import type { TierLease } from "./local-tier.js";
import type { ObjectLease, RemoteObject } from "./object-lease.js";
import { expectListeners, type RequestSlots } from "./request-slots.js";

/**
 * Bytes up to which an object is fetched whole, in one request, whatever is asked of it, and kept as one file: it comes
 * in less time than a second request would wait (`FETCH_RULES`), and costs a third of the calls of the system.
 */
export const SMALL_OBJECT = 64 * 1024;

/** What the lease of a small object needs of the tier. */
export interface SmallObjectHost {
  /** The folder of this process, where the file of a key has the key's name. */
  readonly folder: string;
  readonly slots: RequestSlots;
  atDisk<T>(work: () => Promise<T>): Promise<T>;
  /** As `LocalTier.lease`. */
  leaseWhole(key: string, make: (localPath: string) => Promise<void>): Promise<TierLease>;
}

/** A lease whose file comes with the first fetch. @param key names the object, and its content where that is known */
export function smallObjectLease(key: string, object: RemoteObject, host: SmallObjectHost): ObjectLease {
  let kept: TierLease | undefined;
  let isReleased = false;
  const lease: ObjectLease = {
    localPath: join(host.folder, key),
    async fetch(spans, { signal, onFetch } = {}) {
      throwIfCancelled(signal);
      expectListeners(signal);
      const span = { offset: 0, length: object.size };
      const wanted = bytesOf(spanSet(spans === "all" ? [span] : spans, object.size));
      const counts = { requests: 0, bytes: 0 };
      const make = (localPath: string): Promise<void> =>
        host.slots.run(lease, object.size, signal, async () => {
          const bytes = await read();
          await host.atDisk(() => writeFile(localPath, bytes));
        });
      const read = async (): Promise<Uint8Array> => {
        if (object.size === 0) return new Uint8Array();
        counts.requests++;
        const part = await object.store.read(object.path, { range: span, ifMatch: object.etag, signal });
        counts.bytes += part.bytes.length;
        checkPart(part, span, object);
        return part.bytes;
      };
      try {
        if (kept !== undefined) return;
        const whole = await unlessCancelled(host.leaseWhole(key, make), signal);
        if (kept === undefined && !isReleased) kept = whole;
        else await whole.release();
      } finally {
        onFetch?.({ ...counts, hitBytes: counts.requests === 0 ? wanted : 0 });
      }
    },
    async release() {
      isReleased = true;
      const whole = kept;
      kept = undefined;
      await whole?.release();
    },
  };
  return lease;
}

/** Another caller may be making the copy, whom this one's signal does not stop. */
function unlessCancelled(leasing: Promise<TierLease>, signal: AbortSignal | undefined): Promise<TierLease> {
  if (signal === undefined) return leasing;
  return new Promise((resolve, reject) => {
    let isOver = false;
    const giveUp = (): void => {
      isOver = true;
      reject(cancelledError(signal));
    };
    signal.addEventListener("abort", giveUp, { once: true });
    leasing.then((lease) => {
      signal.removeEventListener("abort", giveUp);
      if (isOver) return lease.release();
      return resolve(lease);
    }, reject);
  });
}
