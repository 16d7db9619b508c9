import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { isLakeError, unreachable } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import { isObjectAbsent, type ObjectPath, type ObjectStore } from "../../object-store/index.js";
import { type CheckpointFiles, completeCheckpoints } from "../log/checkpoint-files.js";
import { type LastCheckpoint, readLastCheckpoint, serializeLastCheckpoint } from "../log/last-checkpoint.js";
import { listLog } from "../log/log-listing.js";
import { LAST_CHECKPOINT_PATH } from "../log/log-path.js";
import type { Version } from "../log/version.js";
import { byPath, fetchLocalFiles } from "../snapshot/local-files.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { type CheckpointKind, checkCheckpointKind, checkpointKindOf } from "./checkpoint-kind.js";
import { checkpointRows } from "./checkpoint-rows.js";
import { withCheckpointSources } from "./checkpoint-sources.js";
import {
  type CheckpointWork,
  classicCheckpoint,
  type LocalCheckpoint,
  multiPartCheckpoint,
  v2Checkpoint,
} from "./local-checkpoint.js";

export interface CheckpointOptions {
  /** Default: what the table asks for (`delta.checkpointPolicy`). */
  readonly kind?: CheckpointKind | undefined;
  /** For `multi-part`: actions in a file, about. */
  readonly actionsPerPart?: number | undefined;
}

export interface CheckpointReport {
  readonly version: Version;
  readonly kind: CheckpointKind;
  /** `exists`: there was one of this kind and version already, and it stays. */
  readonly status: "written" | "exists";
  /** Actions in it. */
  readonly actions: bigint;
  /** Bytes of all its files. */
  readonly sizeInBytes: number;
}

const ACTIONS_PER_PART = 1_000_000;

/**
 * Writes the checkpoint of a snapshot and then `_last_checkpoint` (PROTOCOL.md, "Checkpoints"): in that
 * order, so that the hint never names a checkpoint that is not there.
 *
 * No file that a reader may have open is replaced: a UUID is nobody else's name, and a classic or multi-part
 * checkpoint of the version that is whole stays as it is. Two writers that begin at the same time write the
 * same actions under the same name, and the last one wins.
 *
 * @param now milliseconds since the epoch
 * @throws LakeError `invalid-input` for a kind that the table may not have.
 */
