import type { Session } from "../../engine/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import { type CheckpointFiles, completeCheckpoints } from "../log/checkpoint-files.js";
import type { CompactionFile } from "../log/log-path.js";
import { checkCopyActions, compareCheckpoint, compareCompaction } from "./checkpoint-rules.js";
import { checkChecksums } from "./checksum-rules.js";
import { type FindingLog, firstLine } from "./finding-log.js";
import { loadCheckpoint, loadJsonFile, unreadableCode } from "./load-checkpoint.js";
import { isBrokenFile, makeActionTable } from "./log-text.js";
import type { ReplayRange } from "./replay-sql.js";
import type { LogListing } from "./table-listing.js";
import { type FoundState, NO_STATE, readState, stateAfter } from "./table-state.js";

/** Files of one kind that are compared unless all are asked for: each costs a replay, or a read. */
const MOST_COMPARED = { checkpoints: 10, compactions: 10, checksums: 100 } as const;

/** The table of the file that is compared. */
const COPY = "fsck_copy";

/** A log that is loaded, and what its commits come to. */
export interface LoadedLog {
  readonly session: Session;
  readonly store: ObjectStore;
  readonly listing: LogListing;
  readonly range: ReplayRange;
  readonly stateAt: (version: bigint) => FoundState;
  /** Path of the checkpoint that replay begins with, which cannot be compared with anything older. */
  readonly base: string | undefined;
  /** Paths of files that cannot be read, which are findings already. */
  readonly unusable: ReadonlySet<string>;
}

/** Checks what the log holds twice: checkpoints, compactions and checksums beside the commits. */
export async function checkCopies(
  log: LoadedLog,
  findings: FindingLog,
  { deep, signal }: { readonly deep: boolean; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const { logFiles } = log.listing;
  const newest = <T>(files: readonly T[], most: number): readonly T[] => (deep ? files : files.slice(-most));
  const checkpoints = completeCheckpoints(logFiles).filter(
    ({ files: [{ path }] }) => path !== log.base && !log.unusable.has(path),
  );
  for (const checkpoint of newest(checkpoints, MOST_COMPARED.checkpoints)) {
    await checkCheckpoint(log, checkpoint, findings, signal);
  }
  const compactions = logFiles
    .filter((file) => file.kind === "compaction")
    .filter(({ path }) => !log.unusable.has(path));
  for (const compaction of newest(compactions, MOST_COMPARED.compactions)) {
    await checkCompaction(log, compaction, findings, signal);
  }
  const checksums = logFiles
    .filter((file) => file.kind === "checksum")
    .filter((file) => isWithin(log.range, file.version));
  await findings.attempt("the checksum files", () =>
    checkChecksums(
      log.session,
      log.store,
      newest(checksums, MOST_COMPARED.checksums),
      log.stateAt,
      findings,
      signal,
    ),
  );
}

function isWithin({ after, to }: ReplayRange, version: bigint): boolean {
  return version >= after && version <= to;
}

async function checkCheckpoint(
  log: LoadedLog,
  checkpoint: CheckpointFiles,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { session, store, range, stateAt } = log;
  const { version } = checkpoint;
  const place = { file: checkpoint.files[0].path, version };
  try {
    await loadCheckpoint(session, store, checkpoint, COPY, findings, signal);
  } catch (error) {
    if (!isBrokenFile(error)) throw error;
    findings.add(unreadableCode(error), `it cannot be read: ${firstLine(error)}`, place);
    return;
  }
  await checkCopyActions(session, COPY, place, findings, signal);
  if (!isWithin(range, version)) return;
  const state = stateAfter(NO_STATE, await readState(session, COPY, () => place, findings, signal), version);
  const comparison = { table: COPY, state, replayed: stateAt(version), place };
  await compareCheckpoint(session, { after: range.after, to: version }, comparison, findings, signal);
}

async function checkCompaction(
  log: LoadedLog,
  compaction: CompactionFile,
  findings: FindingLog,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { session, store, listing, range } = log;
  const place = { file: compaction.path, version: compaction.version };
  await makeActionTable(session, COPY, signal);
  try {
    await loadJsonFile(session, store, compaction, COPY, findings, signal);
  } catch (error) {
    if (!isBrokenFile(error)) throw error;
    findings.add("compaction-unreadable", `it cannot be read: ${firstLine(error)}`, place);
    return;
  }
  await checkCopyActions(session, COPY, place, findings, signal);
  const commits = listing.logFiles.filter(
    ({ kind, version }) => kind === "commit" && version >= compaction.first && version <= compaction.version,
  );
  const isCovered = BigInt(commits.length) === compaction.version - compaction.first + 1n;
  if (!isCovered || compaction.first <= range.after || compaction.version > range.to) return;
  const own = await readState(session, COPY, () => place, findings, signal);
  const within = { after: compaction.first - 1n, to: compaction.version };
  // What the commits of the compaction say by themselves, without what was there before.
  const replayed = log.stateAt(compaction.version);
  const before = log.stateAt(compaction.first - 1n);
  const changed: FoundState = {
    protocol: replayed.protocol?.value === before.protocol?.value ? undefined : replayed.protocol,
    metadata: replayed.metadata?.value === before.metadata?.value ? undefined : replayed.metadata,
    domains: new Map(),
  };
  const state = stateAfter(NO_STATE, own, compaction.version);
  await compareCompaction(
    session,
    within,
    { table: COPY, state, replayed: changed, place },
    findings,
    signal,
  );
}
