import { LakeError } from "../../../core/index.js";
import type { Engine, Session } from "../../../engine/index.js";
import type { OpenedSource, WrittenFile } from "../../../formats/index.js";
import type { AddFile, DeltaTable, Snapshot } from "../../../table-format/index.js";
import type { WriteTarget } from "../data-files.js";
import type { ProgressMeter } from "../progress.js";
import { asLandingSource, type BatchSources } from "./batch-sources.js";
import type { LandAs } from "./ingest-options.js";
import type { IngestedSource } from "./ingest-report.js";
import { type KeptForm, keepableSource, keptForm } from "./kept/keepable.js";
import { landKeptSource } from "./land-kept-source.js";
import { type LandedRows, landSource } from "./land-source.js";
import {
  type LandingOptions,
  type LandingPlan,
  numberedBefore,
  planLanding,
  withNumberedRows,
  withRawFiles,
} from "./landing-plan.js";
import { afterMisfit, type SourceState } from "./misfit.js";
import { planSource, type SourceLanding } from "./source-landing.js";

/** The rows of one commit, as data files that are in no table yet. */
export interface WrittenRows {
  readonly plan: LandingPlan;
  readonly target: WriteTarget;
  readonly files: readonly WrittenFile[];
  readonly sources: readonly IngestedSource[];
  /** Source files that are data files as they are. */
  readonly kept: readonly AddFile[];
  /** Bytes that were written to the table's folder. */
  readonly bytesWritten: bigint;
  /** Tables of the session that hold the rows, where they were asked for. */
  readonly keptIn: readonly string[];
  /** Removes all files that were written. */
  discard(): Promise<void>;
}

export interface WriteRowsRequest {
  readonly label: string;
  readonly table: DeltaTable;
  readonly engine: Engine;
  /** The table as it is; `undefined` for a new one. */
  readonly read: Snapshot | undefined;
  readonly options: LandingOptions;
  /** Whether the rows are kept in the session too. */
  readonly keep: boolean;
  readonly as: LandAs;
  readonly inPlace: boolean;
  readonly avroSchema: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly meter: ProgressMeter;
  readonly signal: AbortSignal | undefined;
}

/** What has been written of one source. */
interface Landed extends LandedRows {
  readonly notes: readonly string[];
}

/**
 * Writes the rows of all sources as data files of a table. A source whose types were told by a sample and that holds
 * other values further on is read again; what was written is written again only where the table's columns change by it.
 *
 * @throws LakeError `invalid-input` naming the source that does not fit. None of the files are left then.
 */
export async function writeRows(
  session: Session,
  sources: BatchSources,
  request: WriteRowsRequest,
): Promise<WrittenRows> {
  const writer = new BatchWriter(session, sources, request);
  try {
    return await writer.write();
  } catch (error) {
    await writer.discard();
    throw error;
  }
}

class BatchWriter {
  readonly #session: Session;
  readonly #sources: BatchSources;
  readonly #request: WriteRowsRequest;
  #landed: Landed[] = [];
  #doneBytes = 0;

  constructor(session: Session, sources: BatchSources, request: WriteRowsRequest) {
    this.#session = session;
    this.#sources = sources;
    this.#request = request;
  }

