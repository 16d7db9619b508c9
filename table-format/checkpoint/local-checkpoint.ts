import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { type JsonObject, newUuid, stringifyJson } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import {
  classicCheckpointPath,
  multiPartCheckpointPath,
  sidecarPath,
  v2CheckpointPath,
} from "../log/log-path.js";
import type { Version } from "../log/version.js";
import { allRowsSql, type CheckpointRows, countRows, topRowsSql } from "./checkpoint-rows.js";
import { type FinishedFile, finished, writeParquet, writeParquetFiles } from "./parquet-files.js";
import type { StateAction } from "./state-actions.js";

/** A checkpoint in local files, to be published in their order: a file is named by later ones only. */
export interface LocalCheckpoint {
  readonly files: readonly FinishedFile[];
  /** Actions in it, those in sidecars included; what only says where they are is not counted. */
  readonly actions: bigint;
  /** How many of them are of files. */
  readonly fileActions: bigint;
  /** For `_last_checkpoint`. */
  readonly parts?: number;
  readonly v2Checkpoint?: JsonObject;
}

export interface CheckpointWork {
  readonly session: Session;
  readonly rows: CheckpointRows;
  readonly version: Version;
  /** An empty folder for local files. */
  readonly folder: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly signal: AbortSignal | undefined;
}

/** PROTOCOL.md, "Classic checkpoint", after the V1 spec. */
export async function classicCheckpoint(work: CheckpointWork): Promise<LocalCheckpoint> {
  const localFile = path.join(work.folder, "checkpoint.parquet");
  const actions = await writeParquet(work.session, allRowsSql(work.rows), localFile, work.signal);
  const fileActions = actions - BigInt(work.rows.state.length);
  return { files: [await finished(localFile, classicCheckpointPath(work.version))], actions, fileActions };
}

/** All rows of a multi-part checkpoint, so that every part need not work them out again. */
const PARTED = "gl_checkpoint_parted";

/** PROTOCOL.md, "Multi-part checkpoint": two parts at least, and more where they would be large. */
export async function multiPartCheckpoint(
  work: CheckpointWork,
  actionsPerPart: number,
): Promise<LocalCheckpoint> {
  const { session, rows, version, folder, signal } = work;
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${PARTED} AS ${allRowsSql(rows)}`, { signal });
  const actions = await countRows(session, PARTED, signal);
  const parts = Math.max(2, Math.ceil(Number(actions) / actionsPerPart));
  const files: FinishedFile[] = [];
  for (let part = 0; part < parts; part++) {
    const localFile = path.join(folder, `part-${part}.parquet`);
    await writeParquet(session, `FROM ${PARTED} WHERE ${rows.partOf(parts)} = ${part}`, localFile, signal);
    files.push(await finished(localFile, multiPartCheckpointPath(version, part + 1, parts)));
  }
  return { files, actions, fileActions: actions - BigInt(rows.state.length), parts };
}

/** More actions, or sidecars, than this are not repeated in `_last_checkpoint`; delta-spark's limit. */
const MOST_EMBEDDED = 30;

/** PROTOCOL.md, "V2 Spec" under a UUID: all actions of files in sidecars, none of them in the file itself. */
export async function v2Checkpoint(
  work: CheckpointWork,
  format: "json" | "parquet",
): Promise<LocalCheckpoint> {
  const { session, rows, version, folder, now, signal } = work;
  const sidecarFolder = path.join(folder, "sidecars");
  await mkdir(sidecarFolder);
  const written = await writeParquetFiles(session, rows.fileActions, sidecarFolder, signal);
  const sidecars: FinishedFile[] = [];
  for (const localFile of written.files) {
    sidecars.push(await finished(localFile, sidecarPath(`${newUuid()}.parquet`)));
  }
  const sidecarActions = sidecars.map((sidecar): StateAction => {
    const value = {
      path: path.posix.basename(sidecar.path),
      sizeInBytes: sidecar.sizeInBytes,
      modificationTime: BigInt(Math.floor(now)),
      tags: {},
    };
    return { name: "sidecar", value };
  });
  const nonFileActions: StateAction[] = [
    { name: "checkpointMetadata", value: { version, tags: {} } },
    ...rows.state,
  ];
  const top = [...nonFileActions, ...sidecarActions];
  const localFile = path.join(folder, `checkpoint.${format}`);
  if (format === "json")
    await writeFile(localFile, top.map((action) => `${stringifyJson(json(action))}\n`).join(""));
  else await writeParquet(session, topRowsSql(top, rows.fileActions), localFile, signal);
  const topFile = await finished(localFile, v2CheckpointPath(version, newUuid(), format));
  return {
    files: [...sidecars, topFile],
    actions: written.rows + BigInt(nonFileActions.length),
    fileActions: written.rows,
    v2Checkpoint: {
      path: path.posix.basename(topFile.path),
      sizeInBytes: topFile.sizeInBytes,
      modificationTime: BigInt(Math.floor(now)),
      ...(nonFileActions.length > MOST_EMBEDDED ? {} : { nonFileActions: nonFileActions.map(json) }),
      ...(sidecars.length > MOST_EMBEDDED ? {} : { sidecarFiles: sidecarActions.map(({ value }) => value) }),
    },
  };
}

function json(action: StateAction): JsonObject {
  return { [action.name]: action.value };
}
