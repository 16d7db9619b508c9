import { mkdtemp, rm, stat } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { stringifyJson } from "../../core/index.js";
import { quoteString, type Session } from "../../engine/index.js";
import { metadataJson } from "../log/actions.js";
import { serializeLastCheckpoint } from "../log/last-checkpoint.js";
import { classicCheckpointPath, LAST_CHECKPOINT_PATH } from "../log/log-path.js";
import type { Version } from "../log/version.js";
import { tombstoneRetentionMs } from "../protocol/table-properties.js";
import { withLocalFiles } from "./local-files.js";
import { CHECKPOINT_STRUCTS, tombstonesSql } from "./replay.js";
import type { Snapshot } from "./snapshot.js";

export interface CheckpointReport {
  readonly version: Version;
  /** Actions in it. */
  readonly actions: bigint;
  /** Bytes. */
  readonly sizeInBytes: number;
}

/**
 * Writes the classic checkpoint of a snapshot and then `_last_checkpoint` (PROTOCOL.md, "Checkpoints"):
 * in that order, so that the hint never names a checkpoint that is not there. Two writers of one
 * checkpoint write the same content, so the last one wins harmlessly.
 */
export async function writeCheckpoint(
  snapshot: Snapshot,
  now: number,
  signal?: AbortSignal,
): Promise<CheckpointReport> {
  const { store, engine } = snapshot.folder;
  const folder = await mkdtemp(path.join(os.tmpdir(), "grizzly-checkpoint-"));
  const localFile = path.join(folder, "checkpoint.parquet");
  try {
    const actions = await engine.withSession((session) =>
      exportCheckpoint(session, snapshot, localFile, now, signal),
    );
    const { size } = await stat(localFile);
    await store.adopt([{ localFile, path: classicCheckpointPath(snapshot.version) }], { signal });
    const adds = await snapshot.withFiles(async (files) => files.count, signal);
    const last = serializeLastCheckpoint({
      version: snapshot.version,
      size: actions,
      sizeInBytes: BigInt(size),
      numOfAddFiles: BigInt(adds),
    });
    await store.put(LAST_CHECKPOINT_PATH, new TextEncoder().encode(last), { signal });
    return { version: snapshot.version, actions, sizeInBytes: size };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const { remove: REMOVE, ...STATE } = CHECKPOINT_STRUCTS;

async function exportCheckpoint(
  session: Session,
  snapshot: Snapshot,
  localFile: string,
  now: number,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const { segment, state, metadata } = snapshot;
  const retention = tombstoneRetentionMs(metadata.configuration);
  const unexpired =
    retention === undefined ? "true" : `remove.deletionTimestamp > ${BigInt(now - retention)}`;
  const stateRows = [
    `SELECT ${structLiteral("protocol", state.protocol)} AS protocol`,
    `SELECT ${structLiteral("metaData", metadataJson(metadata))} AS metaData`,
    ...[...state.transactions.values()].map((txn) => `SELECT ${structLiteral("txn", txn)} AS txn`),
    ...[...state.domains.values()].map(
      (domain) => `SELECT ${structLiteral("domainMetadata", domain)} AS domainMetadata`,
    ),
  ];
  const commits = segment.commits.map((file) => file.path);
  const checkpoint = segment.checkpoint?.files.map((file) => file.path) ?? [];
  return withLocalFiles(
    snapshot.folder.store,
    [...commits, ...checkpoint],
    (local) =>
      snapshot.withFiles(async (files) => {
        const tombstones = tombstonesSql(
          local.slice(0, commits.length),
          local.slice(commits.length),
          snapshot.folder.store.uri,
        );
        const rows = await session.execute(
          `COPY (
             SELECT txn, add, remove, metaData, protocol, domainMetadata FROM (
               ${stateRows.join(" UNION ALL BY NAME ")}
               UNION ALL BY NAME
               SELECT {path: path, partitionValues: partition_values, "size": size, modificationTime: modification_time,
                       dataChange: false, stats: stats, tags: tags} AS add FROM ${files.relation}
               UNION ALL BY NAME
               SELECT {path: remove.path, deletionTimestamp: remove.deletionTimestamp, dataChange: false,
                       extendedFileMetadata: true, partitionValues: remove.partitionValues, "size": remove."size"} AS remove
               FROM (${tombstones}) WHERE ${unexpired}
               UNION ALL BY NAME
               SELECT NULL::${STATE.txn} AS txn, NULL::${STATE.domainMetadata} AS domainMetadata WHERE false
             )
           ) TO ${quoteString(localFile)} (FORMAT parquet, COMPRESSION zstd)`,
          { signal },
        );
        return BigInt(rows);
      }, signal),
    signal,
  );
}

/** A value as a struct of the engine, through JSON: absent fields become NULL. */
function structLiteral(name: keyof typeof STATE, value: unknown): string {
  return `from_json(${quoteString(stringifyJson(value))}::JSON, ${quoteString(stringifyJson(STATE[name]))})`;
}
