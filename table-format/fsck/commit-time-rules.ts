import type { Session } from "../../engine/index.js";
import { hasFeature } from "../protocol/features.js";
import { lineOf } from "./file-rules.js";
import type { FindingLog } from "./finding-log.js";
import { ACTIONS } from "./load-commits.js";
import type { FoundState } from "./table-state.js";

const ENABLED_AT = "delta.inCommitTimestampEnablementVersion";

/**
 * Checks the in-commit timestamps of a range of commits: each commit since they were turned on has one, in a
 * commitInfo that is its first action, greater than the one before it (PROTOCOL.md, "In-Commit Timestamps").
 *
 * @param state of the newest version of the range
 */
export async function checkCommitTimes(
  session: Session,
  state: FoundState,
  range: { readonly after: bigint; readonly to: bigint },
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const metadata = state.metadata?.value;
  const protocol = state.protocol?.value;
  if (protocol === undefined || !hasFeature(protocol, "inCommitTimestamp")) return;
  if (metadata?.configuration["delta.enableInCommitTimestamps"] !== "true") return;
  const enabledAt = metadata.configuration[ENABLED_AT] ?? "0";
  const first = /^\d+$/.test(enabledAt) ? BigInt(enabledAt) : 0n;
  const after = range.after > first - 1n ? range.after : first - 1n;
  const commits = `SELECT version, min(line) AS first_line,
      min(line) FILTER (kind = 'commitInfo') AS line,
      TRY_CAST(any_value(json_extract_string(json, '$.commitInfo.inCommitTimestamp')) FILTER (kind = 'commitInfo') AS BIGINT) AS stamp
    FROM ${ACTIONS} WHERE version > ${after} AND version <= ${range.to} GROUP BY version`;
  await findings.addRows(
    session,
    "commit-time",
    `SELECT * FROM (SELECT *, lag(stamp) OVER (ORDER BY version) AS previous FROM (${commits}))
     WHERE stamp IS NULL OR line <> first_line OR stamp <= previous ORDER BY version`,
    (row) => {
      const { stamp, previous } = row;
      const message =
        stamp === null
          ? "the commit has no inCommitTimestamp, which the table asks for"
          : previous !== null && BigInt(String(stamp)) <= BigInt(String(previous))
            ? `the commit's inCommitTimestamp ${stamp} is not after ${previous}, the one before it`
            : "the commitInfo is not the first action of the commit";
      return { message, place: lineOf(row) };
    },
    signal,
  );
}
