import type { Session } from "../../engine/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import { commitPath, type LogFile } from "../log/log-path.js";
import { type Version, version } from "../log/version.js";
import { actionsOfLines } from "./action-sql.js";
import { type FindingLog, firstLine } from "./finding-log.js";
import { type LogText, makeActionTable, readLogLines } from "./log-text.js";

/** The actions of every commit that the log keeps; see `ACTION_COLUMNS` of log-text.ts. */
export const ACTIONS = "fsck_actions";
/** The lines of one batch of log files. */
const LINES = "fsck_lines";

/** What reading the commits came to. */
export interface LoadedCommits {
  /** Versions whose commit is there and says what it should, ascending. */
  readonly whole: ReadonlySet<Version>;
}

/**
 * Loads all commits into {@link ACTIONS}. Lines that are no JSON object and files that cannot be read are
 * findings, and their commits are not whole.
 */
export async function loadCommits(
  session: Session,
  store: ObjectStore,
  logFiles: readonly LogFile[],
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<LoadedCommits> {
  const commits = logFiles.filter((file) => file.kind === "commit");
  const broken = new Set<bigint>();
  await makeActionTable(session, ACTIONS, signal);
  await readLogLines(
    store,
    commits,
    async (lines) => {
      for (const bad of await loadLines(
        session,
        store,
        lines,
        ACTIONS,
        (of) => commitPath(version(of)),
        findings,
        signal,
      ))
        broken.add(bad);
    },
    (file, error) => {
      broken.add(file.version);
      findings.add("log-file-unreadable", `the log entry cannot be read: ${firstLine(error)}`, {
        file: file.path,
        version: file.version,
      });
    },
    signal,
  );
  for (const { version: empty, path } of await emptyCommits(session, commits, broken, signal)) {
    broken.add(empty);
    findings.add("log-file-unreadable", "the log entry holds no action", { file: path, version: empty });
  }
  return { whole: new Set(commits.map((file) => file.version).filter((of) => !broken.has(of))) };
}

/**
 * Loads lines into a table of actions; gives the versions with lines that are none.
 *
 * @param fileOf the file of a version
 */
export async function loadLines(
  session: Session,
  store: ObjectStore,
  lines: string,
  table: string,
  fileOf: (version: bigint) => string,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<bigint>> {
  const isObject = "CASE WHEN json_valid(text) THEN json_type(text) = 'OBJECT' ELSE false END";
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${LINES} AS SELECT *, ${isObject} AS is_object FROM (${lines})`,
    { signal },
  );
  try {
    await findings.addRows(
      session,
      "log-line-broken",
      `SELECT version, line, is_last, left(text, 40) AS head FROM ${LINES} WHERE NOT is_object ORDER BY version, line`,
      (row) => {
        const of = BigInt(String(row["version"]));
        const what = row["is_last"] === true ? "is cut short, or is no JSON object" : "is no JSON object";
        return {
          message: `the line ${what}: ${JSON.stringify(row["head"])}`,
          place: { file: fileOf(of), version: of, line: Number(row["line"]) },
        };
      },
      signal,
    );
    const bad = await session.rows(`SELECT DISTINCT version FROM ${LINES} WHERE NOT is_object`, { signal });
    const whole = `SELECT version, line, text FROM ${LINES} WHERE is_object`;
    await session.execute(`INSERT INTO ${table} ${actionsOfLines(whole, store.uri)}`, { signal });
    return new Set(bad.map((row) => BigInt(String(row["version"]))));
  } finally {
    await session.execute(`DROP TABLE IF EXISTS ${LINES}`);
  }
}

/** Commits without any action; even one that changes nothing has its provenance. */
async function emptyCommits(
  session: Session,
  commits: readonly LogText[],
  broken: ReadonlySet<bigint>,
  signal: AbortSignal | undefined,
): Promise<LogText[]> {
  const rows = await session.rows(`SELECT DISTINCT version FROM ${ACTIONS}`, { signal });
  const found = new Set(rows.map((row) => BigInt(String(row["version"]))));
  return commits.filter(({ version: of }) => !found.has(of) && !broken.has(of));
}
