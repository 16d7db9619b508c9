import { type Clock, isLakeError, LakeError, type Logger, throwIfCancelled } from "../../core/index.js";
import type { Engine, Session } from "../../engine/index.js";
import { discoverSources, type OpenedSource, openSource, type WrittenFile } from "../../formats/index.js";
import type { AddFile, DeltaTable, Replaced, Snapshot, StagedCommit } from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import { afterCommit } from "./after-commit.js";
import {
  addsOf,
  adoptFiles,
  checkRequired,
  removeFiles,
  totalRows,
  totalSize,
  type WriteTarget,
} from "./data-files.js";
import { type IngestedSource, ingestedSource, landSource } from "./land-source.js";
import { type LandingPlan, numberedBefore, planLanding, withNumberedRows } from "./landing-plan.js";
import { type ProgressListener, ProgressMeter } from "./progress.js";

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
  /** `strict` (default) refuses columns that the table does not have; `merge` adds them. */
  readonly schema?: "strict" | "merge" | undefined;
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
}

/** Where an ingest lands: a table that exists or is about to. */
export interface IngestTarget {
  readonly label: string;
  readonly table: DeltaTable;
}

export interface IngestContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An ingest plans again when another writer changes the table meanwhile, this often at most. */
const MAX_LOST_RACES = 5;

/**
 * Lands files as rows of a table. Every source is opened and the schema decided before a byte is
 * written; `findTarget` is asked once the sources are understood; one commit makes all rows visible.
 * When anything fails, nothing is committed and the files written so far are removed.
 */
export async function ingest(
  context: IngestContext,
  findTarget: () => Promise<IngestTarget>,
  sources: readonly string[],
  options: IngestOptions,
): Promise<IngestReport> {
  const { signal } = options;
  const meter = new ProgressMeter(options.onProgress);
  meter.report({ phase: "detect" });
  const files = await discoverSources(sources, { signal, stdin: options.stdin });
  const toDispose: OpenedSource[] = [];
  try {
    return await context.engine.withSession(async (session) => {
      for (const file of files) toDispose.push(...(await openSource(session, file, { signal })));
      let opened: readonly OpenedSource[] = [...toDispose];
      const target = await findTarget();
      for (let lost = 0; lost < MAX_LOST_RACES; ) {
        const attempt = await landOnce(context, session, target, opened, options, meter);
        if (attempt.status === "landed") return attempt.report;
        if (attempt.status === "reopened") {
          toDispose.push(...attempt.sources.filter((source) => !toDispose.includes(source)));
          opened = attempt.sources;
        } else {
          lost++;
          context.logger.warn(`${target.label} was changed by another writer meanwhile; landing again`);
        }
      }
      throw new LakeError(
        "conflict",
        "ingest-conflict",
        `${target.label} was changed by other writers ${MAX_LOST_RACES} times while rows landed`,
        { hint: "Nothing was committed. Run it again." },
      );
    });
  } finally {
    for (const source of toDispose) await source.dispose();
    for (const file of files) await file.dispose?.();
  }
}

function rowsOf(landed: readonly IngestedSource[]): bigint[] {
  return landed.map((source) => source.rows);
}

type Attempt =
  | { readonly status: "landed"; readonly report: IngestReport }
  /** Another writer changed what the plan stood on. */
  | { readonly status: "lost-race" }
  /** A value late in a source did not fit the types that a sample told: its types are now of all values. */
  | { readonly status: "reopened"; readonly sources: readonly OpenedSource[] };

/** One try. Whatever it wrote is committed or removed when it returns. */
async function landOnce(
  context: IngestContext,
  session: Session,
  target: IngestTarget,
  sources: readonly OpenedSource[],
  options: IngestOptions,
  meter: ProgressMeter,
): Promise<Attempt> {
  const { signal } = options;
  const { table } = target;
  const read = await table.snapshotIfExists(signal);
  if (read !== undefined) table.checkWritable(read);
  const planned = await planLanding(session, target.label, read, sources, options, context.clock.now());
  const writeTarget: WriteTarget = { table, schema: planned.schema, metadata: planned.metadata };
  const written: WrittenFile[] = [];
  const landed: IngestedSource[] = [];
  const totalBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
  let doneBytes = 0;
  let committing = false;
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
        return { status: "reopened", sources: sources.with(index, outcome.source) };
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
    throwIfCancelled(signal);
    committing = true;
    const outcome = await table.commit(read, stagedCommit(plan, adds, written, options, read), signal);
    if (outcome.status === "conflict") {
      await removeFiles(written);
      return { status: "lost-race" };
    }
    await afterCommit(context, table, outcome, plan.metadata);
    const report = {
      table: target.label,
      version: outcome.version,
      created: read === undefined,
      rows: landed.reduce((sum, source) => sum + source.rows, 0n),
      bytesRead: totalBytes,
      bytesWritten: Number(totalSize(written)),
      filesAdded: adds.length,
      filesRemoved: outcome.filesRemoved,
      sources: landed,
      columns: plan.columns,
    };
    return { status: "landed", report };
  } catch (error) {
    // A commit that failed for want of an answer may yet be in the log: then the files must stay.
    const isLeftOut = isLakeError(error, "cancelled") || isLakeError(error, "conflict");
    if (!committing || isLeftOut) await removeFiles(written);
    throw error;
  }
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
