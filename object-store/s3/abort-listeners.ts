/** The listeners of each signal, behind the one that is registered with it. */
const LISTENERS = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls `listener` when the signal fires, unless what is returned is called before. All requests of a call may hear one
 * signal: Node takes more than ten listeners of one for a leak, and says so on stderr.
 *
 * @param signal one that has not fired
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal === undefined) return () => {};
  const listeners = LISTENERS.get(signal) ?? listenTo(signal);
  // The same function may be given twice.
  const own = (): void => listener();
  listeners.add(own);
  return () => {
    listeners.delete(own);
  };
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const listeners = new Set<() => void>();
  LISTENERS.set(signal, listeners);
  signal.addEventListener(
    "abort",
    () => {
      for (const listener of listeners) listener();
    },
    { once: true },
  );
  return listeners;
}
