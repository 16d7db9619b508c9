import { LakeError, newUuid } from "../../core/index.js";
import type { ObjectPath } from "../../object-store/index.js";
import type { CommitFile } from "../log/log-path.js";
import type { LogSegment } from "../log/segment.js";
import { serializeCommit } from "../log/serialize-actions.js";
import { nextVersion, version } from "../log/version.js";
import { advanceSnapshot, openSnapshot } from "../snapshot/open-snapshot.js";
import type { Snapshot, TableFolder } from "../snapshot/snapshot.js";
import { commitEntryActions } from "./commit-entry.js";
import { liveFiles } from "./live-files.js";
import { NO_ROW_IDS, ROW_TRACKING_DOMAIN, rowIdHighWaterMark } from "./row-ids.js";
import type { LiveFile, StagedCommit } from "./staged-commit.js";
import { stagedPath } from "./staged-file.js";
import { replacedFiles } from "./transaction.js";

/** A version that is not in the log: as it would be if a staged commit came next. */
export interface ProvisionalVersion {
  readonly snapshot: Snapshot;
  /** The live files that the commit replaces. */
  readonly removes: readonly LiveFile[];
  /** The entry, beside the log. */
  readonly path: ObjectPath;
}

/**
 * Makes the version that a staged commit would make right after another one. Its entry is written beside the
 * log, and goes when the caller deletes it.
 *
 * @param before a version of the log or a provisional one; `undefined`: the commit creates the table
 * @param now milliseconds since the epoch
 */
export async function provisionalVersion(
  folder: TableFolder,
  before: Snapshot | undefined,
  staged: StagedCommit,
  now: number,
  signal?: AbortSignal,
): Promise<ProvisionalVersion> {
  const target = before === undefined ? version(0) : nextVersion(before.version);
  const removes = await removesOn(before, staged, signal);
  const actions = commitEntryActions(staged, removes, {
    target,
    readVersion: before?.version,
    protocol: before?.protocol,
    metadata: before?.metadata,
    rowIdHighWaterMark:
      before === undefined ? NO_ROW_IDS : rowIdHighWaterMark(before.state.domains.get(ROW_TRACKING_DOMAIN)),
    previousTimestamp: before?.timestamp,
    now,
    txnId: newUuid(),
  });
  const path = stagedPath(target, newUuid());
  const data = new TextEncoder().encode(serializeCommit(actions));
  await folder.store.put(path, data, { signal });
  const commit: CommitFile = { kind: "commit", version: target, path, size: data.length, lastModified: now };
  try {
    return { snapshot: await after(folder, before, commit, signal), removes, path };
  } catch (error) {
    await folder.store.delete([path]);
    throw error;
  }
}

async function after(
  folder: TableFolder,
  before: Snapshot | undefined,
  commit: CommitFile,
  signal: AbortSignal | undefined,
): Promise<Snapshot> {
  if (before === undefined) {
    const segment: LogSegment = {
      version: commit.version,
      checkpoint: undefined,
      commits: [commit],
      commit,
      checksum: undefined,
    };
    return openSnapshot(folder, segment, signal);
  }
  const { segment } = before;
  const next = { ...segment, version: commit.version, commits: [...segment.commits, commit], commit };
  const snapshot = await advanceSnapshot(before, [commit], next, signal);
  if (snapshot !== undefined) return snapshot;
  throw new LakeError(
    "unavailable",
    "staged-commit",
    `${folder.store.uri}: the staged commit ${commit.path} is gone`,
  );
}

async function removesOn(
  before: Snapshot | undefined,
  { replaces }: StagedCommit,
  signal: AbortSignal | undefined,
): Promise<readonly LiveFile[]> {
  if (replaces.kind === "files") return replaces.files;
  if (replaces.kind === "none" || before === undefined) return [];
  return replacedFiles(await liveFiles(before, signal), replaces);
}
