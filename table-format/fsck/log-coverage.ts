import { type CheckpointFiles, completeCheckpoints } from "../log/checkpoint-files.js";
import type { CompactionFile, LogFile } from "../log/log-path.js";
import { type Version, version } from "../log/version.js";

/** Versions from `first` to `last`, both among them. */
export interface VersionRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** How the state of a version comes about: a start, and what follows it. */
export interface Chain {
  /** The checkpoint to begin with; `undefined` for the empty table before version 0. */
  readonly base: CheckpointFiles | undefined;
  /** Compactions that stand for commits which are gone. */
  readonly compactions: readonly CompactionFile[];
}

/** What a log can still tell. */
export interface LogCoverage {
  /** The newest version that a file of the log speaks of; `undefined` for a log without any. */
  readonly newest: Version | undefined;
  /** Ascending, apart from one another. */
  readonly readable: readonly VersionRange[];
  /** Versions whose absence makes the newest one unreadable; no more than the log needs. */
  readonly missing: readonly VersionRange[];
  /** Versions whose absence is bridged by a checkpoint after them: history that is lost. */
  readonly lost: readonly VersionRange[];
  /** The way to a version from the oldest start that leads there; `undefined` when it is not readable. */
  chain(to: bigint): Chain | undefined;
}

/**
 * Which versions can be read, told from names and from what is known to be broken. Pure (PROTOCOL.md, "Action
 * Reconciliation").
 *
 * @param whole versions whose commit is there and not damaged
 * @param unusable paths of checkpoints and compactions that cannot be used
 */
export function coverageOf(
  logFiles: readonly LogFile[],
  whole: ReadonlySet<Version>,
  unusable: ReadonlySet<string>,
): LogCoverage {
  const checkpoints = new Map(
    completeCheckpoints(logFiles)
      .filter(({ files }) => files.every(({ path }) => !unusable.has(path)))
      .map((checkpoint) => [checkpoint.version, checkpoint]),
  );
  const compactions = logFiles
    .filter((file) => file.kind === "compaction")
    .filter(({ path }) => !unusable.has(path));
  const commits = new Set(logFiles.filter((file) => file.kind === "commit").map((file) => file.version));
  const versions = [
    ...new Set([...commits, ...checkpoints.keys(), ...compactions.map((file) => file.version)]),
  ].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const chains = new Map<bigint, Chain>();
  const before = (first: bigint): Chain | undefined =>
    first === 0n ? { base: undefined, compactions: [] } : chains.get(first - 1n);
  for (const at of versions) {
    const chain = wayTo(at, whole, compactions, checkpoints, before);
    if (chain !== undefined) chains.set(at, chain);
  }
  const readable = rangesOf([...chains.keys()]);
  const newest = versions.at(-1);
  return {
    newest,
    readable,
    missing: newest === undefined ? [] : missingBefore(newest, readable, versions, commits),
    lost: readable.slice(1).flatMap((range, index) => {
      const end = readable[index]?.last;
      return end === undefined ? [] : absent({ first: end + 1n, last: range.first - 1n }, commits);
    }),
    chain: (to) => chains.get(to),
  };
}

function wayTo(
  at: Version,
  whole: ReadonlySet<Version>,
  compactions: readonly CompactionFile[],
  checkpoints: ReadonlyMap<bigint, CheckpointFiles>,
  before: (first: bigint) => Chain | undefined,
): Chain | undefined {
  const byCommit = whole.has(at) ? before(at) : undefined;
  if (byCommit !== undefined) return byCommit;
  for (const compaction of compactions) {
    const start = compaction.version === at ? before(compaction.first) : undefined;
    if (start !== undefined) return { ...start, compactions: [...start.compactions, compaction] };
  }
  const base = checkpoints.get(at);
  return base === undefined ? undefined : { base, compactions: [] };
}

function rangesOf(ascending: readonly bigint[]): VersionRange[] {
  const ranges: { first: bigint; last: bigint }[] = [];
  for (const at of ascending) {
    const last = ranges.at(-1);
    if (last !== undefined && last.last + 1n === at) last.last = at;
    else ranges.push({ first: at, last: at });
  }
  return ranges;
}

function missingBefore(
  newest: Version,
  readable: readonly VersionRange[],
  versions: readonly Version[],
  commits: ReadonlySet<Version>,
): VersionRange[] {
  const end = readable.at(-1)?.last;
  if (end === newest) return [];
  // Without any start, what comes before the first entry is what is missing.
  const first = end === undefined ? 0n : end + 1n;
  const later = versions.filter((at) => at >= first);
  return absent({ first, last: later.at(-1) ?? newest }, commits);
}

/** The parts of a range that have no commit. */
function absent({ first, last }: VersionRange, commits: ReadonlySet<Version>): VersionRange[] {
  const there = [...commits].filter((at) => at >= first && at <= last).sort((a, b) => (a < b ? -1 : 1));
  const gaps: VersionRange[] = [];
  let next = first;
  for (const at of [...there, version(last) + 1n]) {
    if (at > next) gaps.push({ first: next, last: at - 1n });
    next = at + 1n;
  }
  return gaps;
}

/** `3`, or `3 to 5`. */
export function rangeText({ first, last }: VersionRange): string {
  return first === last ? String(first) : `${first} to ${last}`;
}

/** `version 3 is missing`, or `versions 3 to 5 are missing`. */
export function missingText(range: VersionRange): string {
  const several = range.first !== range.last;
  return `version${several ? "s" : ""} ${rangeText(range)} ${several ? "are" : "is"} missing`;
}
