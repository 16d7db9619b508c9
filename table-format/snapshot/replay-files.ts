import { LakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { pathKeySql } from "../log/path-key.js";
import {
  addColumnsSql,
  addStruct,
  deletionVectorIdSql,
  FILE_COLUMNS,
  FILE_KEY_STRUCT,
  ndjsonSql,
} from "./action-columns.js";
import { checkpointAdds } from "./checkpoint-adds.js";
import type { ObjectPlace } from "./local-files.js";
import { type LocalSegment, withFileActions } from "./local-segment.js";
import { readingCheckpoint, readingCommits } from "./log-damage.js";

export interface FileReplay {
  readonly session: Session;
  /** Of the log. */
  readonly place: ObjectPlace;
  /** The engine's name of the table to make. */
  readonly target: string;
  /** The table, for messages. */
  readonly where: string;
  /** See {@link instantPaths}. */
  readonly instants: ReadonlySet<string>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Replays the file actions of a segment into the engine table `target`: one row a live file, `path` and the
 * columns of {@link FILE_COLUMNS}. The engine does the work, so that a log of any size costs no heap.
 *
 * Within a checkpoint every file is unique already; a commit is newer than the checkpoint and than every
 * commit before it. The newest reference to each pair of path and deletion vector counts, and of the pairs
 * of one path that are then added, the newest (PROTOCOL.md, "Action Reconciliation"). A commit may not add
 * and remove the same pair; where one does, the add counts, whatever the order of the lines.
 *
 * @throws LakeError `corrupt` with the codes of log-damage.ts.
 */
export async function replayFiles(replay: FileReplay, local: LocalSegment): Promise<void> {
  const { session, place, where, target, signal } = replay;
  const { checkpoint } = local.segment;
  if (checkpoint === undefined) return replayCommits(replay, local.commits);
  await replayCommits(replay, local.commits, async (superseded) => {
    const insert = async (files: readonly string[]): Promise<void> => {
      for (const source of await checkpointAdds(session, files, replay.instants, signal)) {
        await session.execute(`INSERT INTO ${target} ${source} WHERE add IS NOT NULL ${superseded("add")}`, {
          signal,
        });
      }
    };
    await withFileActions(
      session,
      place,
      local,
      where,
      (files) => readingCheckpoint(checkpoint, where, () => insert(files)),
      signal,
    );
  });
}

/**
 * As {@link replayFiles}, from the file table of an earlier version and the commits after it.
 *
 * @param base the engine's name of that table
 */
export async function advanceFiles(
  replay: FileReplay,
  base: string,
  commits: readonly string[],
): Promise<void> {
  const { session, target, signal } = replay;
  await replayCommits(replay, commits, async (superseded) => {
    const file = "{path: path, deletionVector: deletion_vector}";
    await session.execute(
      `INSERT INTO ${target} SELECT path, ${Object.keys(FILE_COLUMNS).join(", ")} FROM ${base} WHERE true ${superseded(file)}`,
      { signal },
    );
  });
}

/** The file actions of the commits, in the order of the commits. */
const TAIL = "gl_replay_tail";

/** What a tail has beside the columns of a file table. */
const TAIL_COLUMNS = ["file_index", "live", "other_key", "vector"] as const;
/** SQL of a path's key: paths are kept twice only where their key is another text. */
const TAIL_KEY = "coalesce(other_key, path)";

/** Bits of a row's number, below those of its file's. */
const ROW_BITS = 40;

/**
 * Makes `target` of the files that the commits add and leave live, then adds older files to it, which the
 * commits may have superseded.
 *
 * @param addOlder inserts older files, where there are any; is given SQL, for a WHERE after another
 *   condition, that tells from an `add` whether the commits leave it as it is
 */
async function replayCommits(
  { session, place, target, where, signal }: FileReplay,
  commits: readonly string[],
  addOlder?: (superseded: (add: string) => string) => Promise<void>,
): Promise<void> {
  const run = (sql: string): Promise<number> => session.execute(sql, { signal });
  const files = Object.entries(FILE_COLUMNS);
  const names = ["path", ...files.map(([name]) => name)].join(", ");
  const types = files.map(([name, type]) => `${name} ${type}`).join(", ");
  const key = (path: string): string => pathKeySql(path, place.store.uri);
  // With nothing to add to it, what the commits hold is the target itself, and need not be copied.
  const tail = addOlder === undefined ? target : TAIL;
  try {
    await run(
      `CREATE OR REPLACE ${tail === TAIL ? "TEMP" : ""} TABLE ${tail}
         (file_index BIGINT, live BOOLEAN, other_key VARCHAR, vector VARCHAR, path VARCHAR, ${types})`,
    );
    if (commits.length > 0) await readingCommits(where, () => loadTail(session, tail, commits, key, signal));
    const [shape] = await session.rows(
      `SELECT count(*) = count(DISTINCT ${TAIL_KEY}) AND coalesce(bool_and(live), true) AS plain,
         count(*) AS files, count(*) = count(path) AS named FROM ${tail}`,
      { signal },
    );
    if (shape?.["named"] !== true) throw incomplete(where);
    // Adds alone, none of them twice, need no reconciliation: the common case of an appended table.
    const live = shape?.["plain"] === true ? "true" : `rowid IN (${liveRowsSql(tail)})`;
    if (addOlder !== undefined) {
      await run(`CREATE OR REPLACE TABLE ${target} AS SELECT ${names} FROM ${tail} WHERE ${live}`);
      await addOlder((add) => (shape?.["files"] === 0n ? "" : supersededSql(add, key)));
    } else if (live === "true") {
      await run(TAIL_COLUMNS.map((column) => `ALTER TABLE ${target} DROP COLUMN ${column}`).join("; "));
    } else {
      await run(`CREATE OR REPLACE TEMP TABLE ${TAIL} AS SELECT ${names} FROM ${target} WHERE ${live}`);
      await run(`CREATE OR REPLACE TABLE ${target} AS FROM ${TAIL}`);
    }
    const [made] = await session.rows(
      `SELECT count(*) = count(path) AND count(*) = count(size) AS whole FROM ${target}`,
      { signal },
    );
    if (made?.["whole"] !== true) throw incomplete(where);
  } finally {
    await session.execute(`DROP TABLE IF EXISTS temp.${TAIL}`);
  }
}

function incomplete(where: string): LakeError {
  return new LakeError("corrupt", "log-entry", `${where}: a file action in the log has no path or no size`);
}

/** An add takes the place of every add of its path, a remove that of its own pair alone. */
function supersededSql(add: string, key: (path: string) => string): string {
  const [path, vector] = [key(`${add}.path`), deletionVectorIdSql(`${add}.deletionVector`)];
  return `AND ${path} NOT IN (SELECT ${TAIL_KEY} FROM ${TAIL} WHERE live)
    AND (${path}, ${vector}) NOT IN (SELECT (${TAIL_KEY}, vector) FROM ${TAIL} WHERE NOT live)`;
}

/**
 * From so many files on rows are sorted by file. The engine keeps the order of what it inserts file by file,
 * which with 10,000 small ones takes ten times as long as sorting their rows.
 */
const MANY_FILES = 100;

async function loadTail(
  session: Session,
  tail: string,
  commits: readonly string[],
  key: (path: string) => string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const source = ndjsonSql(commits, { add: addStruct(), remove: FILE_KEY_STRUCT });
  const vector = (action: string): string => deletionVectorIdSql(`${action}.deletionVector`);
  await session.execute(
    `INSERT INTO ${tail} BY NAME
     SELECT *, nullif(${key("path")}, path) AS other_key FROM (
       SELECT file_index, add IS NOT NULL AS live, ${addColumnsSql("add", undefined, "coalesce(add.path, remove.path)")},
         CASE WHEN add IS NOT NULL THEN ${vector("add")} ELSE ${vector("remove")} END AS vector
       FROM ${source} WHERE add IS NOT NULL OR remove IS NOT NULL
     ) ${commits.length > MANY_FILES ? "ORDER BY file_index" : ""}`,
    { signal },
  );
}

/**
 * The rows of the tail that are the newest add of their path, and not removed since. What is newer is told
 * by one number: the place of the file, then an add after a remove, then the place of the row.
 */
function liveRowsSql(tail: string): string {
  const order = `((file_index * 2 + live::INTEGER) << ${ROW_BITS}) + rowid`;
  const isAdd = `(newest >> ${ROW_BITS}) & 1 = 1`;
  return `SELECT max(newest) & ${(1n << BigInt(ROW_BITS)) - 1n}
    FROM (SELECT ${TAIL_KEY} AS key, vector, max(${order}) AS newest FROM ${tail} GROUP BY ALL)
    WHERE ${isAdd} GROUP BY key`;
}
