import { LakeError } from "../../core/index.js";
import type { CommitFile, LogFile } from "../log/log-path.js";
import { commitTimes } from "../log/timestamps.js";
import type { VersionRange } from "./range.js";

/** A commit of a range and the time of its file, as history has it, in milliseconds since the epoch. */
export interface RangeCommit {
  readonly file: CommitFile;
  readonly timestamp: number;
}

/**
 * The commits of a range, one for each version, oldest first. A compaction file is of no use here: it does
 * not tell which commit a file came with.
 *
 * @throws LakeError `not-found` with the versions that are there when the log was cleaned up, `corrupt` for
 *   one that is missing in between.
 */
export function commitsOf(
  listing: readonly LogFile[],
  { first, last }: VersionRange,
  where: string,
): RangeCommit[] {
  const files = new Map(
    listing.flatMap((file): [bigint, CommitFile][] => (file.kind === "commit" ? [[file.version, file]] : [])),
  );
  const times = new Map(commitTimes(listing).map(({ version, timestamp }) => [version, timestamp]));
  const commits: RangeCommit[] = [];
  for (let version: bigint = first; version <= last; version++) {
    const file = files.get(version);
    if (file === undefined) throw missing(version, [...files.keys()], { first, last }, where);
    commits.push({ file, timestamp: times.get(file.version) ?? file.lastModified });
  }
  return commits;
}

function missing(
  version: bigint,
  there: readonly bigint[],
  { first, last }: VersionRange,
  where: string,
): LakeError {
  const oldest = there.reduce<bigint | undefined>(
    (least, each) => (least === undefined || each < least ? each : least),
    undefined,
  );
  if (oldest === undefined || version < oldest) {
    return new LakeError(
      "not-found",
      "changes-cleaned-up",
      `${where}: the changes from version ${first} on are gone, the log was cleaned up since`,
      {
        context: { first, last, oldest },
        hint: oldest === undefined ? "No commit is left." : `Those from version ${oldest} on are there.`,
      },
    );
  }
  return new LakeError("corrupt", "log-gap", `${where}: version ${version} is missing from the log`, {
    context: { version },
    hint: `Restore _delta_log/${version.toString().padStart(20, "0")}.json, or ask for the changes after it.`,
  });
}
