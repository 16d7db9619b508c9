import { LakeError, throwIfCancelled } from "../../core/index.js";
import type { Session } from "../../engine/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import { commitPath, LOG_FOLDER } from "../log/log-path.js";
import { oldestReplayable, versionOutOfRange } from "../log/segment.js";
import { type Version, version } from "../log/version.js";
import { checkCopyActions, setBase } from "./checkpoint-rules.js";
import { checkCommitTimes } from "./commit-time-rules.js";
import { checkFileActions, checkFileHistory } from "./file-rules.js";
import { type FindingLog, firstLine } from "./finding-log.js";
import { checkLastCheckpoint } from "./hint-rules.js";
import { loadCheckpoint, loadJsonFile, unreadableCode } from "./load-checkpoint.js";
import { ACTIONS, loadCommits } from "./load-commits.js";
import { checkCopies } from "./log-copies.js";
import { coverageOf, type LogCoverage, missingText, rangeText, type VersionRange } from "./log-coverage.js";
import { checkLogNames } from "./log-names.js";
import { isBrokenFile, makeActionTable } from "./log-text.js";
import { BASE, LIVE, liveFilesSql, type ReplayRange, TOTALS, totalsSql } from "./replay-sql.js";
import { type LogListing, listTable } from "./table-listing.js";
import { type FoundState, NO_STATE, readState, type StateEntry, stateAfter } from "./table-state.js";

