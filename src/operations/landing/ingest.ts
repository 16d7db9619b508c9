import { type Clock, LakeError, type Logger } from "../../../core/index.js";
import type { Engine, Session } from "../../../engine/index.js";
import { discoverSources, type OpenedSource, openSource, type WrittenFile } from "../../../formats/index.js";
import type { AddFile, Replaced, Snapshot, StagedCommit } from "../../../table-format/index.js";
import { ENGINE_INFO } from "../../product.js";
import type { ResolvedTable } from "../../table-resolver.js";
import { AutoCommit } from "../auto-commit.js";
import {
  addsOf,
  adoptFiles,
  checkRequired,
  removeFiles,
  totalRows,
  totalSize,
  type WriteTarget,
} from "../data-files.js";
import { type ProgressListener, ProgressMeter } from "../progress.js";
import type {
  ApplicationTransaction,
  OperationRunner,
  PreparedChange,
  TableOperation,
} from "../table-operation.js";
import { type IngestedSource, ingestedSource, landSource } from "./land-source.js";
import { type LandingPlan, numberedBefore, planLanding, withNumberedRows } from "./landing-plan.js";

export type { IngestedSource } from "./land-source.js";

export type IngestMode = "append" | "overwrite" | "overwrite-partitions";

export interface IngestOptions {
  /** `[namespace.]table`, or a path. Created when it does not exist. */
  readonly into: string;
  /**
   * `append` (default), `overwrite` (the whole table), or `overwrite-partitions` (the partitions that
   * the new rows belong to; the others stay).
   */
  readonly mode?: IngestMode | undefined;
  /** Columns to partition a new table by; an existing table must agree. */
  readonly partitionBy?: readonly string[] | undefined;
  /**
   * `strict` (default) refuses columns that the table does not have; `merge` adds them, and makes types wider where
   * the table has type widening; `overwrite` makes the sources' columns the table's and goes with the mode
   * `overwrite` only.
   */
  readonly schema?: "strict" | "merge" | "overwrite" | undefined;
  /** A job that runs twice lands once: what this application has committed, by its version, is skipped. */
  readonly application?: ApplicationTransaction | undefined;
  /** What `-` reads; the process's standard input by default. */
  readonly stdin?: AsyncIterable<Uint8Array> | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

export interface IngestReport {
  readonly table: string;
  readonly version: bigint;
  /** Whether this ingest created the table. */
  readonly created: boolean;
  readonly rows: bigint;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  readonly sources: readonly IngestedSource[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** That the application had landed it before, and nothing was written. */
  readonly skipped?: { readonly committedVersion: bigint } | undefined;
}

export interface IngestContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Default: a commit of its own. */
  readonly runner?: OperationRunner | undefined;
}

/**
 * Lands files as rows of a table. Every source is opened and the schema decided before a byte is
 * written; `findTarget` is asked once the sources are understood; one commit makes all rows visible.
 * When anything fails, nothing is committed and the files written so far are removed.
 */
export async function ingest(
  context: IngestContext,
  findTarget: () => Promise<ResolvedTable>,
  sources: readonly string[],
  options: IngestOptions,
): Promise<IngestReport> {
  const { application, signal } = options;
  const meter = new ProgressMeter(options.onProgress);
  meter.report({ phase: "detect" });
  const files = await discoverSources(sources, { signal, stdin: options.stdin });
  const opened = new OpenSources();
  try {
    return await context.engine.withSession(async (session) => {
      for (const file of files) opened.add(await openSource(session, file, { signal }));
      const target = await findTarget();
      const runner = context.runner ?? new AutoCommit(context);
      const operation = landOperation(context, session, target, opened, options, meter);
      const outcome = await runner.run(target, operation, { application, signal });
      return outcome.status === "done" ? outcome.result : skippedIngest(target.label, outcome);
    });
  } finally {
    await opened.dispose();
    for (const file of files) await file.dispose?.();
  }
}

/** The sources of an ingest. One that was read with types too narrow for a late value is opened anew. */
class OpenSources {
  current: readonly OpenedSource[] = [];
  readonly #all = new Set<OpenedSource>();

  add(sources: readonly OpenedSource[]): void {
    this.current = [...this.current, ...sources];
    for (const source of sources) this.#all.add(source);
  }

  replace(index: number, source: OpenedSource): void {
    this.current = this.current.with(index, source);
    this.#all.add(source);
  }

