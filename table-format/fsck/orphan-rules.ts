import { Field, makeData, RecordBatch, Schema, Struct, Utf8, vectorFromArray } from "apache-arrow";
import { isLakeError, parseJson } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { deletionVectorPath, parseDeletionVectorDescriptor } from "../deletion-vector/index.js";
import { LOG_FOLDER } from "../log/log-path.js";
import { pathKeySql } from "../log/path-key.js";
import { tombstoneRetentionMs } from "../protocol/table-properties.js";
import { isInside } from "./file-presence.js";
import { lineOf } from "./file-rules.js";
import type { FindingLog } from "./finding-log.js";
import { ACTIONS } from "./load-commits.js";
import { BASE } from "./replay-sql.js";
import { OBJECTS } from "./table-listing.js";

const CHANGES = "fsck_changes";
const VECTOR_FILES = "fsck_vector_files";
const EXAMPLES = 3;

/** Checks that the change data files of the kept commits are there (PROTOCOL.md, "Add CDC File"). */
export async function checkChangeFiles(
  session: Session,
  root: string,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${CHANGES} AS
     SELECT version, line, path, ${pathKeySql("path", root)} AS key FROM (
       SELECT version, line, json_extract_string(json, '$.cdc.path') AS path FROM ${ACTIONS} WHERE kind = 'cdc'
     ) WHERE path IS NOT NULL`,
    { signal },
  );
  await findings.addRows(
    session,
    "change-file-missing",
    `SELECT version, line, key FROM ${CHANGES} WHERE ${isInside("key")} AND key NOT IN (SELECT path FROM ${OBJECTS}) ORDER BY version, line`,
    (row) => ({ message: `the change data file ${row["key"]} is not there`, place: lineOf(row) }),
    signal,
  );
}

export interface OrphanOptions {
  readonly configuration: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whether files count that are younger than the table keeps removed ones: they may be of a commit under way. */
  readonly ofAnyAge: boolean;
}

/**
 * Finds files in the table's folder that no kept version refers to. Files and folders whose names begin with
 * an underscore or a dot are not the table's, but for change data and for folders of partitions.
 */
export async function findOrphans(
  session: Session,
  { configuration, now, ofAnyAge }: OrphanOptions,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const retention = tombstoneRetentionMs(configuration);
  if (retention === undefined && !ofAnyAge) return;
  const before = ofAnyAge ? Number.MAX_SAFE_INTEGER : now - (retention ?? 0);
  await loadVectorFiles(session, signal);
  const hidden =
    "len(list_filter(string_split(path, '/'), lambda s: (starts_with(s, '_') OR starts_with(s, '.')) AND NOT contains(s, '='))) > 0";
  const orphans = `SELECT path, size FROM ${OBJECTS}
    WHERE NOT starts_with(path, '${LOG_FOLDER}/') AND (starts_with(path, '_change_data/') OR NOT (${hidden}))
      AND modified < ${BigInt(Math.floor(before))}
      AND path NOT IN (SELECT key FROM ${ACTIONS} WHERE key IS NOT NULL)
      AND path NOT IN (SELECT key FROM ${BASE} WHERE key IS NOT NULL)
      AND path NOT IN (SELECT key FROM ${CHANGES})
      AND path NOT IN (SELECT path FROM ${VECTOR_FILES})`;
  const [totals] = await session.rows(
    `SELECT count(*) AS files, coalesce(sum(size), 0)::BIGINT AS bytes, list(path ORDER BY path)[1:${EXAMPLES}] AS some FROM (${orphans})`,
    { signal },
  );
  const files = BigInt(String(totals?.["files"] ?? 0));
  if (files === 0n) return;
  const some = Array.isArray(totals?.["some"]) ? totals["some"].map(String) : [];
  findings.add(
    "orphan-files",
    `${files} ${files === 1n ? "file" : "files"} of ${totals?.["bytes"]} bytes, ${some.join(", ")}${files > BigInt(some.length) ? " among them" : ""}`,
    { file: some[0] },
  );
}

const SCHEMA = new Schema([new Field("path", new Utf8(), false)]);

/** The files of all deletion vectors that the log names, in {@link VECTOR_FILES}; their names are packed. */
async function loadVectorFiles(session: Session, signal: AbortSignal | undefined): Promise<void> {
  const vectors = `SELECT any_value(dv) AS dv FROM (SELECT dv_id, dv FROM ${ACTIONS} UNION ALL SELECT dv_id, dv FROM ${BASE})
    WHERE starts_with(dv_id, 'u') GROUP BY split_part(dv_id, '@', 1)`;
  const rows = await session.rows(vectors, { signal });
  const paths = new Set<string>();
  for (const row of rows) {
    try {
      const json = parseJson(String(row["dv"]).replace(/"offset":null,?/, ""));
      const path = deletionVectorPath(parseDeletionVectorDescriptor(json));
      if (path !== undefined) paths.add(path.path);
    } catch (error) {
      // A descriptor that is none is another check's finding, and names no file.
      if (!isLakeError(error)) throw error;
    }
  }
  await session.loadArrow(VECTOR_FILES, SCHEMA, paths.size === 0 ? [] : [pathBatch([...paths])], { signal });
}

function pathBatch(paths: readonly string[]): RecordBatch {
  const [column] = vectorFromArray([...paths], new Utf8()).data;
  const type = new Struct(SCHEMA.fields);
  const children = column === undefined ? [] : [column];
  return new RecordBatch(SCHEMA, makeData({ type, length: paths.length, nullCount: 0, children }));
}
