/** A source file as one look found it. */
export interface SeenFile {
  /** As the look named it. */
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly modificationTime: number;
  /** Another one as soon as the file is another, or has changed. */
  readonly stamp: string;
}

/** What became of a file: its stamp then. */
export type Settled = ReadonlyMap<string, string>;

export interface Look {
  /** Files to land, in the order in which they were found. */
  readonly ready: readonly SeenFile[];
  /** Files that someone may still be writing. */
  readonly growing: number;
}

/**
 * Pure: which of the files that a look found are to be landed. One that was written to within `settleMs` may not be
 * whole yet and is left for a later look. One whose time of modification lies in the future, as a clock that is
 * wrong makes it, counts as whole when the look before saw the same.
 *
 * @param done files that need nothing more as long as their stamp stays
 * @param before the stamps of the look before
 * @param now milliseconds since the epoch
 */
export function filesToLand(
  found: readonly SeenFile[],
  done: Settled,
  before: Settled,
  now: number,
  settleMs: number,
): Look {
  const open = found.filter(({ path, stamp }) => done.get(path) !== stamp);
  const ready = open.filter(({ path, stamp, modificationTime }) =>
    modificationTime > now ? before.get(path) === stamp : now - modificationTime >= settleMs,
  );
  return { ready, growing: open.length - ready.length };
}

/** How much one commit of a watch takes at most. */
export interface BatchLimits {
  readonly files: number;
  readonly bytes: number;
}

/** Pure: the first files that make one commit: at least one, and no more than the limits allow. */
export function firstBatch(ready: readonly SeenFile[], { files, bytes }: BatchLimits): readonly SeenFile[] {
  let sum = 0;
  const end = ready.findIndex((file, index) => {
    sum += file.size;
    return index > 0 && (index >= files || sum > bytes);
  });
  return end === -1 ? ready : ready.slice(0, end);
}
