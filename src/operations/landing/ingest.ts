import { isLakeError, LakeError } from "../../../core/index.js";
import type { Session } from "../../../engine/index.js";
import { discoverSources, isLocalSource, type RemoteSource } from "../../../formats/index.js";
import type { LocalTier, StoreOpener } from "../../../object-store/index.js";
import type { Snapshot } from "../../../table-format/index.js";
import type { ResolvedTable } from "../../table-resolver.js";
import { AutoCommit, skippedBefore } from "../auto-commit.js";
import { ProgressMeter } from "../progress.js";
import type { OperationOutcome, OperationRunner } from "../table-operation.js";
import { BatchOpener } from "./batch-sources.js";
import { holdingIn } from "./hold-sources.js";
import { checkIngestOptions, type IngestOptions } from "./ingest-options.js";
import {
  type BatchReport,
  type IngestReport,
  type PassedOver,
  skippedReport,
  totalReport,
} from "./ingest-report.js";
import { LandBatch, type LandContext } from "./land-batch.js";
import {
  chooseLanding,
  FileHashes,
  type FileToLand,
  filesToLand,
  type HoldSources,
  type LandingChoice,
} from "./landing-files.js";
import { landingLedger } from "./landing-ledger.js";
import type { LandingOptions } from "./landing-plan.js";
import type { ChangePolicy } from "./ledger/choose-files.js";
import { landingBatches, USUAL_BATCH } from "./ledger/landing-batches.js";
import { isLedgerFileMissing } from "./ledger/ledger-damage.js";

export type { IngestMode, IngestOptions, LandAs, OnChange } from "./ingest-options.js";
export type { IngestedSource, IngestReport, RescuedCounts, SourceFileCounts } from "./ingest-report.js";

export interface IngestContext extends LandContext {
  /** Opens the stores of sources that are far away. */
  readonly openStore: StoreOpener;
  /** Where they are fetched to. */
  readonly tier: LocalTier;
  /** Default: each batch in a commit of its own. */
  readonly runner?: OperationRunner | undefined;
}

/** The table that an ingest is for. */
export interface IngestTarget {
  /** The table, where there is one. */
  find(): Promise<ResolvedTable | undefined>;
  /** The table, entered in the catalog where it is not; asked for once there is something to land. */
  enter(): Promise<ResolvedTable>;
}

/**
 * Lands files as rows of a table, each file once: those that the table's ledger knows are passed over. Very many files
 * are landed in several commits; of each commit all rows become visible, or none. Every source of a commit is opened
 * and the schema decided before a byte is written. When anything fails, the commits before stay, and the files that
 * were written since are removed.
 *
 * @throws LakeError `invalid-input` for options that contradict one another, for a source that does not fit, and for
 *   files that changed since they landed; `unavailable` `source-changed` for one that changes while it is read.
 */
export async function ingest(
  context: IngestContext,
  target: IngestTarget,
  sources: readonly (string | RemoteSource)[],
  options: IngestOptions,
): Promise<IngestReport> {
  checkIngestOptions(options);
  const { signal, onProgress } = options;
  const meter = new ProgressMeter(onProgress);
  meter.report({ phase: "detect" });
  const { openStore } = context;
  const files = await discoverSources(sources, {
    signal,
    openStore,
    stdin: options.stdin,
    stdinPart: options.stdinPart,
  });
  try {
    return await context.engine.withSession((session) =>
      new Ingest(context, session, target, options, meter).run(filesToLand(files)),
    );
  } finally {
    for (const file of files.filter(isLocalSource)) await file.dispose?.();
  }
}

class Ingest {
  readonly #context: IngestContext;
  readonly #session: Session;
  readonly #target: IngestTarget;
  readonly #options: IngestOptions;
  readonly #meter: ProgressMeter;
  readonly #hold: HoldSources;
  readonly #hashes: FileHashes;
  readonly #policy: ChangePolicy;

  constructor(
    context: IngestContext,
    session: Session,
    target: IngestTarget,
    options: IngestOptions,
    meter: ProgressMeter,
  ) {
    this.#context = context;
    this.#session = session;
    this.#target = target;
    this.#options = options;
    this.#meter = meter;
    const { signal } = options;
    this.#hold = holdingIn(context.tier, meter, signal);
    this.#hashes = new FileHashes(this.#hold, signal);
    this.#policy = policyOf(options);
  }

  async run(files: readonly FileToLand[]): Promise<IngestReport> {
    const { application, signal } = this.#options;
    const there = await this.#target.find();
    const read = there && (await newest(there, signal));
    if (there === undefined || read === undefined) return this.#land(there, files, NONE_PASSED);
    const skipped = skippedBefore(read, application);
    if (skipped !== undefined) return skippedReport(there.label, skipped);
    const { land, touched, passed } = await this.#choose(there, read, files);
    if (land.length + touched.length === 0 && application === undefined) {
      return totalReport(there.label, read.version, passed, []);
    }
    // Those that were touched are told by the commit that records them.
    const { unchanged } = passed;
    return this.#land(there, [...land, ...touched], { unchanged, touched: [] });
  }

