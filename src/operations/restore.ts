import { LakeError } from "../../core/index.js";
import {
  type AddFile,
  type AsOf,
  hasFeature,
  isAppendOnly,
  type LiveAdd,
  type MissingFile,
  missingFiles,
  type PlannedRestore,
  planRestore,
  READS_EVERYTHING,
  restoredFiles,
  type Snapshot,
  type StagedCommit,
} from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import type { ResolvedTable } from "../table-resolver.js";
import { protocolNotes, stateOf } from "./table-change.js";
import type { TableOperation } from "./table-operation.js";

/** The version to go back to: its number, or an instant in milliseconds since the epoch. */
export type RestorePoint = Exclude<AsOf, undefined>;

export interface RestoreOptions {
  readonly asOf: RestorePoint;
  /** Leaves out files that are gone, and the rows in them; default they end the operation. */
  readonly ignoreMissingFiles?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RestoreReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  /** The version whose content it has again. */
  readonly restoredVersion: bigint;
  /** False when the table was as it had been then, and there was no commit. */
  readonly changed: boolean;
  /** Files that are live again. */
  readonly filesRestored: number;
  readonly bytesRestored: bigint;
  readonly filesRemoved: number;
  readonly bytesRemoved: bigint;
  /** Live files afterwards, and their bytes. */
  readonly files: number;
  readonly sizeInBytes: bigint;
  /** Files of then that are gone and were left out. */
  readonly filesMissing: number;
  /** Features that joined the table's protocol, and keep out programs that do not know them. */
  readonly featuresAdded: readonly string[];
  /** What else a person wants to know. */
  readonly notes: readonly string[];
}

/**
 * Gives a table the files and the metadata of an earlier version, in one commit that can itself be gone back
 * from. No data file is read or written: files of then that are not live are added again, live ones that were
 * not there then are removed. The change data feed tells the rows by these.
 *
 * @throws LakeError `not-found` for a version that the log does not hold, and naming files of then that are
 *   gone; `invalid-input` where files would be removed from an append-only table.
 */
export function restoreOperation(
  { table, label }: ResolvedTable,
  { asOf, ignoreMissingFiles = false, signal }: RestoreOptions,
): TableOperation<RestoreReport> {
  return {
    name: "RESTORE",
    prepare: async (read) => {
      const now = read ?? (await table.snapshot(undefined, signal));
      const then = await table.snapshot(asOf, signal);
      const plan = planRestore(stateOf(now), stateOf(then));
      const { restored, removed, ...totals } = await restoredFiles(now, then, signal);
      if (removed.length > 0 && isAppendOnly(now.metadata.configuration)) throw appendOnly(label);
      checkRowCounts(label, restored, plan.protocol ?? now.protocol);
      const adds = restored.map(({ add }) => add);
      const missing = await missingFiles(now.folder, adds, signal);
      if (missing.length > 0 && !ignoreMissingFiles) throw filesMissing(label, then, missing);
      const change = { plan, ...withoutMissing(adds, missing), removed: removed.map(({ add }) => add) };
      const after = {
        files: totals.files - missing.length,
        sizeInBytes: totals.sizeInBytes - totalSize(missing.map(({ file }) => file)),
      };
      const result = (version: bigint, changed: boolean): RestoreReport => ({
        table: label,
        version,
        restoredVersion: then.version,
        changed,
        filesRestored: change.adds.length,
        bytesRestored: totalSize(change.adds),
        filesRemoved: change.removed.length,
        bytesRemoved: totalSize(change.removed),
        ...after,
        filesMissing: missing.length,
        featuresAdded: plan.featuresAdded,
        notes: changed ? protocolNotes(plan.protocol, plan.featuresAdded) : [],
      });
      if (!plan.changesTable && change.adds.length + removed.length === 0) {
        return { status: "nothing", result: result(now.version, false) };
      }
      return {
        status: "staged",
        staged: stagedRestore(asOf, change, after),
        files: { discard: async () => {} },
        result: ({ version }) => result(version, true),
      };
    },
  };
}

interface RestoreChange {
  readonly plan: PlannedRestore;
  readonly adds: readonly AddFile[];
  readonly removed: readonly AddFile[];
}

function stagedRestore(
  asOf: RestorePoint,
  { plan, adds, removed }: RestoreChange,
  after: Pick<RestoreReport, "files" | "sizeInBytes">,
): StagedCommit {
  const { metadata, protocol, domains } = plan;
  return {
    operation: "RESTORE",
    operationParameters: {
      version: "version" in asOf ? asOf.version : null,
      timestamp: "timestamp" in asOf ? new Date(asOf.timestamp).toISOString() : null,
    },
    operationMetrics: {
      tableSizeAfterRestore: String(after.sizeInBytes),
      numOfFilesAfterRestore: String(after.files),
      numRemovedFiles: String(removed.length),
      numRestoredFiles: String(adds.length),
      removedFilesSize: String(totalSize(removed)),
      restoredFilesSize: String(totalSize(adds)),
    },
    // As it is, too: so nobody who writes at the same time passes by unseen, not even an append.
    metadata,
    protocol,
    domains,
    adds,
    replaces:
      removed.length === 0
        ? { kind: "none" }
        : { kind: "files", files: removed.map((file) => ({ ...file, partition: {} })) },
    // What another writer adds meanwhile has to go as well.
    reads: READS_EVERYTHING,
    engineInfo: ENGINE_INFO,
  };
}

function totalSize(files: readonly AddFile[]): bigint {
  return files.reduce((sum, { size }) => sum + size, 0n);
}

function withoutMissing(
  adds: readonly AddFile[],
  missing: readonly MissingFile<AddFile>[],
): Pick<RestoreChange, "adds"> {
  const gone = new Set(missing.map(({ file }) => file));
  return { adds: adds.filter((file) => !gone.has(file)) };
}

/** A file from before row tracking gets row ids now (PROTOCOL.md, "Row Tracking", "Writer Requirements"). */
function checkRowCounts(label: string, restored: readonly LiveAdd[], protocol: Snapshot["protocol"]): void {
  if (!hasFeature(protocol, "rowTracking")) return;
  const untold = restored.find(
    ({ add, numRecords }) => add.baseRowId === undefined && numRecords === undefined,
  );
  if (untold === undefined) return;
  throw new LakeError(
    "unsupported",
    "row-count-unknown",
    `${label}: the file ${untold.add.path} does not tell how many rows it has, which row ids need`,
    { context: { file: untold.add.path } },
  );
}

/** Of so many files the names are told. */
const MAX_NAMED = 5;

function filesMissing(label: string, then: Snapshot, missing: readonly MissingFile<AddFile>[]): LakeError {
  const named = [...new Set(missing.map((one) => one.missing))];
  const more = named.length > MAX_NAMED ? ` and ${named.length - MAX_NAMED} more` : "";
  return new LakeError(
    "not-found",
    "restored-file-missing",
    `${label} cannot go back to version ${then.version}: ${named.slice(0, MAX_NAMED).join(", ")}${more} ${named.length === 1 ? "is" : "are"} gone`,
    {
      context: { version: then.version, files: named.slice(0, MAX_NAMED).join(", ") },
      hint: "Files that no version needs any more are deleted by VACUUM. Bring them back, choose a later version, or go back without their rows (ignoreMissingFiles).",
    },
  );
}

function appendOnly(label: string): LakeError {
  return new LakeError(
    "invalid-input",
    "append-only",
    `${label} is append-only: rows that came since cannot be taken away`,
    { hint: "Set delta.appendOnly to false first." },
  );
}
