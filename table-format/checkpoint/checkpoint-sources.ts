import type { Session } from "../../engine/index.js";
import { type LocalSegment, withFileActions, withLocalSegment } from "../snapshot/local-segment.js";
import { readingCheckpoint } from "../snapshot/log-damage.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { tombstonesSql } from "../snapshot/tombstones.js";
import { withStreamedLiveFiles } from "./live-files.js";

/** What a checkpoint is made of, as SQL for the session. */
export interface CheckpointSources {
  /** A relation with the columns of a file table. */
  readonly liveFiles: string;
  /** A SELECT of one column `remove`, expired ones included. */
  readonly tombstones: string;
}

/**
 * Gives `work` the files and tombstones of the snapshot: from the file table where there is one or the log
 * holds no checkpoint, else straight from the log, so that no table of all files need be made. Where a
 * checkpoint cannot be read, `work` runs once more, over another one.
 *
 * @throws LakeError `corrupt` when the log cannot be read.
 */
export function withCheckpointSources<T extends object>(
  session: Session,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
  work: (sources: CheckpointSources) => Promise<T>,
): Promise<T> {
  const { folder } = snapshot;
  const where = folder.store.uri;
  const overFiles = async (local: LocalSegment, checkpointFiles: readonly string[]): Promise<T> => {
    const tombstones = tombstonesSql(local.commits, checkpointFiles, where);
    const overTable = ({ relation }: { readonly relation: string }): Promise<T> =>
      work({ liveFiles: relation, tombstones });
    const atHand = await snapshot.withFilesAtHand(overTable);
    if (atHand !== undefined) return atHand;
    const { checkpoint } = local.segment;
    if (checkpoint === undefined) return snapshot.withFiles(overTable, signal);
    const overLog = (liveFiles: string): Promise<T> => work({ liveFiles, tombstones });
    return readingCheckpoint(checkpoint, where, () =>
      withStreamedLiveFiles(session, snapshot, local, checkpointFiles, overLog, signal),
    );
  };
  return snapshot.withReadableSegment(
    (segment) =>
      withLocalSegment(
        folder,
        segment,
        where,
        (local) => withFileActions(session, folder, local, where, (files) => overFiles(local, files), signal),
        signal,
      ),
    signal,
  );
}
