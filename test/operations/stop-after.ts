/** A signal that is aborted when it has been looked at so often. */
export function stopAfter(looks: number): AbortSignal {
  const controller = new AbortController();
  let left = looks;
  return new Proxy(controller.signal, {
    get(signal, key) {
      if (key === "aborted" && --left === 0) controller.abort();
      const value: unknown = Reflect.get(signal, key, signal);
      return typeof value === "function" ? value.bind(signal) : value;
    },
  });
}
