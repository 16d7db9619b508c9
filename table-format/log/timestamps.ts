import { LakeError } from "../../core/index.js";
import type { LogFile } from "./log-path.js";
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
  return listing
    .filter((file) => file.kind === "commit")
    .sort((a, b) => (a.version < b.version ? -1 : 1))
    .map(({ version, lastModified }) => {
      latest = Math.max(Math.floor(lastModified), latest + 1);
      return { version, timestamp: latest };
    });
}

/**
 * The version that was the newest at an instant. Pure.
 *
 * @param instant milliseconds since the epoch
 * @param now the present: the table's state at a later instant is not known yet
 * @throws LakeError `not-found` with the range that exists.
 */
export function versionAt(listing: readonly LogFile[], where: string, instant: number, now: number): Version {
  const oldest = oldestReplayable(listing);
  const times = commitTimes(listing).filter(({ version }) => oldest === undefined || version >= oldest);
  const [first] = times;
  const last = times.at(-1);
  if (first === undefined || last === undefined) {
    throw new LakeError(
      "not-found",
      "table-not-found",
      `${where} is not a Delta table: its log holds no commit`,
    );
  }
  if (instant < first.timestamp || instant > Math.max(now, last.timestamp)) {
    const when = Number.isFinite(instant) ? new Date(instant).toISOString() : String(instant);
    throw new LakeError("not-found", "timestamp-out-of-range", `${where} has no version as of ${when}`, {
      context: { oldest: first.version, newest: last.version },
      hint: `Its versions ${first.version} to ${last.version} span ${iso(first.timestamp)} to ${iso(last.timestamp)}; the newest holds until now.`,
    });
  }
  return times.reduce((chosen, time) => (time.timestamp <= instant ? time : chosen), first).version;
}

function iso(timestamp: number): string {
  return new Date(timestamp).toISOString();
}
