import type { Session } from "../../engine/index.js";
import { ACTIONS } from "./load-commits.js";

/** The actions of the checkpoint that replay begins with, and of compactions in the place of commits. */
export const BASE = "fsck_base";
/** The live files of the version that is checked. */
export const LIVE = "fsck_live";
/** Files and bytes after each version that changes them. */
export const TOTALS = "fsck_totals";

/** Which actions make a version: those of the base, and the commits after it. */
export interface ReplayRange {
  /** Version of the base; -1 for the empty table. */
  readonly after: bigint;
  readonly to: bigint;
}

/** The file actions of a range, one row for each file and version; an add wins over a remove of one commit. */
export function fileEvents({ after, to }: ReplayRange): string {
  const wanted = "kind IN ('add', 'remove') AND key IS NOT NULL";
  return `SELECT * FROM (
      SELECT * FROM ${BASE} WHERE ${wanted} AND version <= ${to}
      UNION ALL BY NAME
      SELECT * FROM ${ACTIONS} WHERE ${wanted} AND version > ${after} AND version <= ${to}
    ) QUALIFY row_number() OVER (PARTITION BY key, dv_id, version ORDER BY live DESC, line DESC) = 1`;
}

/** The live files at the end of a range (PROTOCOL.md, "Action Reconciliation"). */
export function liveFilesSql(range: ReplayRange): string {
  return `SELECT * EXCLUDE (live, kind, faults, json) FROM (
      SELECT * FROM (${fileEvents(range)})
      QUALIFY row_number() OVER (PARTITION BY key, dv_id ORDER BY version DESC) = 1
    ) WHERE live`;
}

/** Live files and their bytes after each version of a range that changes them, counted in one pass. */
export function totalsSql(range: ReplayRange): string {
  return `SELECT version,
      (sum(sum(files)) OVER (ORDER BY version))::BIGINT AS files,
      (sum(sum(bytes)) OVER (ORDER BY version))::BIGINT AS bytes
    FROM (
      SELECT version,
        live::INTEGER - was_live::INTEGER AS files,
        CASE WHEN live THEN coalesce(size, 0) ELSE 0 END - CASE WHEN was_live THEN coalesce(old_size, 0) ELSE 0 END AS bytes
      FROM (${changesSql(range)})
    ) GROUP BY version`;
}

/** Each file action beside what was known of its file before. */
export function changesSql(range: ReplayRange): string {
  return `SELECT version, line, path, dv_id, live, size, coalesce(lag(live) OVER file, false) AS was_live,
      lag(size) OVER file AS old_size
    FROM (${fileEvents(range)}) WINDOW file AS (PARTITION BY key, dv_id ORDER BY version)`;
}

/** How many live files the version that is checked has, and their bytes. */
export async function liveTotals(
  session: Session,
  signal: AbortSignal | undefined,
): Promise<{ readonly numFiles: bigint; readonly sizeInBytes: bigint }> {
  const [row] = await session.rows(
    `SELECT count(*) AS files, coalesce(sum(size), 0)::BIGINT AS bytes FROM ${LIVE}`,
    { signal },
  );
  return { numFiles: BigInt(String(row?.["files"])), sizeInBytes: BigInt(String(row?.["bytes"])) };
}
