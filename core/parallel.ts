import { throwIfCancelled } from "./cancellation.js";

/**
 * Calls `work` on every item, at most `limit` at a time, and gives the results in the order of the
 * items. After the first failure, or once the signal fires, nothing new is started; what runs is
 * waited for, then the failure is thrown.
 */
export async function mapParallel<T, R>(
  items: Iterable<T>,
  limit: number,
  work: (item: T) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const queue = [...items].entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failures.length > 0) return;
      try {
        throwIfCancelled(signal);
        results[index] = await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
