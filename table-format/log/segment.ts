import { LakeError } from "../../core/index.js";
import { type CheckpointFiles, completeCheckpoints, versionsOf } from "./checkpoint-files.js";
import { leastCover } from "./commit-cover.js";
import type { ChecksumFile, CommitFile, CompactionFile, LogFile } from "./log-path.js";
import type { Version } from "./version.js";

/**
 * The files whose replay gives one version of a table.
 *
 * Invariants: `commits` are ascending, cover every version from right after the checkpoint (or from 0
 * without one) to `version`, and do not overlap; they are empty when the checkpoint is of that version.
 */
export interface LogSegment {
  readonly version: Version;
  readonly checkpoint: CheckpointFiles | undefined;
  /** Commits, and compactions in the place of several commits. */
  readonly commits: readonly (CommitFile | CompactionFile)[];
  /** The commit of `version` itself, which alone holds its `commitInfo`; it may have been cleaned up. */
  readonly commit: CommitFile | undefined;
  /** The newest checksum of a version that the checkpoint or the commits give. */
  readonly checksum: ChecksumFile | undefined;
}

/**
 * Chooses from a listing of the log the least that replays `target` (default: the newest version).
 * Pure: it decides from names only (PROTOCOL.md, "Action Reconciliation", "Checkpoints" and "Log
 * Compaction Files").
 *
 * @param listing every file of the log from some version on, in any order
 * @param where the table, for messages
 * @throws LakeError `not-found` when the listing holds no commit and no checkpoint, or not the target;
 *   `corrupt` when a version in between is missing.
 */
export function planSegment(listing: readonly LogFile[], where: string, target?: Version): LogSegment {
  const checkpoints = completeCheckpoints(listing);
  const commits = listing.filter((file) => file.kind === "commit");
  const compactions = listing.filter((file) => file.kind === "compaction");
  const newest = newestVersion(listing);
  if (newest === undefined) {
    throw new LakeError("not-found", "table-not-found", `${where} is not a Delta table: its log is empty`, {
      hint: "Check the path: a table is a folder that holds a _delta_log folder.",
    });
  }
  const version = target ?? newest;
  if (version > newest) throw versionOutOfRange(where, version, oldestReplayable(listing), newest);

  const checkpoint = checkpoints.filter((candidate) => candidate.version <= version).at(-1);
  const first = checkpoint === undefined ? 0n : checkpoint.version + 1n;
  const cover = leastCover([...commits, ...compactions], first, version);
  if (cover.missing !== undefined) throw gap(listing, where, cover.missing, version, newest);
  const checksums = listing.filter((file) => file.kind === "checksum");
  return {
    version,
    checkpoint,
    commits: cover.files,
    commit: commits.find((file) => file.version === version),
    checksum: checksums
      .filter((file) => file.version <= version && file.version >= first - 1n)
      .reduce<ChecksumFile | undefined>(
        (latest, file) => (latest === undefined || file.version > latest.version ? file : latest),
        undefined,
      ),
  };
}

/** The newest version that a listing speaks of: that of a commit or of a checkpoint with all its files. */
export function newestVersion(listing: readonly LogFile[]): Version | undefined {
  const versions = [
    ...listing.filter((file) => file.kind === "commit" || file.kind === "compaction"),
    ...completeCheckpoints(listing),
  ].map((file) => file.version);
  return versions.reduce<Version | undefined>(
    (latest, version) => (latest === undefined || version > latest ? version : latest),
    undefined,
  );
}

/** The newest checkpoint of a listing all of whose files are there. */
export function newestCheckpoint(listing: readonly LogFile[]): CheckpointFiles | undefined {
  return completeCheckpoints(listing).at(-1);
}

/** The oldest version that a listing can replay: 0, or that of the oldest checkpoint. */
export function oldestReplayable(listing: readonly LogFile[]): Version | undefined {
  const first = listing.find((file) => file.kind === "commit" && file.version === 0n);
  if (first !== undefined) return first.version;
  const compacted = listing.find((file) => file.kind === "compaction" && file.first === 0n);
  const checkpointed = completeCheckpoints(listing)[0]?.version;
  if (compacted === undefined) return checkpointed;
  return checkpointed === undefined || compacted.version < checkpointed ? compacted.version : checkpointed;
}

/** A listing without the files of a checkpoint that cannot be read. */
export function withoutCheckpoint(listing: readonly LogFile[], checkpoint: CheckpointFiles): LogFile[] {
  const paths = new Set(checkpoint.files.map((file) => file.path));
  return listing.filter((file) => !paths.has(file.path));
}

export function versionOutOfRange(
  where: string,
  version: Version,
  oldest: Version | undefined,
  newest: Version,
): LakeError {
  const range = oldest === undefined ? `up to ${newest}` : `${oldest} to ${newest}`;
  return new LakeError("not-found", "version-not-found", `${where} has no version ${version}`, {
    context: { version, oldest, newest },
    hint: `Versions ${range} exist.`,
  });
}

/** Says which version is missing, or that the log was cleaned up past the one asked for. */
function gap(
  listing: readonly LogFile[],
  where: string,
  missing: bigint,
  version: Version,
  newest: Version,
): LakeError {
  const oldest = oldestReplayable(listing);
  if (oldest !== undefined && version < oldest) return versionOutOfRange(where, version, oldest, newest);
  return new LakeError("corrupt", "log-gap", `${where}: version ${missing} is missing from the log`, {
    context: { version: missing, newest },
    hint: `Restore _delta_log/${missing.toString().padStart(20, "0")}.json, or a checkpoint of version ${missing} or later.${incompleteHint(listing, version)}`,
  });
}

/** Checkpoints that would bridge the gap if all their parts were there. */
function incompleteHint(listing: readonly LogFile[], version: Version): string {
  const complete = new Set(completeCheckpoints(listing).flatMap((checkpoint) => checkpoint.files));
  const torn = listing.filter(
    (file) => file.kind === "multi-part-checkpoint" && file.version <= version && !complete.has(file),
  );
  const versions = versionsOf(torn);
  return versions.length === 0
    ? ""
    : ` The checkpoint of version ${versions.join(", ")} lacks some of its parts.`;
}