export async function writeCheckpoint(
  snapshot: Snapshot,
  now: number,
  signal?: AbortSignal,
  options: CheckpointOptions = {},
): Promise<CheckpointReport> {
  const { store, engine } = snapshot.folder;
  const kind = options.kind ?? checkpointKindOf(snapshot.protocol, snapshot.metadata);
  checkCheckpointKind(kind, snapshot.protocol, store.uri);
  const folder = await mkdtemp(path.join(os.tmpdir(), "grizzly-checkpoint-"));
  try {
    return await engine.withSession(async (session) => {
      const present = await presentCheckpoint(session, store, kind, snapshot.version, signal);
      if (present !== undefined) return present;
      const written = await writeLocally(session, snapshot, kind, folder, now, options, signal);
      const { local, adds } = written;
      // The last file is the one that names the others, or the one without which there is no checkpoint yet.
      const files = local.files.map(({ localFile, path: target }) => ({ localFile, path: target }));
      for (const together of [files.slice(0, -1), files.slice(-1)]) {
        if (together.length > 0) await store.adopt(together, { signal });
      }
      const sizeInBytes = local.files.reduce((total, file) => total + file.sizeInBytes, 0);
      const hint = {
        version: snapshot.version,
        size: local.actions,
        parts: local.parts,
        sizeInBytes: BigInt(sizeInBytes),
        numOfAddFiles: adds,
        v2Checkpoint: local.v2Checkpoint,
      };
      await writeHint(store, hint, signal);
      return { version: snapshot.version, kind, status: "written", actions: local.actions, sizeInBytes };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeLocally(
  session: Session,
  snapshot: Snapshot,
  kind: CheckpointKind,
  folder: string,
  now: number,
  options: CheckpointOptions,
  signal: AbortSignal | undefined,
): Promise<{ readonly local: LocalCheckpoint; readonly adds: bigint }> {
  const { version } = snapshot;
  const actionsPerPart = options.actionsPerPart ?? ACTIONS_PER_PART;
  return withCheckpointSources(session, snapshot, signal, async ({ liveFiles, tombstones }) => {
    const rows = await checkpointRows(session, snapshot, liveFiles, tombstones, now, signal);
    const work = { session, rows, version, folder: await mkdtemp(path.join(folder, "try-")), now, signal };
    const local = await localCheckpoint(kind, work, actionsPerPart);
    return { local, adds: local.fileActions - rows.tombstones };
  });
}

function localCheckpoint(
  kind: CheckpointKind,
  work: CheckpointWork,
  actionsPerPart: number,
): Promise<LocalCheckpoint> {
  switch (kind) {
    case "classic":
      return classicCheckpoint(work);
    case "multi-part":
      return multiPartCheckpoint(work, actionsPerPart);
    case "v2-json":
      return v2Checkpoint(work, "json");
    case "v2-parquet":
      return v2Checkpoint(work, "parquet");
    default:
      return unreachable(kind, "kind of checkpoint");
  }
}

/** The checkpoint of this kind and version that is there and can be read; `undefined` without one. */
async function presentCheckpoint(
  session: Session,
  store: ObjectStore,
  kind: CheckpointKind,
  version: Version,
  signal: AbortSignal | undefined,
): Promise<CheckpointReport | undefined> {
  const listing = await listLog(store, version, signal);
  const sought = completeCheckpoints(listing).find(
    (checkpoint) => checkpoint.version === version && isOfKind(checkpoint, kind),
  );
  if (sought === undefined) return undefined;
  const actions = await actionsIn(
    session,
    store,
    sought.files.map((file) => file.path),
    signal,
  );
  if (actions === undefined) return undefined;
  const sizeInBytes = sought.files.reduce((total, file) => total + file.size, 0);
  return { version, kind, status: "exists", actions, sizeInBytes };
}

/** A UUID-named checkpoint is no one's to keep from being written: the next one has another name. */
function isOfKind({ files: [first] }: CheckpointFiles, kind: CheckpointKind): boolean {
  return (
    (kind === "classic" && first.kind === "classic-checkpoint") ||
    (kind === "multi-part" && first.kind === "multi-part-checkpoint")
  );
}

/** Rows of Parquet files by their footers; `undefined` when one is damaged. */
async function actionsIn(
  session: Session,
  store: ObjectStore,
  paths: readonly ObjectPath[],
  signal: AbortSignal | undefined,
): Promise<bigint | undefined> {
  try {
    const local = await fetchLocalFiles({ store }, byPath(paths), { signal });
    try {
      const list = `[${local.files.map(quoteString).join(", ")}]`;
      const [row] = await session.rows(
        `SELECT sum(num_rows)::BIGINT AS actions FROM parquet_file_metadata(${list})`,
        { signal },
      );
      return BigInt(String(row?.["actions"]));
    } finally {
      await local.release();
    }
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** A file that is no Parquet, or is gone by now. */
function isDamage(error: unknown): boolean {
  return isLakeError(error, "invalid-input") || isObjectAbsent(error);
}

/** Points `_last_checkpoint` at a checkpoint, unless it points at a newer one already. */
async function writeHint(
  store: ObjectStore,
  hint: LastCheckpoint,
  signal: AbortSignal | undefined,
): Promise<void> {
  const present = await readLastCheckpoint(store, signal);
  if (present !== undefined && present > hint.version) return;
  await store.put(LAST_CHECKPOINT_PATH, new TextEncoder().encode(serializeLastCheckpoint(hint)), { signal });
}
