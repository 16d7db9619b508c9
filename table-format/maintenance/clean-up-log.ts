import { isLakeError } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import {
  isObjectAbsent,
  type ObjectMeta,
  type ObjectPath,
  type ObjectStore,
} from "../../object-store/index.js";
import { type CheckpointFiles, completeCheckpoints } from "../log/checkpoint-files.js";
import { readOwnTimestamp } from "../log/history.js";
import { inCommitTimestamps } from "../log/in-commit-timestamps.js";
import { listLog } from "../log/log-listing.js";
import { type LogFile, SIDECAR_FOLDER, sidecarPath } from "../log/log-path.js";
import { versionAt } from "../log/timestamps.js";
import type { Version } from "../log/version.js";
import { byFormat, CHECKPOINT_ONLY_STRUCTS, checkpointSql } from "../snapshot/action-columns.js";
import { byPath, fetchLocalFiles } from "../snapshot/local-files.js";
import { sidecarName } from "../snapshot/local-segment.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { cutOffTimestamp, expiredSidecars, type NoCleanup, planLogCleanup } from "./plan-log-cleanup.js";

export type CleanupReport =
  | { readonly status: "kept"; readonly reason: NoCleanup }
  | {
      readonly status: "cleaned";
      /** The oldest version that can still be read. */
      readonly oldest: Version;
      readonly logFiles: number;
      readonly sidecars: number;
    };

/** Objects in one call of the store: as many as S3 takes at once. */
const BATCH = 1_000;

/**
 * Deletes what the log no longer needs (PROTOCOL.md, "Metadata Cleanup"), by the properties of `snapshot`,
 * which is the newest version. When anything is in doubt, nothing is deleted. Oldest first, so that what a
 * stopped run leaves is a log that begins somewhat later.
 *
 * @param now milliseconds since the epoch
 */
export async function cleanUpLog(
  snapshot: Snapshot,
  now: number,
  signal?: AbortSignal,
): Promise<CleanupReport> {
  const { store, engine } = snapshot.folder;
  const { metadata, protocol } = snapshot;
  const cutOff = cutOffTimestamp(metadata.configuration, now);
  if ("keep" in cutOff) return { status: "kept", reason: cutOff.keep };
  const listing = await listLog(store, undefined, signal);
  const commit = await cutOffCommit(snapshot, listing, cutOff.timestamp, now, signal);
  if (commit === undefined) return { status: "kept", reason: "nothing-expired" };
  const plan = planLogCleanup(listing, commit, protocol, metadata.configuration);
  if ("keep" in plan) return { status: "kept", reason: plan.keep };
  // Before the log is listed for their sake: a checkpoint that comes after it names only sidecars that are new.
  const sidecars = await listSidecars(store, signal);
  const isWhole = await engine.withSession((session) =>
    isReadable(session, store, plan.checkpoint, sidecars, signal),
  );
  if (!isWhole) return { status: "kept", reason: "in-doubt" };

  await deleteInOrder(
    store,
    plan.expired.map((file) => file.path),
    signal,
  );
  const unneeded = await engine.withSession((session) =>
    unneededSidecars(session, store, sidecars, now, signal),
  );
  await deleteInOrder(store, unneeded, signal);
  return {
    status: "cleaned",
    oldest: plan.checkpoint.version,
    logFiles: plan.expired.length,
    sidecars: unneeded.length,
  };
}

/** The newest commit that is not newer than the instant; `undefined` when all are. */
async function cutOffCommit(
  snapshot: Snapshot,
  listing: readonly LogFile[],
  instant: number,
  now: number,
  signal: AbortSignal | undefined,
): Promise<Version | undefined> {
  const { store } = snapshot.folder;
  const own = inCommitTimestamps(snapshot);
  const timestamps =
    own === undefined
      ? undefined
      : { ...own, read: (commit: LogFile) => readOwnTimestamp(store, commit, signal) };
  try {
    return await versionAt(listing, store.uri, instant, now, timestamps);
  } catch (error) {
    if (isLakeError(error, "not-found")) return undefined;
    throw error;
  }
}

