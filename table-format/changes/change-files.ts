import { LakeError, parseJson } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import type { Metadata } from "../log/actions.js";
import { parseMetadata } from "../log/parse-actions.js";
import { pathKeySql } from "../log/path-key.js";
import {
  DELETION_VECTOR_STRUCT,
  deletionVectorIdSql,
  FILE_COLUMNS,
  ndjsonSql,
} from "../snapshot/action-columns.js";
import { fetchLocalFiles } from "../snapshot/local-files.js";
import { readingCommits } from "../snapshot/log-damage.js";
import type { TableFolder } from "../snapshot/snapshot.js";
import type { RangeCommit } from "./commits.js";
import { CHANGE_TYPE, COMMIT_TIMESTAMP, COMMIT_VERSION } from "./feed-schema.js";

/**
 * How the changes of a file are read. `file`: every row that its deletion vector leaves, of one type of
 * change. `row`: the rows that one deletion vector of it has and another has not. `data`: a change data file,
 * whose rows say themselves what they are.
 */
export type ChangePart = "file" | "row" | "data";

/**
 * The columns of a table of changes, after `path` and those of a file table: `part` (see {@link ChangePart}),
 * `change_type` (NULL for `data`), `commit_version`, `commit_time` (milliseconds since the epoch), and `round`:
 * a file that was added and later removed changed twice, and within a part and a round no file is twice. For
 * `row` also the number of the change, `change_index`, the number of its file, `ordinal`, and the deletion
 * vectors `vector_in` and `vector_out`: the rows that are in the first and not in the second changed.
 * `partition_values` holds the values of the feed's own columns too.
 */
const CHANGE_COLUMNS = {
  ...FILE_COLUMNS,
  part: "VARCHAR",
  change_type: "VARCHAR",
  commit_version: "BIGINT",
  commit_time: "BIGINT",
  round: "BIGINT",
  change_index: "BIGINT",
  ordinal: "BIGINT",
  vector_in: DELETION_VECTOR_STRUCT,
  vector_out: DELETION_VECTOR_STRUCT,
} as const;

/** Bits of a row's index within its file, below those of the file's ordinal. */
export const ROW_INDEX_BITS = 40;

const FILE_FIELDS = `path VARCHAR, dataChange BOOLEAN, partitionValues MAP(VARCHAR, VARCHAR), "size" BIGINT, modificationTime BIGINT, stats VARCHAR, tags MAP(VARCHAR, VARCHAR), deletionVector ${DELETION_VECTOR_STRUCT}`;
const ACTION_STRUCTS = {
  metaData: "JSON",
  commitInfo: "STRUCT(inCommitTimestamp JSON, operation JSON, operationMetrics JSON)",
  add: `STRUCT(${FILE_FIELDS})`,
  remove: `STRUCT(${FILE_FIELDS})`,
  cdc: `STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), "size" BIGINT, tags MAP(VARCHAR, VARCHAR))`,
} as const;

/** From so many files on sorting their rows is faster than keeping the files' order, as in replay-files.ts. */
const MANY_FILES = 100;

/** Temporary tables of the session. */
const ACTIONS = "gl_change_actions";
const COMMITS = "gl_change_commits";

/** The actions of a range of commits, in the engine: they are read once and never become JavaScript objects. */
export class ChangeActions {
  readonly #folder: TableFolder;
  readonly #session: Session;
  readonly #commits: readonly RangeCommit[];
  readonly #signal: AbortSignal | undefined;

  private constructor(
    folder: TableFolder,
    session: Session,
    commits: readonly RangeCommit[],
    signal: AbortSignal | undefined,
  ) {
    this.#folder = folder;
    this.#session = session;
    this.#commits = commits;
    this.#signal = signal;
  }

  /** Gives `work` the actions of commits whose versions follow one another. @throws LakeError `corrupt`. */
  static async with<T>(
    folder: TableFolder,
    session: Session,
    commits: readonly RangeCommit[],
    work: (actions: ChangeActions) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    const actions = new ChangeActions(folder, session, commits, signal);
    try {
      await actions.#load();
      return await work(actions);
    } finally {
      await session.execute(`DROP TABLE IF EXISTS temp.${ACTIONS}; DROP TABLE IF EXISTS temp.${COMMITS}`);
    }
  }

  /** The metadata that commits of the range set, oldest first. */
  async metadata(): Promise<{ readonly version: bigint; readonly metadata: Metadata }[]> {
    const rows = await this.#session.rows(
      `SELECT version, CAST(metaData AS VARCHAR) AS metadata FROM ${ACTIONS} WHERE metaData IS NOT NULL ORDER BY version`,
      { signal: this.#signal },
    );
    return rows.map((row) => ({
      version: BigInt(String(row["version"])),
      metadata: parseMetadata(parseJson(String(row["metadata"]))),
    }));
  }

