import type { CommitFile, CompactionFile } from "./log-path.js";

/** Files that cover a range of versions, or the first version that none of them gives. */
export type Cover =
  | { readonly files: readonly (CommitFile | CompactionFile)[]; readonly missing?: undefined }
  | { readonly files: readonly []; readonly missing: bigint };

/**
 * The fewest commits and compactions that cover the versions `first` to `last`, each once. A compaction
 * replaces its commits as a whole (PROTOCOL.md, "Log Compaction Files"), so one that begins before `first`
 * or ends after `last` is of no use here; where commits are gone it may stand in for them. Pure.
 */
export function leastCover(
  files: readonly (CommitFile | CompactionFile)[],
  first: bigint,
  last: bigint,
): Cover {
  if (first > last) return { files: [] };
  const startingAt = new Map<bigint, (CommitFile | CompactionFile)[]>();
  for (const file of files) {
    const start = file.kind === "commit" ? file.version : file.first;
    if (start < first || file.version > last) continue;
    startingAt.set(start, [...(startingAt.get(start) ?? []), file]);
  }
  const starts = [...startingAt.keys()].sort((a, b) => (a < b ? -1 : 1));
  // From the end: how many files cover the rest, and which of them comes first.
  const best = new Map<bigint, { readonly count: number; readonly file?: CommitFile | CompactionFile }>();
  best.set(last + 1n, { count: 0 });
  for (const at of starts.toReversed()) {
    for (const file of startingAt.get(at) ?? []) {
      const rest = best.get(file.version + 1n);
      const known = best.get(at);
      if (rest === undefined || (known !== undefined && known.count <= rest.count + 1)) continue;
      best.set(at, { count: rest.count + 1, file });
    }
  }
  const cover: (CommitFile | CompactionFile)[] = [];
  for (let at = first; at <= last; ) {
    const file = best.get(at)?.file;
    if (file === undefined) return { files: [], missing: firstMissing(startingAt, starts, first) };
    cover.push(file);
    at = file.version + 1n;
  }
  return { files: cover };
}

/** The first version after all those that can be reached from `first`. */
function firstMissing(
  startingAt: ReadonlyMap<bigint, readonly (CommitFile | CompactionFile)[]>,
  starts: readonly bigint[],
  first: bigint,
): bigint {
  const reached = new Set([first]);
  let missing = first;
  for (const at of starts) {
    if (!reached.has(at)) continue;
    for (const { version } of startingAt.get(at) ?? []) {
      reached.add(version + 1n);
      if (version + 1n > missing) missing = version + 1n;
    }
  }
  return missing;
}
