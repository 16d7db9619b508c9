import { LakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import type { CheckpointFiles } from "../log/checkpoint-files.js";
import { parseDataPath } from "../log/data-path.js";
import { sidecarPath } from "../log/log-path.js";
import type { LogSegment } from "../log/segment.js";
import { CHECKPOINT_ONLY_STRUCTS, checkpointSql } from "./action-columns.js";
import { fetchLocalFiles, type ObjectPlace, type WantedObject } from "./local-files.js";
import { readingCheckpoint, readingCommits } from "./log-damage.js";

/** The files of a segment as local files, for as long as the work that was given them runs. */
export interface LocalSegment {
  readonly segment: LogSegment;
  /** The checkpoint's own files, without sidecars; empty when there is no checkpoint. */
  readonly checkpoint: readonly string[];
  /** In the order of `segment.commits`. */
  readonly commits: readonly string[];
}

/**
 * Gives `work` the files of a segment, each fetched once.
 *
 * @throws LakeError `corrupt` with the codes of log-damage.ts.
 */
export async function withLocalSegment<T>(
  place: ObjectPlace,
  segment: LogSegment,
  where: string,
  work: (local: LocalSegment) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { checkpoint } = segment;
  const fetching = [
    readingCommits(where, () => fetchLocalFiles(place, segment.commits, { signal })),
    checkpoint === undefined
      ? fetchLocalFiles(place, [])
      : readingCheckpoint(checkpoint, where, () => fetchLocalFiles(place, checkpoint.files, { signal })),
  ] as const;
  try {
    const [commits, own] = await Promise.all(fetching);
    return await work({ segment, checkpoint: own.files, commits: commits.files });
  } finally {
    for (const fetched of await Promise.allSettled(fetching)) {
      if (fetched.status === "fulfilled") await fetched.value.release();
    }
  }
}

/**
 * Gives `work` every file that holds file actions of the segment's checkpoint: its own ones and the sidecars
 * that they name (PROTOCOL.md, "Sidecar File Information").
 *
 * @throws LakeError `corrupt` when the checkpoint cannot be read, or a sidecar is not there.
 */
export async function withFileActions<T>(
  session: Session,
  place: ObjectPlace,
  { segment: { checkpoint }, checkpoint: own }: LocalSegment,
  where: string,
  work: (files: readonly string[]) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  if (checkpoint === undefined) return work([]);
  const sidecars = await readingCheckpoint(checkpoint, where, async () =>
    fetchLocalFiles(place, await sidecarsOf(session, checkpoint, own, signal), { signal }),
  );
  try {
    return await work([...own, ...sidecars.files]);
  } finally {
    await sidecars.release();
  }
}

async function sidecarsOf(
  session: Session,
  checkpoint: CheckpointFiles,
  own: readonly string[],
  signal: AbortSignal | undefined,
): Promise<WantedObject[]> {
  // Multi-part checkpoints are never of the V2 spec.
  if (checkpoint.files[0].kind === "multi-part-checkpoint") return [];
  const rows = await session.rows(
    `SELECT DISTINCT sidecar.path AS path, sidecar.sizeInBytes AS size, sidecar.modificationTime AS modified
     FROM ${checkpointSql(own, { sidecar: CHECKPOINT_ONLY_STRUCTS.sidecar })} WHERE sidecar IS NOT NULL`,
    { signal },
  );
  return rows.map(({ path, size, modified }) => ({
    path: sidecarPath(sidecarName(String(path))),
    size: typeof size === "bigint" ? Number(size) : undefined,
    lastModified: typeof modified === "bigint" ? Number(modified) : undefined,
  }));
}

/**
 * The name of a sidecar's file. Whatever stands before it, a folder or a scheme, is passed over: sidecars
 * always lie in the table's own folder for them, wherever the table was when the checkpoint was written.
 */
export function sidecarName(uri: string): string {
  const name = parseDataPath(uri).path.split("/").at(-1) ?? "";
  if (name === "") throw new LakeError("corrupt", "sidecar", `the sidecar "${uri}" names no file`);
  return name;
}
