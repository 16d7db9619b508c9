import { LakeError } from "../../core/index.js";
import type { LogFile } from "./log-path.js";
import type { Version } from "./version.js";

/** The files that hold one checkpoint, in the order of their parts. */
export interface CheckpointFiles {
  readonly version: Version;
  readonly files: readonly [LogFile, ...LogFile[]];
}

/**
 * The files whose replay gives one version of a table.
 *
 * Invariants: `commits` are contiguous and ascending and end at `version` (or are empty when the
 * checkpoint is of that version); they begin right after the checkpoint, or at version 0 without one.
 */
export interface LogSegment {
  readonly version: Version;
  readonly checkpoint: CheckpointFiles | undefined;
  readonly commits: readonly LogFile[];
}

/**
 * Chooses from a listing of the log the least that replays `target` (default: the newest version).
 * Pure: it decides from names only (PROTOCOL.md, "Action Reconciliation" and "Checkpoints").
 *
 * @param listing every file of the log from some version on, in any order
 * @param where the table, for messages
 * @throws LakeError `not-found` when the listing holds no commit and no checkpoint, or not the target;
 *   `corrupt` when a version in between is missing.
 */
export function planSegment(listing: readonly LogFile[], where: string, target?: Version): LogSegment {
  const commits = listing.filter((file) => file.kind === "commit").sort(byVersion);
  const checkpoints = completeCheckpoints(listing);
  const newest = [...commits, ...checkpoints].reduce<Version | undefined>(
    (latest, { version }) => (latest === undefined || version > latest ? version : latest),
    undefined,
  );
  if (newest === undefined) {
    throw new LakeError("not-found", "table-not-found", `${where} is not a Delta table: its log is empty`, {
      hint: "Check the path: a table is a folder that holds a _delta_log folder.",
    });
  }
  const version = target ?? newest;
  if (version > newest) throw versionOutOfRange(where, version, undefined, newest);

  const checkpoint = checkpoints.filter((candidate) => candidate.version <= version).at(-1);
  const first = checkpoint === undefined ? 0n : checkpoint.version + 1n;
  const tail = commits.filter((commit) => commit.version >= first && commit.version <= version);
  const expected = version - first + 1n;
  if (BigInt(tail.length) !== expected) throw gap(listing, where, first, version, tail);
  return { version, checkpoint, commits: tail };
}

/** The newest checkpoint of a listing all of whose files are there. */
export function newestCheckpoint(listing: readonly LogFile[]): CheckpointFiles | undefined {
  return completeCheckpoints(listing).at(-1);
}

/** The oldest version that a listing can replay: 0, or that of the oldest checkpoint. */
export function oldestReplayable(listing: readonly LogFile[]): Version | undefined {
  const commits = listing.filter((file) => file.kind === "commit").sort(byVersion);
  if (commits[0]?.version === 0n) return commits[0].version;
  return completeCheckpoints(listing)[0]?.version;
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

function byVersion(a: LogFile, b: LogFile): number {
  return a.version < b.version ? -1 : a.version > b.version ? 1 : 0;
}

/** Checkpoints all of whose parts are there, ascending; a classic one before a multi-part one. */
function completeCheckpoints(listing: readonly LogFile[]): CheckpointFiles[] {
  const found = new Map<string, LogFile[]>();
  for (const file of listing) {
    if (file.kind === "classic-checkpoint") found.set(`${file.version}`, [file]);
    if (file.kind === "multi-part-checkpoint") {
      const key = `${file.version}/${file.parts}`;
      found.set(key, [...(found.get(key) ?? []), file]);
    }
  }
  const complete: CheckpointFiles[] = [];
  for (const files of found.values()) {
    files.sort((a, b) => partOf(a) - partOf(b));
    const [first, ...rest] = files;
    if (first === undefined) continue;
    const parts = first.kind === "multi-part-checkpoint" ? first.parts : 1;
    if (files.length === parts && files.every((file, index) => partOf(file) === index + 1)) {
      complete.push({ version: first.version, files: [first, ...rest] });
    }
  }
  return complete.sort((a, b) => byVersion(a.files[0], b.files[0]) || b.files.length - a.files.length);
}

function partOf(file: LogFile): number {
  return file.kind === "multi-part-checkpoint" ? file.part : 1;
}

/** Says which version is missing, or that the log was cleaned up past the one asked for. */
function gap(
  listing: readonly LogFile[],
  where: string,
  first: bigint,
  version: Version,
  tail: readonly LogFile[],
): LakeError {
  const oldestCommit = tail[0]?.version;
  const oldest = oldestReplayable(listing);
  const newest = listing.reduce((latest, file) => (file.version > latest ? file.version : latest), version);
  const v2 = listing.find((file) => file.kind === "v2-checkpoint" && file.version <= version);
  if (v2 !== undefined) {
    return new LakeError(
      "unsupported",
      "v2-checkpoint",
      `${where}: ${v2.path} is a V2 checkpoint, which this release does not read`,
      {
        context: { feature: "v2Checkpoint", version: v2.version },
      },
    );
  }
  if (oldest !== undefined && version < oldest) return versionOutOfRange(where, version, oldest, newest);
  const present = new Set(tail.map((commit) => commit.version as bigint));
  let missing = first;
  while (present.has(missing)) missing++;
  const after = oldestCommit === undefined ? "" : ` (versions up to ${newest} are there)`;
  return new LakeError("corrupt", "log-gap", `${where}: version ${missing} is missing from the log${after}`, {
    context: { version: missing, newest },
    hint: `Restore _delta_log/${missing.toString().padStart(20, "0")}.json, or a checkpoint of version ${missing} or later.`,
  });
}
