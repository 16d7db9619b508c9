import type { Session } from "../../engine/index.js";
import { hasFeature } from "../protocol/features.js";
import { tombstoneRetentionMs } from "../protocol/table-properties.js";
import { deletionVectorIdSql } from "../snapshot/action-columns.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { addRowsSql, removeRowsSql } from "./file-actions.js";
import { hashPartitionSql } from "./hash-partition.js";
import { type StateAction, stateActions, stateRowsSql } from "./state-actions.js";

/** Everything that a checkpoint of a snapshot says, as SQL for the session that it was made with. */
export interface CheckpointRows {
  /** The actions that are of no file. */
  readonly state: readonly StateAction[];
  /** The actions of files, with the columns `add` and `remove`. */
  readonly fileActions: string;
  readonly tombstones: bigint;
  /** SQL over `add` and `remove`: which part, from 0, of `parts` a row belongs to. */
  partOf(parts: number): string;
}

const TOMBSTONES = "gl_checkpoint_tombstones";

/**
 * Works out the rows of a checkpoint. The tombstones, which are few, are put into a temporary table, so that
 * they are reconciled once and their number is known.
 *
 * @param liveFiles a relation with the columns of a file table
 * @param tombstonesSql a query with a column `remove` as the log has it
 * @param now milliseconds since the epoch
 */
export async function checkpointRows(
  session: Session,
  snapshot: Snapshot,
  liveFiles: string,
  tombstonesSql: string,
  now: number,
  signal: AbortSignal | undefined,
): Promise<CheckpointRows> {
  const { metadata, protocol, schema } = snapshot;
  const retention = tombstoneRetentionMs(metadata.configuration);
  const oldest = retention === undefined ? undefined : BigInt(Math.floor(now - retention));
  const unexpired = oldest === undefined ? "true" : `remove.deletionTimestamp > ${oldest}`;
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${TOMBSTONES} AS SELECT remove FROM (${tombstonesSql}) WHERE ${unexpired}`,
    { signal },
  );
  const hasVectors = hasFeature(protocol, "deletionVectors");
  return {
    state: stateActions(snapshot.state, now),
    fileActions: `${addRowsSql(liveFiles, schema, metadata)} UNION ALL BY NAME ${removeRowsSql(TOMBSTONES)}`,
    tombstones: await countRows(session, TOMBSTONES, signal),
    partOf: (parts) => {
      const path = "coalesce(add.path, remove.path)";
      const vector = "coalesce(add.deletionVector, remove.deletionVector)";
      const id = `NULLIF(${deletionVectorIdSql(vector)}, '')`;
      return hashPartitionSql(hasVectors ? [path, id] : [path], parts);
    },
  };
}

export async function countRows(
  session: Session,
  table: string,
  signal: AbortSignal | undefined,
): Promise<bigint> {
  const [row] = await session.rows(`SELECT count(*) AS rows FROM ${table}`, { signal });
  return BigInt(String(row?.["rows"]));
}

const STATE_COLUMNS = ["txn", "metaData", "protocol", "domainMetadata"] as const;

/** All rows in one relation, each with one column that is not NULL (PROTOCOL.md, "Checkpoint Schema"). */
export function allRowsSql({ state, fileActions }: CheckpointRows): string {
  return `${stateRowsSql(state, STATE_COLUMNS)} UNION ALL BY NAME ${fileActions}`;
}

/**
 * The rows of the top file of a V2 checkpoint, which leaves the actions of files to its sidecars. It has their
 * columns all the same, as delta-spark asks a Parquet file for them.
 */
export function topRowsSql(actions: readonly StateAction[], fileActions: string): string {
  const state = stateRowsSql(actions, [...STATE_COLUMNS, "checkpointMetadata", "sidecar"]);
  return `${state} UNION ALL BY NAME SELECT * FROM (${fileActions}) WHERE false`;
}