  async dispose(): Promise<void> {
    for (const source of this.#all) await source.dispose();
  }
}

function rowsOf(landed: readonly IngestedSource[]): bigint[] {
  return landed.map((source) => source.rows);
}

function landOperation(
  context: IngestContext,
  session: Session,
  target: ResolvedTable,
  sources: OpenSources,
  options: IngestOptions,
  meter: ProgressMeter,
): TableOperation<IngestReport> {
  return {
    name: "INGEST",
    prepare: async (read) => {
      for (;;) {
        const attempt = await landOnce(context, session, target, read, sources.current, options, meter);
        if (attempt.status === "prepared") return attempt.change;
        sources.replace(attempt.index, attempt.source);
      }
    },
  };
}

type Attempt =
  | { readonly status: "prepared"; readonly change: PreparedChange<IngestReport> }
  /** A value late in a source did not fit the types that a sample told: its types are now of all values. */
  | { readonly status: "reopened"; readonly index: number; readonly source: OpenedSource };

/** One try. What it wrote is removed unless the change is prepared. */
async function landOnce(
  context: IngestContext,
  session: Session,
  { table, label }: ResolvedTable,
  read: Snapshot | undefined,
  sources: readonly OpenedSource[],
  options: IngestOptions,
  meter: ProgressMeter,
): Promise<Attempt> {
  const { signal } = options;
  const planned = await planLanding(session, label, read, sources, options, context.clock.now());
  const writeTarget: WriteTarget = { table, schema: planned.schema, metadata: planned.metadata };
  const written: WrittenFile[] = [];
  const landed: IngestedSource[] = [];
  const totalBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
  let doneBytes = 0;
  try {
    for (const [index, source] of sources.entries()) {
      const share = { doneBytes, sourceBytes: source.sizeBytes, totalBytes };
      await context.engine.useThreads(source.threads);
      const landing = planned.landings[index];
      if (landing === undefined) throw new LakeError("internal", "no-landing", `no plan for ${source.uri}`);
      const rowsBefore = numberedBefore(planned, rowsOf(landed), index);
      const outcome = await meter.during(session, share, () =>
        landSource(session, writeTarget, source, landing, { rowsBefore, signal }),
      );
      if (outcome.status === "reopened") {
        await removeFiles(written);
        return { status: "reopened", index, source: outcome.source };
      }
      written.push(...outcome.files);
      doneBytes += source.sizeBytes;
      landed.push(ingestedSource(source, outcome.files, landing.notes));
    }
    meter.report({ phase: "commit", fraction: 1 });
    const adopted = await adoptFiles(session, writeTarget, written, signal);
    checkRequired(writeTarget, adopted);
    const adds = addsOf(writeTarget, adopted, context.clock);
    const plan = withNumberedRows(planned, rowsOf(landed));
    const change: PreparedChange<IngestReport> = {
      status: "staged",
      staged: stagedCommit(plan, adds, written, options, read),
      files: { discard: () => removeFiles(written) },
      result: ({ version, filesRemoved }) => ({
        table: label,
        version,
        created: read === undefined,
        rows: landed.reduce((sum, source) => sum + source.rows, 0n),
        bytesRead: totalBytes,
        bytesWritten: Number(totalSize(written)),
        filesAdded: adds.length,
        filesRemoved,
        sources: landed,
        columns: plan.columns,
      }),
    };
    return { status: "prepared", change };
  } catch (error) {
    await removeFiles(written);
    throw error;
  }
}

function skippedIngest(
  table: string,
  { version, committedVersion }: { readonly version: bigint; readonly committedVersion: bigint },
): IngestReport {
  return {
    table,
    version,
    created: false,
    rows: 0n,
    bytesRead: 0,
    bytesWritten: 0,
    filesAdded: 0,
    filesRemoved: 0,
    sources: [],
    columns: [],
    skipped: { committedVersion },
  };
}

function stagedCommit(
  plan: LandingPlan,
  adds: readonly AddFile[],
  written: readonly WrittenFile[],
  options: IngestOptions,
  read: Snapshot | undefined,
): StagedCommit {
  const mode = options.mode ?? "append";
  const partitionBy = JSON.stringify(plan.metadata.partitionColumns);
  return {
    operation: read === undefined ? "CREATE TABLE AS SELECT" : "WRITE",
    operationParameters:
      read === undefined
        ? { isManaged: "true", partitionBy }
        : {
            mode: mode === "append" ? "Append" : "Overwrite",
            partitionBy,
            ...(mode === "overwrite-partitions" ? { partitionOverwriteMode: "dynamic" } : {}),
          },
    operationMetrics: {
      numFiles: String(adds.length),
      numOutputRows: String(totalRows(written)),
      numOutputBytes: String(totalSize(written)),
    },
    protocol: plan.protocol,
    metadata: plan.metadataChanged ? plan.metadata : undefined,
    domains: plan.domains,
    adds,
    replaces: replaced(mode, adds),
    engineInfo: ENGINE_INFO,
  };
}

function replaced(mode: IngestMode, adds: readonly AddFile[]): Replaced {
  switch (mode) {
    case "append":
      return { kind: "none" };
    case "overwrite":
      return { kind: "all" };
    case "overwrite-partitions":
      return { kind: "partitions", partitions: adds.map((add) => add.partitionValues) };
  }
}
