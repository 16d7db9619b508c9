import type { Invocation } from "../invocation.js";
import { bytesText, plural } from "../terminal/amounts.js";

/** What the cache holds. */
export async function cache(invocation: Invocation): Promise<void> {
  const { openCache } = await import("../../cache-options.js");
  const usage = await openCache().usage();
  await invocation.result(usage, () => {
    const { directory, files, bytes, maxBytes } = usage;
    return `${directory} holds ${plural(files, "file")}, ${bytesText(bytes)} of at most ${bytesText(maxBytes)}\n`;
  });
}

/** Removes what the cache holds. */
export async function clearCache(invocation: Invocation): Promise<void> {
  const { openCache } = await import("../../cache-options.js");
  const removed = await openCache().wipe();
  await invocation.result(removed, () => {
    const { directory, files, bytes } = removed;
    return `removed ${plural(files, "file")}, ${bytesText(bytes)}, from ${directory}\n`;
  });
}