async function listSidecars(store: ObjectStore, signal: AbortSignal | undefined): Promise<ObjectMeta[]> {
  const sidecars: ObjectMeta[] = [];
  for await (const meta of store.list(`${SIDECAR_FOLDER}/`, { signal })) sidecars.push(meta);
  return sidecars;
}

/** Whether every file of a checkpoint is there and of its format, sidecars included. */
async function isReadable(
  session: Session,
  store: ObjectStore,
  checkpoint: CheckpointFiles,
  sidecars: readonly ObjectMeta[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const present = new Set<ObjectPath>(sidecars.map((sidecar) => sidecar.path));
  const needed = await referencedSidecars(session, store, checkpoint, signal);
  if (needed === undefined || needed.some((sidecar) => !present.has(sidecar))) return false;
  const paths = [...checkpoint.files.map((file) => file.path), ...needed];
  const read = await readingLog(store, paths, signal, async (files) => {
    const { parquet } = byFormat(files);
    if (parquet.length === 0) return true;
    await session.rows(
      `SELECT num_rows FROM parquet_file_metadata([${parquet.map(quoteString).join(", ")}])`,
      {
        signal,
      },
    );
    return true;
  });
  return read === true;
}

/** The sidecars that no checkpoint of the log needs; none when one of the checkpoints cannot be read. */
async function unneededSidecars(
  session: Session,
  store: ObjectStore,
  sidecars: readonly ObjectMeta[],
  now: number,
  signal: AbortSignal | undefined,
): Promise<ObjectPath[]> {
  if (expiredSidecars(sidecars, new Set(), now).length === 0) return [];
  const referenced = new Set<ObjectPath>();
  for (const checkpoint of completeCheckpoints(await listLog(store, undefined, signal))) {
    const needed = await referencedSidecars(session, store, checkpoint, signal);
    if (needed === undefined) return [];
    for (const sidecar of needed) referenced.add(sidecar);
  }
  return expiredSidecars(sidecars, referenced, now);
}

/** The sidecars that a checkpoint names; `undefined` when it cannot be read. */
function referencedSidecars(
  session: Session,
  store: ObjectStore,
  { files: [first, ...rest] }: CheckpointFiles,
  signal: AbortSignal | undefined,
): Promise<ObjectPath[] | undefined> {
  const paths = [first, ...rest].map((file) => file.path);
  return readingLog(store, paths, signal, async (files) => {
    const source = checkpointSql(files, { sidecar: CHECKPOINT_ONLY_STRUCTS.sidecar });
    const rows = await session.rows(`SELECT sidecar.path AS path FROM ${source} WHERE sidecar IS NOT NULL`, {
      signal,
    });
    return rows.map((row) => sidecarPath(sidecarName(String(row["path"]))));
  });
}

/** Reads files of the log as local files; `undefined` when one is damaged or gone. */
async function readingLog<T>(
  store: ObjectStore,
  paths: readonly ObjectPath[],
  signal: AbortSignal | undefined,
  read: (files: readonly string[]) => Promise<T>,
): Promise<T | undefined> {
  try {
    const local = await fetchLocalFiles({ store }, byPath(paths), { signal });
    try {
      return await read(local.files);
    } finally {
      await local.release();
    }
  } catch (error) {
    const isUnreadable =
      isObjectAbsent(error) ||
      isLakeError(error, "invalid-input") ||
      isLakeError(error, "corrupt") ||
      (isLakeError(error, "unavailable") && error.code === "engine-io");
    if (isUnreadable) return undefined;
    throw error;
  }
}

async function deleteInOrder(
  store: ObjectStore,
  paths: readonly ObjectPath[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let at = 0; at < paths.length; at += BATCH)
    await store.delete(paths.slice(at, at + BATCH), { signal });
}
