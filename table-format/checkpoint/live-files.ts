import type { Session } from "../../engine/index.js";
import { pathKeySql } from "../log/path-key.js";
import { deletionVectorIdSql, FILE_COLUMNS, FILE_KEY_STRUCT, ndjsonSql } from "../snapshot/action-columns.js";
import { checkpointAdds, instantPaths } from "../snapshot/checkpoint-adds.js";
import { FileTable } from "../snapshot/file-table.js";
import type { LocalSegment } from "../snapshot/local-segment.js";
import { replayFiles } from "../snapshot/replay-files.js";
import type { Snapshot } from "../snapshot/snapshot.js";

const SUPERSEDED = "gl_checkpoint_superseded";

/**
 * Gives `work` a relation with the columns of a file table, over the live files of a snapshot, that reads the
 * older checkpoint row by row: only what its commits add is kept, so that a table of any number of files gets
 * its next checkpoint in little memory.
 *
 * @param checkpointFiles the files of the segment's checkpoint, sidecars included; at least one
 */
export async function withStreamedLiveFiles<T>(
  session: Session,
  snapshot: Snapshot,
  local: LocalSegment,
  checkpointFiles: readonly string[],
  work: (relation: string) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  const { folder } = snapshot;
  const { engine, store } = folder;
  const instants = instantPaths(snapshot.schema, snapshot.metadata);
  const sources = await checkpointAdds(session, checkpointFiles, instants, signal);
  const older = sources.map((source) => `${source} WHERE add IS NOT NULL`).join(" UNION ALL ");
  if (local.commits.length === 0) return work(`(${older})`);
  const tail = await FileTable.make(
    engine,
    session,
    (target) => {
      const segment = { ...local.segment, checkpoint: undefined };
      const replay = { session, place: folder, target, where: store.uri, instants, signal };
      return replayFiles(replay, { segment, checkpoint: [], commits: local.commits });
    },
    signal,
  );
  try {
    await findSuperseded(session, local.commits, older, store.uri, signal);
    const columns = ["path", ...Object.keys(FILE_COLUMNS)].join(", ");
    const untouched = `SELECT ${columns} FROM (${older}) WHERE path NOT IN (FROM ${SUPERSEDED})`;
    return await work(`(SELECT ${columns} FROM ${tail.relation} UNION ALL ${untouched})`);
  } finally {
    await tail.retire();
  }
}

/**
 * Makes the temporary table {@link SUPERSEDED} of the paths, as the checkpoint spells them, whose adds the commits
 * take away. As in replay: an add takes the place of every add of its path, a remove that of its own pair of path
 * and deletion vector alone. Keys of paths are costly, and here only paths are read; the rows themselves, each the
 * only one of its path, are then told by the path.
 */
async function findSuperseded(
  session: Session,
  commits: readonly string[],
  older: string,
  root: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const key = (path: string): string => pathKeySql(path, root);
  const vector = deletionVectorIdSql("deletion_vector");
  const references = (["add", "remove"] as const).map((action) => {
    const pair = `${key(`${action}.path`)} AS key, ${deletionVectorIdSql(`${action}.deletionVector`)} AS vector`;
    return `SELECT ${pair}, ${action === "add"} AS live FROM ${ndjsonSql(commits, { [action]: FILE_KEY_STRUCT })} WHERE ${action} IS NOT NULL`;
  });
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${SUPERSEDED} AS
     SELECT path FROM (SELECT path, ${key("path")} AS path_key, ${vector} AS path_vector FROM (${older})) JOIN (
       SELECT key, bool_or(live) AS is_added, list(vector) FILTER (NOT live) AS removed
       FROM (${references.join(" UNION ALL ")}) GROUP BY key
     ) ON key = path_key WHERE is_added OR list_contains(removed, path_vector)`,
    { signal },
  );
}
