import { pathKeySql } from "../log/path-key.js";
import { deletionVectorIdSql } from "../snapshot/action-columns.js";
import type { Snapshot } from "../snapshot/snapshot.js";
import { type LiveAdd, liveAdds } from "../transaction/live-files.js";

/** How the files of two versions differ. A file with another deletion vector is another file. */
export interface FileDifference {
  /** Live then and not now, each as it was then, in the order of their paths. */
  readonly restored: readonly LiveAdd[];
  /** Live now and not then, without their statistics. */
  readonly removed: readonly LiveAdd[];
  /** Live files of then. */
  readonly files: number;
  /** Their bytes. */
  readonly sizeInBytes: bigint;
}

/**
 * What has to come back and to go for a table to have the files of an earlier version. The engine compares the
 * two lists of files; only those that differ come out of it.
 */
export function restoredFiles(now: Snapshot, then: Snapshot, signal?: AbortSignal): Promise<FileDifference> {
  const { engine, store } = now.folder;
  return now.withFiles(
    (filesNow) =>
      then.withFiles(
        (filesThen) =>
          engine.withSession(async (session) => {
            const only = (columns: string, some: string, others: string): string =>
              `SELECT ${columns} FROM ${some} AS a ANTI JOIN ${others} AS b
               ON ${pathKeySql("a.path", store.uri)} = ${pathKeySql("b.path", store.uri)}
               AND ${deletionVectorIdSql("a.deletion_vector")} = ${deletionVectorIdSql("b.deletion_vector")}
               ORDER BY a.path`;
            const restored = only("a.*", filesThen.relation, filesNow.relation);
            const removed = only(
              "a.* REPLACE (NULL::VARCHAR AS stats)",
              filesNow.relation,
              filesThen.relation,
            );
            return {
              restored: await liveAdds(session, restored, signal),
              removed: await liveAdds(session, removed, signal),
              files: filesThen.count,
              sizeInBytes: filesThen.sizeInBytes,
            };
          }),
        signal,
      ),
    signal,
  );
}
