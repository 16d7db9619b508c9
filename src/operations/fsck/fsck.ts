import type { Clock } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import {
  type CheckedLog,
  checkChangeFiles,
  checkData,
  checkLog,
  checkState,
  type DeltaTable,
  FindingLog,
  findOrphans,
  liveTotals,
  version,
} from "../../../table-format/index.js";
import { rawCopies } from "./raw-copies.js";
import { type FsckReport, summary } from "./report.js";
import { checkRows } from "./row-checks.js";

export interface FsckProgress {
  readonly phase: "log" | "data" | "rows" | "leftovers";
  /** 0 to 1, where it can be told. */
  readonly fraction?: number;
}

export interface FsckOptions {
  /** The version whose state and files are checked; default the newest. */
  readonly version?: bigint | number | undefined;
  /** Reads every value of every row, and compares every kept checkpoint; default false. */
  readonly deep?: boolean | undefined;
  /** Findings of one kind that are listed; all are counted. Default 20. */
  readonly limit?: number | undefined;
  /** Counts young files that no version refers to as well, which may belong to a writer at work. */
  readonly allOrphans?: boolean | undefined;
  readonly onProgress?: ((progress: FsckProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DEFAULT_LIMIT = 20;

/** A table, and what to call it. */
export interface FsckTarget {
  readonly label: string;
  readonly table: DeltaTable;
}

/**
 * Checks a table from its log to its data. It changes nothing, and no damage stops it: each check stands by
 * itself.
 *
 * @throws LakeError `not-found` when there is no table, or no such version; `cancelled`; `unavailable` when the
 *   store fails.
 */
export async function fsck(target: FsckTarget, clock: Clock, options: FsckOptions = {}): Promise<FsckReport> {
  const { table, label } = target;
  const { store, engine } = table.folder;
  const findings = new FindingLog(options.limit ?? DEFAULT_LIMIT);
  return engine.withSession(async (session) => {
    options.onProgress?.({ phase: "log" });
    const log = await checkLog(session, store, findings, {
      version: options.version === undefined ? undefined : version(options.version),
      deep: options.deep === true,
      signal: options.signal,
    });
    if (log.version !== undefined) await checkTable(session, table, log, findings, options);
    options.onProgress?.({ phase: "leftovers" });
    await findLeftovers(session, table, log, clock, findings, options);
    const totals = await liveTotals(session, options.signal);
    return {
      table: label,
      location: store.uri,
      version: log.version,
      newestVersion: log.newest,
      readableVersions: log.readable,
      deep: options.deep === true,
      ...totals,
      ...summary(findings),
    };
  });
}

async function checkTable(
  session: Session,
  table: DeltaTable,
  log: CheckedLog,
  findings: FindingLog,
  { deep = false, onProgress, signal }: FsckOptions,
): Promise<void> {
  const checked = (await findings.attempt("protocol and metadata", () =>
    checkState(session, log.state, findings, signal),
  )) ?? { schema: undefined, conditions: [] };
  const progress = (done: number, total: number): void =>
    onProgress?.({ phase: "data", fraction: total === 0 ? 1 : done / total });
  await findings.attempt("the data files", () =>
    checkData(session, table.folder, log.state, checked, findings, {
      deep,
      onProgress: progress,
      rawCopy: rawCopies(session, table.folder, signal),
      signal,
    }),
  );
  if (!deep || log.version === undefined || checked.schema === undefined) return;
  const at = log.version;
  const rules = { schema: checked.schema.schema, conditions: checked.conditions };
  onProgress?.({ phase: "rows" });
  await findings.attempt("the rows, as a query reads them,", () =>
    checkRows(session, table, at, rules, findings, signal),
  );
}

/** What no version needs can be told only where all of the log is known. */
async function findLeftovers(
  session: Session,
  table: DeltaTable,
  log: CheckedLog,
  clock: Clock,
  findings: FindingLog,
  { allOrphans, signal }: FsckOptions,
): Promise<void> {
  await findings.attempt("the change data files", () =>
    checkChangeFiles(session, table.where, findings, signal),
  );
  if (log.version === undefined) return;
  const configuration = log.state.metadata?.value.configuration ?? {};
  const orphans = { configuration, now: clock.now(), ofAnyAge: allOrphans === true };
  await findings.attempt("files that nothing refers to", () =>
    findOrphans(session, orphans, findings, signal),
  );
}