  /** Chooses by a version of the table; once more by the newest one where files of its ledger are gone. */
  async #choose(
    { table }: ResolvedTable,
    read: Snapshot,
    files: readonly FileToLand[],
  ): Promise<LandingChoice> {
    const { signal } = this.#options;
    const by = async (snapshot: Snapshot | undefined): Promise<LandingChoice> => {
      const { clock } = this.#context;
      const ledger = await landingLedger(table.folder, snapshot, this.#policy, { clock, signal });
      return chooseLanding(this.#session, ledger, files, this.#hashes, this.#policy, signal);
    };
    try {
      return await by(read);
    } catch (error) {
      if (!isLedgerFileMissing(error)) throw error;
      return by(await table.snapshotIfExists(signal));
    }
  }

  /** @param there `undefined` for a table that is not in the catalog: it is entered once its files are understood */
  async #land(
    there: ResolvedTable | undefined,
    files: readonly FileToLand[],
    passed: PassedOver,
  ): Promise<IngestReport> {
    const { as = "parquet", avroSchema, signal } = this.#options;
    const apart = as !== "parquet";
    const reports: BatchReport[] = [];
    let target = there;
    for (const batch of batchesOf(files, this.#options)) {
      const opener = new BatchOpener({ hold: this.#hold, apart, avroSchema, signal });
      try {
        const landing = landingOptions(this.#options, reports);
        if (target === undefined) await opener.open(this.#session, batch, landing.rescue ?? false);
        target ??= await this.#target.enter();
        const outcome = await this.#landBatch(target, batch, opener, landing);
        if (outcome.status === "skipped") return skippedReport(target.label, outcome);
        reports.push(outcome.result);
      } catch (error) {
        throw afterCommits(error, reports);
      } finally {
        await opener.dispose();
      }
    }
    const last = reports.at(-1);
    if (last === undefined) throw new LakeError("internal", "no-batch", "an ingest of nothing");
    return totalReport(last.table, last.version, passed, reports);
  }

  async #landBatch(
    target: ResolvedTable,
    files: readonly FileToLand[],
    opener: BatchOpener,
    landing: LandingOptions,
  ): Promise<OperationOutcome<BatchReport>> {
    const { application, signal } = this.#options;
    const operation = new LandBatch(this.#context, this.#session, target, {
      files,
      opener,
      hashes: this.#hashes,
      policy: this.#policy,
      options: this.#options,
      landing,
      meter: this.#meter,
    });
    try {
      const runner = this.#context.runner ?? new AutoCommit(this.#context);
      return await runner.run(target, operation, { application, signal });
    } finally {
      await operation.end();
    }
  }
}

const NONE_PASSED: PassedOver = { unchanged: [], touched: [] };

function newest(target: ResolvedTable, signal: AbortSignal | undefined): Promise<Snapshot | undefined> {
  return target.toChange?.(signal) ?? target.table.snapshotIfExists(signal);
}

/** What replaces rows lands whatever it is given, and so does what is to land again. */
function policyOf({ mode = "append", onChange = "refuse", again = false }: IngestOptions): ChangePolicy {
  return mode === "append" ? { onChange, again } : { onChange: "append", again: true };
}

/** Files that are put in the place of rows, and those of a job's version, land in one commit. */
function batchesOf(
  files: readonly FileToLand[],
  { mode = "append", application, batch }: IngestOptions,
): (readonly FileToLand[])[] {
  if (mode !== "append" || application !== undefined) return [files];
  const limits = { files: batch?.files ?? USUAL_BATCH.files, bytes: batch?.bytes ?? USUAL_BATCH.bytes };
  const sized = files.map((file) => ({ file, size: file.source.size }));
  return landingBatches(sized, limits).map((each) => each.map(({ file }) => file));
}

/** The sources of a new table make its columns, also where they come in several commits. */
function landingOptions(
  { mode, partitionBy, schema = "strict", rescue, sourceColumn = false }: IngestOptions,
  before: readonly BatchReport[],
): LandingOptions {
  const isOurs = before.some(({ created }) => created);
  return {
    mode,
    partitionBy,
    schema: isOurs && schema === "strict" ? "merge" : schema,
    rescue,
    sourceColumn,
  };
}

/** The same error, which says what stays of an ingest that failed after some of its commits. */
function afterCommits(error: unknown, before: readonly BatchReport[]): unknown {
  const commits = before.filter(({ committed }) => committed).length;
  if (commits === 0 || !isLakeError(error)) return error;
  const files = before.reduce((sum, { sourceFiles }) => sum + sourceFiles.landed, 0);
  const kept = `${commits} earlier ${commits === 1 ? "commit" : "commits"} of this ingest, with ${files} files, stay.`;
  return new LakeError(error.kind, error.code, error.message, {
    context: { ...error.context, commits, files },
    hint: `${error.hint === undefined ? "" : `${error.hint} `}${kept} Run it again to land the rest.`,
    cause: error,
  });
}