  /**
   * Makes the table of changes `target` (see {@link CHANGE_COLUMNS}). A commit with change data files has
   * changed what they say; of any other the adds and removes that change data are its changes, and where both
   * are of one file, what their deletion vectors differ in (PROTOCOL.md, "Add CDC File"). A MERGE that says
   * that it changed no row has none, whatever it rewrote, as in delta-spark (`shouldSkipFileActionsInCommit`).
   *
   * @param ownSince the version from which on commits tell their own time
   * @param isPartitioned whether the table has partition columns, which every file must have values of
   * @throws LakeError `corrupt` for a commit or a remove that does not say what the feed needs.
   */
  async fill(target: string, ownSince: bigint | undefined, isPartitioned: boolean): Promise<void> {
    const run = (sql: string): Promise<number> => this.#session.execute(sql, { signal: this.#signal });
    await this.#loadCommits(ownSince);
    const types = Object.entries(CHANGE_COLUMNS).map(([name, type]) => `${name} ${type}`);
    await run(`CREATE TABLE ${target} (path VARCHAR, ${types.join(", ")})`);
    await run(`INSERT INTO ${target} BY NAME ${changesSql(this.#folder.store.uri)}`);
    if (isPartitioned) await this.#checkPartitions(target);
  }

  async #load(): Promise<void> {
    const { store } = this.#folder;
    const names = Object.keys(ACTION_STRUCTS);
    const columns = Object.entries(ACTION_STRUCTS).map(([name, type]) => `${name} ${type}`);
    await this.#session.execute(
      `CREATE OR REPLACE TEMP TABLE ${ACTIONS} (version BIGINT, ${columns.join(", ")})`,
    );
    const first = this.#commits[0]?.file.version;
    if (first === undefined) return;
    const files = this.#commits.map(({ file }) => file);
    await readingCommits(store.uri, async () => {
      const local = await fetchLocalFiles(this.#folder, files, { signal: this.#signal });
      try {
        await this.#session.execute(
          `INSERT INTO ${ACTIONS} SELECT file_index + ${first}, ${names.join(", ")}
           FROM ${ndjsonSql(local.files, ACTION_STRUCTS)} WHERE ${names.map((name) => `${name} IS NOT NULL`).join(" OR ")}
           ${files.length > MANY_FILES ? "ORDER BY file_index" : ""}`,
          { signal: this.#signal },
        );
      } finally {
        await local.release();
      }
    });
  }

  /** `version`, `time`, `reads` (`data` or `files`, what holds the commit's changes, or `nothing`). */
  async #loadCommits(ownSince: bigint | undefined): Promise<void> {
    const own = "TRY_CAST(commitInfo.inCommitTimestamp AS BIGINT)";
    const isOwn = ownSince === undefined ? "false" : `version >= ${ownSince}`;
    const none = (metric: string): string =>
      `json_extract_string(commitInfo.operationMetrics, '$.${metric}') = '0'`;
    const isIdle = `json_extract_string(commitInfo.operation, '$') = 'MERGE' AND ${["numTargetRowsInserted", "numTargetRowsUpdated", "numTargetRowsDeleted"].map(none).join(" AND ")}`;
    const versions = this.#commits.map(({ file }) => file.version).join(", ");
    const times = this.#commits.map(({ timestamp }) => timestamp).join(", ");
    await this.#session.execute(
      `CREATE OR REPLACE TEMP TABLE ${COMMITS} AS
       SELECT version, CASE WHEN ${isOwn} THEN own_time ELSE file_time END AS time,
              CASE WHEN coalesce(has_data, false) THEN 'data' WHEN coalesce(is_idle, false) THEN 'nothing' ELSE 'files' END AS reads
       FROM (SELECT unnest([${versions}]::BIGINT[]) AS version, unnest([${times}]::BIGINT[]) AS file_time)
       LEFT JOIN (SELECT version, max(${own}) AS own_time, bool_or(cdc IS NOT NULL) AS has_data, bool_or(${isIdle}) AS is_idle
                  FROM ${ACTIONS} GROUP BY version) USING (version)`,
      { signal: this.#signal },
    );
    const [untold] = await this.#session.rows(
      `SELECT min(version) AS version FROM ${COMMITS} WHERE time IS NULL`,
    );
    const version = untold?.["version"];
    if (typeof version !== "bigint") return;
    throw new LakeError(
      "corrupt",
      "no-in-commit-timestamp",
      `${this.#folder.store.uri}: version ${version} has no inCommitTimestamp, which every commit of the table must have`,
      { context: { version } },
    );
  }

  /** A remove need not have partition values (PROTOCOL.md, "Add File and Remove File"); its rows then have none. */
  async #checkPartitions(target: string): Promise<void> {
    const [bare] = await this.#session.rows(
      `SELECT path, commit_version FROM ${target} WHERE partition_values['${NO_VALUES}'] IS NOT NULL LIMIT 1`,
      { signal: this.#signal },
    );
    if (bare === undefined) return;
    const [path, version] = [String(bare["path"]), String(bare["commit_version"])];
    throw new LakeError(
      "corrupt",
      "no-partition-values",
      `${this.#folder.store.uri}: version ${version} does not tell the partition of ${path}, whose rows changed`,
      {
        context: { version, path },
        hint: "Ask for the changes before and after it in two queries.",
      },
    );
  }
}

