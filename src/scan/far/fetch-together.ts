import { setMaxListeners } from "node:events";
import { mapParallel } from "../../../core/index.js";

/**
 * As `mapParallel`, and once one has failed the work of the others is cancelled: their requests that wait for a
 * connection would else be sent, one after the other, to a store that refuses them or does not answer any more.
 *
 * @throws what the first work threw that failed
 */
export function fetchTogether<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T, signal: AbortSignal) => Promise<R>,
  signal: AbortSignal | undefined,
): Promise<R[]> {
  const failed = new AbortController();
  const goOn = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  // Every request listens.
  setMaxListeners(0, goOn);
  const guarded = async (item: T): Promise<R> => {
    try {
      return await work(item, goOn);
    } catch (error) {
      failed.abort();
      throw error;
    }
  };
  return mapParallel(items, limit, guarded, signal);
}
