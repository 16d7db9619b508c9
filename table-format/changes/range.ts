import { isLakeError, LakeError } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import { readOwnTimestamp } from "../log/history.js";
import type { InCommitTimestamps } from "../log/in-commit-timestamps.js";
import type { CommitFile, LogFile } from "../log/log-path.js";
import { oldestReplayable } from "../log/segment.js";
import { commitTimes, versionAt } from "../log/timestamps.js";
import { type Version, version } from "../log/version.js";

/** One end of a range of changes: a version, or an instant in milliseconds since the epoch. */
export type ChangeBound = { readonly version: bigint } | { readonly timestamp: number };

/** Which changes to read, both ends included; without `to` up to the newest version. */
export interface ChangeRange {
  readonly from: ChangeBound;
  readonly to?: ChangeBound | undefined;
}

/** The versions of a range, both included; `first` is one more than `last` where no commit is in it. */
export interface VersionRange {
  readonly first: Version;
  readonly last: Version;
}

/** What the log says of a table's commits. */
export interface CommitLog {
  readonly store: ObjectStore;
  /** The table, for messages. */
  readonly where: string;
  /** The whole log. Used where an end is an instant. */
  readonly listing: readonly LogFile[];
  readonly newest: Version;
  /** Since when commits tell their own time. */
  readonly own: InCommitTimestamps | undefined;
}

/** An instant later than any: what was newest then is newest. */
const EVER = 8_640_000_000_000_000;

/**
 * The versions of a range: from the first one at or after an instant, to the last one at or before it. Two
 * instants between two commits are a range without one. A range may end after the newest version, where more
 * may come, and may not begin there. All of this is as delta-spark has it (`CDCReader.getCDCRelation`).
 *
 * @throws LakeError `invalid-input` for a range that ends before it begins, `not-found` with the range that
 *   exists for one that begins after the newest version or ends before the first.
 */
export async function resolveRange(
  log: CommitLog,
  { from, to }: ChangeRange,
  signal?: AbortSignal,
): Promise<VersionRange> {
  const first = "version" in from ? from.version : await firstAt(log, from.timestamp, signal);
  if (first > log.newest) throw beyondNewest(log, from);
  const last =
    to === undefined ? log.newest : "version" in to ? to.version : await lastAt(log, to.timestamp, signal);
  if (last < first) {
    const areInstants = "timestamp" in from && to !== undefined && "timestamp" in to;
    if (!areInstants || from.timestamp > to.timestamp || last !== first - 1n)
      throw backwards(first, last, log);
  }
  return { first: version(first), last: version(last > log.newest ? log.newest : last) };
}

/** The first version at or after an instant; one more than the newest where there is none. */
async function firstAt(log: CommitLog, instant: number, signal: AbortSignal | undefined): Promise<bigint> {
  try {
    const before = await lastAt(log, instant, signal);
    return (await timeOf(log, before, signal)) === instant ? before : before + 1n;
  } catch (error) {
    if (!isLakeError(error, "not-found") || error.code !== "timestamp-out-of-range") throw error;
    return oldestReplayable(log.listing) ?? log.newest;
  }
}

function lastAt(log: CommitLog, instant: number, signal: AbortSignal | undefined): Promise<Version> {
  const { store, listing, where, own } = log;
  const read = (commit: CommitFile): Promise<number> => readOwnTimestamp(store, commit, signal);
  return versionAt(listing, where, instant, EVER, own && { ...own, read });
}

async function timeOf(
  log: CommitLog,
  at: Version,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const { store, listing, own } = log;
  const commit = listing.find((file) => file.kind === "commit" && file.version === at);
  if (commit !== undefined && own !== undefined && at >= own.since)
    return readOwnTimestamp(store, commit, signal);
  return commitTimes(listing).find((time) => time.version === at)?.timestamp;
}

function beyondNewest({ where, newest }: CommitLog, from: ChangeBound): LakeError {
  const text = "version" in from ? `version ${from.version}` : new Date(from.timestamp).toISOString();
  return new LakeError("not-found", "change-range", `${where} has no changes from ${text} on`, {
    context: { newest },
    hint: `Its newest version is ${newest}.`,
  });
}

function backwards(first: bigint, last: bigint, { where }: CommitLog): LakeError {
  return new LakeError(
    "invalid-input",
    "change-range",
    `${where}: the changes from version ${first} to ${last} are none: the range ends before it begins`,
    { context: { first, last } },
  );
}
