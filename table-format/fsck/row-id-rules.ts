import { isLakeError } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import { hasFeature } from "../protocol/features.js";
import { ROW_TRACKING_DOMAIN, rowIdHighWaterMark } from "../transaction/row-ids.js";
import type { FindingLog } from "./finding-log.js";
import { LIVE } from "./replay-sql.js";
import type { FoundState } from "./table-state.js";

/**
 * Checks the row ids of the live files: each file has a first one where rows are tracked, no two files share
 * one, and none is above the mark from which new ones are given out (PROTOCOL.md, "Row Tracking").
 */
export async function checkRowIds(
  session: Session,
  state: FoundState,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const protocol = state.protocol?.value;
  if (protocol === undefined || !hasFeature(protocol, "rowTracking")) return;
  if (state.metadata?.value.configuration["delta.enableRowTracking"] === "true") {
    await findings.addRows(
      session,
      "row-id",
      `SELECT key FROM ${LIVE} WHERE base_row_id IS NULL OR default_row_commit_version IS NULL ORDER BY key`,
      (row) => ({
        message: "the file has no baseRowId or no defaultRowCommitVersion, and the table tracks rows",
        place: { file: String(row["key"]) },
      }),
      signal,
    );
  }
  const ranges = `SELECT key, base_row_id AS first,
      base_row_id + greatest(coalesce(TRY_CAST(json_extract_string(CASE WHEN json_valid(stats) THEN stats END, '$.numRecords') AS BIGINT), 1), 1) - 1 AS last
    FROM ${LIVE} WHERE base_row_id IS NOT NULL`;
  await findings.addRows(
    session,
    "row-id",
    `SELECT * FROM (SELECT *, max_by(key, last) OVER w AS other, max(last) OVER w AS taken
       FROM (${ranges}) WINDOW w AS (ORDER BY first, key ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) WHERE first <= taken ORDER BY first`,
    (row) => ({
      message: `row ids from ${row["first"]} on are given out to ${row["other"]} as well`,
      place: { file: String(row["key"]) },
    }),
    signal,
  );
  const mark = markOf(state, findings);
  if (mark === undefined) return;
  await findings.addRows(
    session,
    "row-id",
    `SELECT key, last FROM (${ranges}) WHERE last > ${mark} ORDER BY last DESC`,
    (row) => ({
      message: `the file has row id ${row["last"]}, and the table gives out ids from ${mark + 1n} on`,
      place: { file: String(row["key"]) },
    }),
    signal,
  );
}

function markOf(state: FoundState, findings: FindingLog): bigint | undefined {
  const domain = state.domains.get(ROW_TRACKING_DOMAIN);
  try {
    return rowIdHighWaterMark(domain?.value);
  } catch (error) {
    if (!isLakeError(error, "corrupt") && !(error instanceof SyntaxError)) throw error;
    findings.add("row-id", `the domain ${ROW_TRACKING_DOMAIN} holds no mark`, domain?.place);
    return undefined;
  }
}