export interface LogCheckOptions {
  /** Default: the newest. */
  readonly version?: Version | undefined;
  /** Whether every kept checkpoint and checksum is compared, and not the newest ones only. */
  readonly deep: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** What checking the log came to; the live files of `version` are in {@link LIVE} of the session. */
export interface CheckedLog {
  /** The newest version that the log speaks of. */
  readonly newest: Version;
  /** The version whose state and files are checked: the one asked for, or the newest readable before it. */
  readonly version: Version | undefined;
  readonly readable: readonly VersionRange[];
  readonly state: FoundState;
}

/**
 * Checks the log of a table: its files, its actions, and that checkpoints, compactions and checksums say what
 * the commits say. It reads the log by itself, line by line, so that damage at one place hides none at another.
 *
 * @throws LakeError `not-found` when there is no table, or no such version.
 */
export async function checkLog(
  session: Session,
  store: ObjectStore,
  findings: FindingLog,
  options: LogCheckOptions,
): Promise<CheckedLog> {
  const { signal } = options;
  const listing = await listTable(session, store, signal);
  const { logFiles } = listing;
  checkLogNames(listing, findings);
  const { whole } = await loadCommits(session, store, logFiles, findings, signal);
  const faulty = await checkFileActions(session, findings, signal);
  const replayable = new Set([...whole].filter((of) => !faulty.has(of)));
  await findings.attempt("the file _last_checkpoint", () =>
    checkLastCheckpoint(store, logFiles, findings, signal),
  );
  await makeActionTable(session, BASE, signal);
  const started = await start(session, store, listing, replayable, findings, options);
  const { coverage, checked, newest, unusable } = started;
  reportGaps(coverage, newest, findings);
  reportLostEnd(listing, newest, findings);
  checkWanted(store, coverage, newest, checked?.range.to, options.version, findings);
  if (checked === undefined) {
    await session.execute(
      `CREATE OR REPLACE TEMP TABLE ${LIVE} AS ${liveFilesSql({ after: -1n, to: -1n })}`,
      { signal },
    );
    return { newest, version: undefined, readable: coverage.readable, state: NO_STATE };
  }
  const { range } = checked;
  const entries = await stateEntries(session, range, checked.base, findings, signal);
  const stateAt = (of: bigint): FoundState => stateAfter(NO_STATE, entries, of);
  const state = stateAt(range.to);
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${LIVE} AS ${liveFilesSql(range)}`, { signal });
  await session.execute(`CREATE OR REPLACE TEMP TABLE ${TOTALS} AS ${totalsSql(range)}`, { signal });
  throwIfCancelled(signal);
  await findings.attempt("the history of the files", () =>
    checkFileHistory(session, range, findings, signal),
  );
  await findings.attempt("the in-commit timestamps", () =>
    checkCommitTimes(session, state, range, findings, signal),
  );
  await checkCopies(
    { session, store, listing, range, stateAt, base: checked.base, unusable },
    findings,
    options,
  );
  return { newest, version: version(range.to), readable: coverage.readable, state };
}

interface Start {
  readonly coverage: LogCoverage;
  /** Paths of checkpoints and compactions that cannot be read, which are findings already. */
  readonly unusable: ReadonlySet<string>;
  readonly newest: Version;
  readonly checked:
    | {
        readonly range: ReplayRange /** Path of the checkpoint that replay begins with. */;
        readonly base: string | undefined;
      }
    | undefined;
}

/** Finds a way to the version that is wanted and loads what it begins with; unreadable files are passed over. */
async function start(
  session: Session,
  store: ObjectStore,
  listing: LogListing,
  replayable: ReadonlySet<Version>,
  findings: FindingLog,
  { version: wanted, signal }: LogCheckOptions,
): Promise<Start> {
  const unusable = new Set<string>();
  for (;;) {
    const coverage = coverageOf(listing.logFiles, replayable, unusable);
    const newest = newestOf(store, listing, wanted);
    const to = coverage.readable
      .map(({ first, last }) =>
        wanted !== undefined && wanted < last ? (wanted >= first ? wanted : undefined) : last,
      )
      .findLast((end) => end !== undefined);
    const chain = to === undefined ? undefined : coverage.chain(to);
    if (to === undefined || chain === undefined) return { coverage, newest, unusable, checked: undefined };
    const failed = await loadChain(session, store, chain, findings, signal);
    if (failed !== undefined) {
      unusable.add(failed);
      continue;
    }
    const base = chain.base?.files[0].path;
    return {
      coverage,
      newest,
      unusable,
      checked: { range: { after: chain.base?.version ?? -1n, to }, base },
    };
  }
}

/** @throws LakeError `not-found`. */
function newestOf(store: ObjectStore, { logFiles }: LogListing, wanted: Version | undefined): Version {
  const versions = logFiles.filter((file) => file.kind !== "checksum").map((file) => file.version);
  const newest = versions.reduce<Version | undefined>(
    (a, b) => (a === undefined || b > a ? b : a),
    undefined,
  );
  if (newest === undefined) {
    throw new LakeError(
      "not-found",
      "table-not-found",
      `${store.uri} is not a Delta table: its log is empty`,
      {
        hint: `Check the path: a table is a folder that holds a ${LOG_FOLDER} folder.`,
      },
    );
  }
  if (wanted !== undefined && wanted > newest)
    throw versionOutOfRange(store.uri, wanted, oldestReplayable(logFiles), newest);
  return newest;
}

/** Loads the base and the compactions of a chain into {@link BASE}; gives the path of a file that cannot be read. */
async function loadChain(
  session: Session,
  store: ObjectStore,
  chain: NonNullable<ReturnType<LogCoverage["chain"]>>,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const part = "fsck_chain";
  await session.execute(`DELETE FROM ${BASE}`, { signal });
  const files = [...(chain.base === undefined ? [] : [chain.base]), ...chain.compactions];
  for (const file of files) {
    const [path, isBase] = "files" in file ? [file.files[0].path, true] : [file.path, false];
    try {
      if ("files" in file) await loadCheckpoint(session, store, file, part, findings, signal);
      else {
        await makeActionTable(session, part, signal);
        await loadJsonFile(session, store, file, part, findings, signal);
      }
      const place = { file: path, version: file.version };
      await checkCopyActions(session, part, place, findings, signal);
      await setBase(session, part, signal);
    } catch (error) {
      if (!isBrokenFile(error)) throw error;
      const code = isBase ? unreadableCode(error) : "compaction-unreadable";
      findings.add(code, `it cannot be read: ${firstLine(error)}`, { file: path, version: file.version });
      return path;
    }
  }
  return undefined;
}

/** @throws LakeError `not-found` for a version that the log has cleaned up. */
function checkWanted(
  store: ObjectStore,
  { readable }: LogCoverage,
  newest: Version,
  checked: bigint | undefined,
  wanted: Version | undefined,
  findings: FindingLog,
): void {
  if (wanted === undefined || checked === wanted) return;
  const [oldest] = readable;
  if (oldest !== undefined && wanted < oldest.first)
    throw versionOutOfRange(store.uri, wanted, version(oldest.first), newest);
  const instead = checked === undefined ? "none is checked" : `version ${checked} is checked instead`;
  findings.add("version-unreadable", `version ${wanted} cannot be read; ${instead}`, { version: wanted });
}

/** A checksum is written after its commit (PROTOCOL.md, "Version Checksum File"), so it outlives no commit. */
function reportLostEnd({ logFiles }: LogListing, newest: Version, findings: FindingLog): void {
  for (const { kind, version: of, path } of logFiles) {
    if (kind !== "checksum" || of <= newest) continue;
    const message = `version ${of} is missing; it has a checksum file, ${path}`;
    findings.add("log-gap", message, { file: commitPath(of), version: of });
  }
}

function reportGaps(coverage: LogCoverage, newest: Version, findings: FindingLog): void {
  const left =
    coverage.readable.length === 0
      ? "no version can be read"
      : `versions ${coverage.readable.map(rangeText).join(", ")} can be read`;
  for (const range of coverage.missing) {
    findings.add("log-gap", `${missingText(range)}; ${left}`, {
      file: commitPath(version(range.first)),
      version: range.first,
    });
  }
  for (const range of coverage.lost) {
    findings.add("history-gap", `${missingText(range)}; ${left}`, {
      file: commitPath(version(range.first)),
      version: range.first,
    });
  }
  const last = coverage.readable.at(-1)?.last;
  if (last !== newest && coverage.missing.length === 0) {
    findings.add(
      "version-unreadable",
      `version ${newest} cannot be read, as log files are damaged; ${left}`,
      {
        version: newest,
      },
    );
  }
}

/** The actions about the table as a whole, from the base on; `to` is later than any of them that counts. */
async function stateEntries(
  session: Session,
  range: ReplayRange,
  base: string | undefined,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<StateEntry[]> {
  const fromBase = await readState(session, BASE, (of) => ({ file: base, version: of }), findings, signal);
  const fromCommits = await readState(
    session,
    ACTIONS,
    (of, line) => ({ file: commitPath(version(of)), version: of, line }),
    findings,
    signal,
  );
  const counted = fromCommits.filter((entry) => entry.version > range.after);
  return [...fromBase, ...counted].sort((a, b) =>
    a.version < b.version ? -1 : a.version > b.version ? 1 : 0,
  );
}