/** A key among the partition values of a file that has none of its own. */
const NO_VALUES = "grizzly.none";

function changesSql(root: string): string {
  const fileActions = (action: "add" | "remove"): string =>
    `SELECT version, time, ${pathKeySql(`${action}.path`, root)} AS key, ${action}
     FROM ${ACTIONS} JOIN ${COMMITS} USING (version)
     WHERE reads = 'files' AND ${action} IS NOT NULL AND coalesce(${action}.dataChange, true)`;
  const nothing = `NULL::${DELETION_VECTOR_STRUCT}`;
  const change = (file: string, type: string, part: ChangePart): string =>
    `SELECT ${file}.path AS path, coalesce(${file}."size", 0) AS size, ${file}.modificationTime AS modification_time,
       ${file}.partitionValues AS own_values, ${file}.stats AS stats, ${file}.tags AS tags,
       ${part === "file" ? `${file}.deletionVector` : nothing} AS deletion_vector,
       key, '${part}' AS part, '${type}' AS change_type, version AS commit_version, time AS commit_time,`;
  const vectors = (wanted: string, other: string): string =>
    `${wanted}.deletionVector AS vector_in, ${other}.deletionVector AS vector_out`;
  const id = (file: string): string => deletionVectorIdSql(`${file}.deletionVector`);
  return `WITH adds AS (${fileActions("add")}), removes AS (${fileActions("remove")}),
    pairs AS (SELECT coalesce(adds.version, removes.version) AS version, coalesce(adds.time, removes.time) AS time,
                     coalesce(adds.key, removes.key) AS key, add, remove
              FROM adds FULL JOIN removes ON adds.version = removes.version AND adds.key = removes.key),
    again AS (FROM pairs WHERE add IS NOT NULL AND remove IS NOT NULL AND ${id("add")} <> ${id("remove")}),
    changes AS (
      ${change("add", "insert", "file")} ${nothing} AS vector_in, ${nothing} AS vector_out FROM pairs WHERE remove IS NULL
      UNION ALL ${change("remove", "delete", "file")} ${nothing}, ${nothing} FROM pairs WHERE add IS NULL
      UNION ALL ${change("remove", "delete", "row")} ${vectors("add", "remove")} FROM again WHERE add.deletionVector IS NOT NULL
      UNION ALL ${change("add", "insert", "row")} ${vectors("remove", "add")} FROM again WHERE remove.deletionVector IS NOT NULL
      UNION ALL SELECT cdc.path, coalesce(cdc."size", 0), NULL, cdc.partitionValues, NULL, cdc.tags, ${nothing}, cdc.path, 'data', NULL, version, time, ${nothing}, ${nothing}
      FROM ${ACTIONS} JOIN ${COMMITS} USING (version) WHERE cdc IS NOT NULL
    )
    SELECT * EXCLUDE (own_values, key), ordinal << ${ROW_INDEX_BITS} AS base_row_id,
      map_concat(coalesce(own_values, MAP {'${NO_VALUES}': ''}), map_from_entries(list_filter([
        {k: '${CHANGE_TYPE}', v: change_type}, {k: '${COMMIT_VERSION}', v: CAST(commit_version AS VARCHAR)},
        {k: '${COMMIT_TIMESTAMP}', v: strftime(make_timestamp(commit_time * 1000), '%Y-%m-%dT%H:%M:%S.%fZ')}
      ], lambda entry: entry.v IS NOT NULL))) AS partition_values
    FROM (SELECT *, row_number() OVER (PARTITION BY part, key ORDER BY commit_version) - 1 AS round,
            CASE WHEN part = 'row' THEN row_number() OVER (PARTITION BY part ORDER BY commit_version) - 1 END AS change_index,
            CASE WHEN part = 'row' THEN dense_rank() OVER (PARTITION BY part ORDER BY key) - 1 END AS ordinal
          FROM changes)
    ORDER BY commit_version, part, path`;
}
