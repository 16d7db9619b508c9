import { LakeError } from "./errors.js";

/** The `cancelled` error for a signal that has fired. */
export function cancelledError(signal: AbortSignal): LakeError {
  return new LakeError("cancelled", "cancelled", "the operation was cancelled", { cause: signal.reason });
}

/** @throws LakeError `cancelled` when the signal has fired. */
export function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelledError(signal);
}

/** Waits `ms` milliseconds, or rejects with `cancelled` as soon as the signal fires. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(cancelledError(signal));
    const onAbort = (): void => {
      clearTimeout(timer);
      if (signal !== undefined) reject(cancelledError(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
