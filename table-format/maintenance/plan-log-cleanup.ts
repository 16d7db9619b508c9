import type { ObjectMeta, ObjectPath } from "../../object-store/index.js";
import type { Protocol } from "../log/actions.js";
import { type CheckpointFiles, completeCheckpoints } from "../log/checkpoint-files.js";
import type { LogFile } from "../log/log-path.js";
import type { Version } from "../log/version.js";
import { parseInterval } from "../protocol/interval.js";
import type { Configuration } from "../protocol/table-properties.js";

const DAY_MS = 86_400_000;

/** Why a log stays as it is. */
export type NoCleanup =
  /** `delta.enableExpiredLogCleanup` is false. */
  | "switched-off"
  /** A property or the log says something that is not understood, so nothing is touched. */
  | "in-doubt"
  /** No commit is old enough, or no checkpoint stands for the old ones. */
  | "nothing-expired"
  /** The old versions may only go together, and not all of them are old enough. */
  | "checkpoint-protection";

export type CleanupDecision<T> = T | { readonly keep: NoCleanup };

/**
 * The instant before which a log may forget, in milliseconds since the epoch: midnight UTC of the day that
 * lies `delta.logRetentionDuration` (30 days) back (PROTOCOL.md, "Metadata Cleanup", step 1).
 */
export function cutOffTimestamp(
  configuration: Configuration,
  now: number,
): CleanupDecision<{ readonly timestamp: number }> {
  const enabled = configuration["delta.enableExpiredLogCleanup"]?.toLowerCase() ?? "true";
  if (enabled !== "true") return { keep: enabled === "false" ? "switched-off" : "in-doubt" };
  const retention = parseInterval(configuration["delta.logRetentionDuration"] ?? "interval 30 days");
  if (retention === undefined) return { keep: "in-doubt" };
  return { timestamp: midnight(now - retention) };
}

/** What may go of a log, in an order in which every part of it may be deleted alone, and what stays. */
export interface LogCleanup {
  /** Oldest version first. */
  readonly expired: readonly LogFile[];
  /** The checkpoint that stands for them; it stays, with its own commit and all that follow it. */
  readonly checkpoint: CheckpointFiles;
}

/**
 * Plans what of a log may be deleted (PROTOCOL.md, "Metadata Cleanup", steps 2 and 3): everything before the
 * newest checkpoint that is not newer than the cut-off commit. Pure.
 *
 * @param listing the whole log
 * @param cutOff the newest commit that is not newer than the {@link cutOffTimestamp}
 */
export function planLogCleanup(
  listing: readonly LogFile[],
  cutOff: Version,
  protocol: Protocol,
  configuration: Configuration,
): CleanupDecision<LogCleanup> {
  const checkpoint = completeCheckpoints(listing)
    .filter((candidate) => candidate.version <= cutOff)
    .at(-1);
  if (checkpoint === undefined) return { keep: "nothing-expired" };
  const { version } = checkpoint;
  const expired = listing
    .filter((file) => (file.kind === "compaction" ? file.first <= version : file.version < version))
    .sort((a, b) => compare(startOf(a), startOf(b)) || compare(a.version, b.version));
  if (expired.length === 0) return { keep: "nothing-expired" };
  const kept = listing.filter((file) => file.kind === "commit" && file.version > version);
  if (!isUnbroken(kept, version)) return { keep: "in-doubt" };
  const protection = protectedBefore(protocol, configuration);
  if (protection === undefined) return { keep: "in-doubt" };
  const oldest = expired.reduce<bigint>(
    (least, file) => (file.version < least ? file.version : least),
    version,
  );
  if (version < protection && oldest < protection) return { keep: "checkpoint-protection" };
  return { expired, checkpoint };
}

/**
 * The sidecars that no checkpoint needs: those that none refers to and that were there before yesterday
 * began, so that none belongs to a checkpoint in the making (PROTOCOL.md, "Metadata Cleanup", step 5). Pure.
 *
 * @param referenced the names of the sidecars of every checkpoint that is in the log
 */
export function expiredSidecars(
  sidecars: readonly ObjectMeta[],
  referenced: ReadonlySet<ObjectPath>,
  now: number,
): ObjectPath[] {
  const youngest = midnight(now) - DAY_MS;
  return sidecars
    .filter((sidecar) => sidecar.lastModified < youngest && !referenced.has(sidecar.path))
    .map((sidecar) => sidecar.path);
}

function midnight(instant: number): number {
  return Math.floor(instant / DAY_MS) * DAY_MS;
}

function startOf(file: LogFile): bigint {
  return file.kind === "compaction" ? file.first : file.version;
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Whether these commits follow on from a version and from each other. */
function isUnbroken(commits: readonly LogFile[], from: Version): boolean {
  const versions = commits.map((commit) => commit.version).sort(compare);
  return versions.every((version, index) => version === from + BigInt(index) + 1n);
}

/**
 * The version before which everything must go at once or not at all (the feature `checkpointProtection`);
 * 0 without the feature, `undefined` when the property is no version.
 */
function protectedBefore(protocol: Protocol, configuration: Configuration): bigint | undefined {
  if (protocol.writerFeatures?.includes("checkpointProtection") !== true) return 0n;
  const text = configuration["delta.requireCheckpointProtectionBeforeVersion"] ?? "0";
  return /^\d+$/.test(text) ? BigInt(text) : undefined;
}
