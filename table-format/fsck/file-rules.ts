import type { Row, Session } from "../../engine/index.js";
import { quoteString } from "../../engine/index.js";
import { commitPath } from "../log/log-path.js";
import { type Version, version } from "../log/version.js";
import { ACTION_KINDS } from "./action-sql.js";
import type { FindingPlace } from "./finding.js";
import type { FindingLog } from "./finding-log.js";
import { ACTIONS } from "./load-commits.js";
import { changesSql, LIVE, type ReplayRange } from "./replay-sql.js";

/** The place of a row with `version` and `line`: an action of a checkpoint has no line. */
export function lineOf(row: Row): FindingPlace {
  const of = version(BigInt(String(row["version"])));
  const line = row["line"];
  return line === null || line === undefined
    ? { version: of }
    : { file: commitPath(of), version: of, line: Number(line) };
}

/**
 * Checks the shape of the file actions of all commits, and that no commit contradicts itself (PROTOCOL.md,
 * "Add File and Remove File"); gives the versions whose actions are too broken to be replayed.
 */
export async function checkFileActions(
  session: Session,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<Version>> {
  const faulty = "faults IS NOT NULL AND len(faults) > 0";
  await findings.addRows(
    session,
    "action-field",
    `SELECT version, line, kind, path, array_to_string(faults, ', ') AS what FROM ${ACTIONS} WHERE ${faulty} ORDER BY version, line`,
    (row) => ({
      message: `the ${row["kind"]} of ${JSON.stringify(row["path"] ?? null)}: ${row["what"]}`,
      place: lineOf(row),
    }),
    signal,
  );
  await findings.addRows(
    session,
    "action-field",
    `SELECT version, line FROM ${ACTIONS} WHERE kind = 'cdc' AND json_type(json, '$.cdc.path') IS DISTINCT FROM 'VARCHAR' ORDER BY version, line`,
    (row) => ({ message: "the cdc has no path", place: lineOf(row) }),
    signal,
  );
  await findings.addRows(
    session,
    "data-change-missing",
    `SELECT min(version) AS version, min_by(line, version) AS line, count(*) AS n FROM ${ACTIONS}
     WHERE kind IN ('add', 'remove') AND data_change IS NULL AND len(faults) = 0 HAVING count(*) > 0`,
    (row) => ({ message: `${row["n"]} add or remove actions have no dataChange`, place: lineOf(row) }),
    signal,
  );
  await findings.addRows(
    session,
    "action-unknown",
    `SELECT version, line, kind FROM ${ACTIONS}
     WHERE kind IS NULL OR kind NOT IN (${ACTION_KINDS.map(quoteString).join(", ")}) ORDER BY version, line`,
    (row) => ({
      message:
        row["kind"] === null
          ? "the line holds no action"
          : `there is no action ${JSON.stringify(row["kind"])}`,
      place: lineOf(row),
    }),
    signal,
  );
  await checkWithinCommits(session, findings, signal);
  const rows = await session.rows(`SELECT DISTINCT version FROM ${ACTIONS} WHERE ${faulty}`, { signal });
  return new Set(rows.map((row) => version(BigInt(String(row["version"])))));
}

async function checkWithinCommits(
  session: Session,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const grouped = (having: string): string =>
    `SELECT version, max(line) AS line, any_value(path) AS path FROM ${ACTIONS}
     WHERE kind IN ('add', 'remove') AND key IS NOT NULL
     GROUP BY version, key, dv_id HAVING ${having} ORDER BY version, line`;
  await findings.addRows(
    session,
    "file-added-twice",
    grouped("count(*) FILTER (live) > 1"),
    (row) => ({ message: `the commit adds ${row["path"]} more than once`, place: lineOf(row) }),
    signal,
  );
  await findings.addRows(
    session,
    "file-added-and-removed",
    grouped("bool_or(live) AND NOT bool_and(live)"),
    (row) => ({
      message: `the commit adds and removes ${row["path"]}, with one deletion vector`,
      place: lineOf(row),
    }),
    signal,
  );
}

// Where a table gives up deletion vectors, delta-spark removes their files by name, so that they are kept from
// a vacuum as long as removed data is.
const VECTOR_FILE = "(^|/)deletion_vector_[0-9a-f-]{36}\\.bin$";

/** Checks the history of the files over a range, and the live files at its end. */
export async function checkFileHistory(
  session: Session,
  range: ReplayRange,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  await findings.addRows(
    session,
    "file-removed-unknown",
    `SELECT version, line, path FROM (${changesSql(range)}) WHERE NOT live AND NOT was_live AND version > ${range.after}
       AND NOT regexp_matches(path, '${VECTOR_FILE}') ORDER BY version, line`,
    (row) => ({
      message: `the commit removes ${row["path"]}, which the table did not hold`,
      place: lineOf(row),
    }),
    signal,
  );
  await findings.addRows(
    session,
    "file-live-twice",
    `SELECT key, count(*) AS n, max(version) AS version, max_by(line, version) AS line FROM ${LIVE} GROUP BY key HAVING count(*) > 1 ORDER BY key`,
    (row) => ({
      message: `${row["key"]} is live ${row["n"]} times, with different deletion vectors`,
      place: { ...lineOf(row), file: String(row["key"]) },
    }),
    signal,
  );
}
