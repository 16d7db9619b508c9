import { LakeError } from "../../core/index.js";
import type { InCommitTimestamps } from "./in-commit-timestamps.js";
import type { CommitFile, LogFile } from "./log-path.js";
import { oldestReplayable } from "./segment.js";
import type { Version } from "./version.js";

export interface CommitTime {
  readonly version: Version;
  /** Milliseconds since the epoch, strictly ascending with the version. */
  readonly timestamp: number;
}

/**
 * When each commit happened: the time of its file, moved up where clocks disagree, so that a later
 * version is never earlier (PROTOCOL.md, "Commit Provenance Information" leaves it to the file system).
 */
export function commitTimes(listing: readonly LogFile[]): CommitTime[] {
  let latest = Number.NEGATIVE_INFINITY;
  return commitsOf(listing).map(({ version, lastModified }) => {
    latest = Math.max(Math.floor(lastModified), latest + 1);
    return { version, timestamp: latest };
  });
}

/** How the commits of a table tell their own time, for those that do. */
export interface OwnTimestamps extends InCommitTimestamps {
  /** The commit's `inCommitTimestamp`, in milliseconds since the epoch. */
  readonly read: (commit: CommitFile) => Promise<number>;
}

/**
 * The version that was the newest at an instant.
 *
 * Where commits have timestamps of their own, these count, and are found by halving: a dozen commits are read
 * of thousands. Before they began the times of the files count; which of the two is searched is told by the
 * instant alone (PROTOCOL.md, "Recommendations for Readers of Tables with In-Commit Timestamps").
 *
 * @param instant milliseconds since the epoch
 * @param now the present: the table's state at a later instant is not known yet
 * @param own default: no commit has a timestamp of its own
 * @throws LakeError `not-found` with the range that exists; what `own.read` throws.
 */
export async function versionAt(
  listing: readonly LogFile[],
  where: string,
  instant: number,
  now: number,
  own?: OwnTimestamps,
): Promise<Version> {
  const oldest = oldestReplayable(listing);
  const isThere = ({ version }: { readonly version: Version }): boolean =>
    oldest === undefined || version >= oldest;
  const since = own?.since;
  const byFile = commitTimes(listing).filter(
    (time) => isThere(time) && (since === undefined || time.version < since),
  );
  const byCommit = commitsOf(listing).filter(
    (commit) => isThere(commit) && since !== undefined && commit.version >= since,
  );
  const inOwn = own !== undefined && byCommit.length > 0;
  const isOwn =
    inOwn && (own.sinceTimestamp === undefined || instant >= own.sinceTimestamp || byFile.length === 0);
  const chosen = isOwn ? await newestAt(byCommit, instant, own.read) : newestOf(byFile, instant);

  const last = byCommit.at(-1);
  const isLast = chosen !== undefined && chosen === (last ?? byFile.at(-1))?.version;
  const end = async (): Promise<number> =>
    inOwn && last !== undefined ? own.read(last) : (byFile.at(-1)?.timestamp ?? now);
  if (chosen !== undefined && (!isLast || instant <= Math.max(now, await end()))) return chosen;

  const first = byFile[0] ?? byCommit[0];
  if (first === undefined) {
    throw new LakeError(
      "not-found",
      "table-not-found",
      `${where} is not a Delta table: its log holds no commit`,
    );
  }
  const begin = byFile[0]?.timestamp ?? (byCommit[0] && own ? await own.read(byCommit[0]) : now);
  const newest = last?.version ?? byFile.at(-1)?.version ?? first.version;
  const when = Number.isFinite(instant) ? new Date(instant).toISOString() : String(instant);
  throw new LakeError("not-found", "timestamp-out-of-range", `${where} has no version as of ${when}`, {
    context: { oldest: first.version, newest },
    hint: `Its versions ${first.version} to ${newest} span ${iso(begin)} to ${iso(await end())}; the newest holds until now.`,
  });
}

function newestOf(times: readonly CommitTime[], instant: number): Version | undefined {
  return times.findLast((time) => time.timestamp <= instant)?.version;
}

/** By halving: timestamps of commits ascend with the version. */
async function newestAt(
  commits: readonly CommitFile[],
  instant: number,
  read: (commit: CommitFile) => Promise<number>,
): Promise<Version | undefined> {
  let found: Version | undefined;
  let low = 0;
  let high = commits.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const commit = commits[middle];
    if (commit === undefined) break;
    if ((await read(commit)) <= instant) {
      found = commit.version;
      low = middle + 1;
    } else {
      high = middle - 1;
    }
  }
  return found;
}

function commitsOf(listing: readonly LogFile[]): CommitFile[] {
  return listing.filter((file) => file.kind === "commit").sort((a, b) => (a.version < b.version ? -1 : 1));
}

function iso(timestamp: number): string {
  return new Date(timestamp).toISOString();
}