  async write(): Promise<WrittenRows> {
    let plan = await this.#plan();
    while (this.#landed.length < this.#sources.states.length) plan = await this.#landNext(plan);
    const rows = this.#landed.map((landed) => landed.rows);
    return {
      plan: withNumberedRows(plan, rows),
      target: this.#target(plan),
      files: this.#landed.flatMap(({ files }) => files),
      kept: this.#landed.flatMap(({ kept }) => kept),
      bytesWritten: this.#landed.reduce((sum, { bytesWritten }) => sum + bytesWritten, 0n),
      sources: this.#ingested(),
      discard: () => this.discard(),
      keptIn: this.#request.keep ? this.#landed.map((_, index) => keptTable(index)) : [],
    };
  }

  async discard(): Promise<void> {
    const landed = this.#landed;
    this.#landed = [];
    this.#doneBytes = 0;
    for (const each of landed) await each.discard();
  }

  async #plan(): Promise<LandingPlan> {
    const { label, read, options, now } = this.#request;
    const sources = this.#sources.states.map(asLandingSource);
    const plan = await planLanding(this.#session, label, read, sources, options, now);
    for (const { source } of this.#sources.states) {
      if ((await this.#form(source)).kind === "kept") return withRawFiles(plan);
    }
    return plan;
  }

  #target({ schema, metadata }: LandingPlan): WriteTarget {
    return { table: this.#request.table, schema, metadata };
  }

  /** Lands the next source, or gives the plan in which it is read in another way. */
  async #landNext(plan: LandingPlan): Promise<LandingPlan> {
    const index = this.#landed.length;
    const [state, landing] = [this.#sources.states[index], plan.landings[index]];
    if (state === undefined || landing === undefined) {
      throw new LakeError("internal", "no-landing", "a source without a plan");
    }
    const { engine, meter, keep, signal } = this.#request;
    const { source } = state;
    const share = {
      doneBytes: this.#doneBytes,
      sourceBytes: source.sizeBytes,
      totalBytes: this.#sources.bytes,
    };
    await engine.useThreads(source.threads);
    const rows = this.#landed.map((landed) => landed.rows);
    const rowsBefore = numberedBefore(plan, rows, index);
    const keptIn = keep ? keptTable(index) : undefined;
    const form = await this.#form(source);
    const outcome = await meter.during(this.#session, share, () =>
      form.kind === "kept"
        ? landKeptSource(this.#session, { ...plan, table: this.#request.table }, source, landing, {
            ...this.#request,
            form,
          })
        : landSource(this.#session, this.#target(plan), source, landing, { rowsBefore, keptIn, signal }),
    );
    if (outcome.status === "misfit") return this.#replanned(plan, index, state, landing, outcome.failure);
    const notes = form.kind === "rewritten" ? [...landing.notes, form.note] : landing.notes;
    this.#landed.push({ ...outcome, notes });
    this.#doneBytes += source.sizeBytes;
    return plan;
  }

  async #form(source: OpenedSource): Promise<KeptForm | { readonly kind: "parquet" }> {
    const { as } = this.#request;
    return as === "parquet" ? { kind: "parquet" } : keptForm(await keepableSource(source), as);
  }

  async #replanned(
    plan: LandingPlan,
    index: number,
    state: SourceState,
    landing: SourceLanding,
    failure: unknown,
  ): Promise<LandingPlan> {
    const { read, options, now } = this.#request;
    const grows = read === undefined || (options.schema ?? "strict") !== "strict";
    const policy = { rescues: plan.filled.rescue, grows };
    const rescuing = (): SourceLanding =>
      planSource(
        { ...asLandingSource(state), reading: "rescue" },
        plan,
        { ...plan.filled, rescue: true },
        now,
      );
    const { reading } = landing;
    const { schema: columns } = plan;
    const failed = { reading, failure, schema: columns, rescuing };
    const changed = await afterMisfit(this.#session, state, failed, policy);
    this.#sources.replace(index, changed);
    if (changed.source === state.source) {
      const again = planSource(asLandingSource(changed), plan, plan.filled, now);
      return { ...plan, landings: plan.landings.with(index, again) };
    }
    const next = await this.#plan();
    if (isSameTable(plan, next)) {
      const { schema, metadata, protocol, domains } = plan;
      return { ...next, schema, metadata, protocol, domains };
    }
    // With other columns the files that are written are none of the table's.
    await this.discard();
    return next;
  }

  #ingested(): IngestedSource[] {
    return this.#sources.states.flatMap(({ source }, index) => {
      const landed = this.#landed[index];
      if (landed === undefined) return [];
      const { uri, format, compression, files } = source;
      const { rows, rescued } = landed;
      const notes = [...source.notes, ...landed.notes];
      return [{ uri, format, compression, files: files.length, rows, rescued, notes }];
    });
  }
}

function keptTable(index: number): string {
  return `gl_landed_${index}`;
}

/** Whether files that are written for the one are files of the other. */
function isSameTable(a: LandingPlan, b: LandingPlan): boolean {
  return layoutOf(a) === layoutOf(b);
}

/** Names of columns in the files aside, which are new in each plan. */
function layoutOf({ columns, metadata, filled }: LandingPlan): string {
  return JSON.stringify([columns, metadata.partitionColumns, filled]);
}
