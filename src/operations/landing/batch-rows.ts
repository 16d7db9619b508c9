import { LakeError } from "../../../core/index.js";
import type { Engine, Session } from "../../../engine/index.js";
import type { OpenedSource, WrittenFile } from "../../../formats/index.js";
import {
  type AddFile,
  type DeltaTable,
  numberedColumns,
  type Snapshot,
} from "../../../table-format/index.js";
import type { WriteTarget } from "../data-files.js";
import type { ProgressMeter } from "../progress.js";
import { asLandingSource, type BatchSources } from "./batch-sources.js";
import type { LandAs } from "./ingest-options.js";
import type { IngestedSource } from "./ingest-report.js";
import { type KeptForm, keepableSource, keptForm } from "./kept/keepable.js";
import { landKeptSource } from "./land-kept-source.js";
import { type LandedRows, landSource } from "./land-source.js";
import {
  ingestedTogether,
  landsTogether,
  landTogether,
  MOST_TOGETHER,
  type PlannedSource,
} from "./land-together.js";
import {
  type LandingOptions,
  type LandingPlan,
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
  /** Called when the engine is about to read rows, maybe often. */
  readonly onReading: () => void;
  readonly signal: AbortSignal | undefined;
}

/** What has been written of one source. */
interface Landed extends LandedRows {
  /** Sources whose rows these are. */
  readonly sources: number;
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
  readonly #totalBytes: number;
  #landed: Landed[] = [];
  #doneBytes = 0;
  /** Rows that identity columns have numbered. */
  #numbered = 0n;
  /** Up to this source each is landed by itself. */
  #apartUntil = 0;

  constructor(session: Session, sources: BatchSources, request: WriteRowsRequest) {
    this.#session = session;
    this.#sources = sources;
    this.#request = request;
    this.#totalBytes = sources.bytes;
  }

  async write(): Promise<WrittenRows> {
    let plan = await this.#plan();
    while (this.#next < this.#sources.states.length) plan = await this.#landNext(plan);
    const rows = this.#rows();
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
    this.#numbered = 0n;
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

  /** The source that lands next. */
  get #next(): number {
    return this.#landed.reduce((sum, { sources }) => sum + sources, 0);
  }

  /** Rows of each source that landed; of several that share files, all at the first. */
  #rows(): bigint[] {
    return this.#landed.flatMap(({ rows, sources }) => [rows, ...new Array<bigint>(sources - 1).fill(0n)]);
  }

  #target({ schema, metadata }: LandingPlan): WriteTarget {
    return { table: this.#request.table, schema, metadata };
  }

  /** Lands the next source, or gives the plan in which it is read in another way. */
  async #landNext(plan: LandingPlan): Promise<LandingPlan> {
    const index = this.#next;
    if (await this.#landTogether(plan, index)) return plan;
    const [state, landing] = [this.#sources.states[index], plan.landings[index]];
    if (state === undefined || landing === undefined) {
      throw new LakeError("internal", "no-landing", "a source without a plan");
    }
    const { engine, meter, keep, signal } = this.#request;
    const { source } = state;
    const share = {
      doneBytes: this.#doneBytes,
      sourceBytes: source.sizeBytes,
      totalBytes: this.#totalBytes,
    };
    await engine.useThreads(source.threads);
    const keptIn = keep ? keptTable(index) : undefined;
    const form = await this.#form(source);
    const outcome = await meter.during(this.#session, share, () =>
      form.kind === "kept"
        ? landKeptSource(this.#session, { ...plan, table: this.#request.table }, source, landing, {
            ...this.#request,
            form,
          })
        : landSource(this.#session, this.#target(plan), source, landing, {
            rowsBefore: this.#numbered,
            keptIn,
            onReading: this.#request.onReading,
            signal,
          }),
    );
    if (outcome.status === "misfit") return this.#replanned(plan, index, state, landing, outcome.failure);
    const notes = form.kind === "rewritten" ? [...landing.notes, form.note] : landing.notes;
    this.#landed.push({ ...outcome, sources: 1, notes });
    if (numberedColumns(landing.rules).length > 0) this.#numbered += outcome.rows;
    this.#doneBytes += source.sizeBytes;
    return plan;
  }

  /** Lands several small sources in data files that they share; false where the next is to land by itself. */
  async #landTogether(plan: LandingPlan, index: number): Promise<boolean> {
    const { as, keep, signal, meter, engine } = this.#request;
    if (as !== "parquet" || keep || index < this.#apartUntil) return false;
    const planned = this.#planned(plan, index);
    if (planned.length < 2) return false;
    const sourceBytes = planned.reduce((sum, { source }) => sum + source.sizeBytes, 0);
    const share = { doneBytes: this.#doneBytes, sourceBytes, totalBytes: this.#totalBytes };
    await engine.useThreads(undefined);
    const landed = await meter.during(this.#session, share, () =>
      landTogether(this.#session, this.#target(plan), planned, signal),
    );
    if (landed === undefined) {
      this.#apartUntil = index + planned.length;
      return false;
    }
    const notes = planned.flatMap(({ landing }) => landing.notes);
    this.#landed.push({ ...landed, sources: planned.length, notes });
    this.#doneBytes += sourceBytes;
    return true;
  }

  /** The sources from one on that may land together. */
  #planned({ landings }: LandingPlan, index: number): readonly PlannedSource[] {
    const planned = this.#sources.states.slice(index, index + MOST_TOGETHER).flatMap(({ source }, at) => {
      const landing = landings[index + at];
      return landing === undefined ? [] : [{ source, landing }];
    });
    return planned.slice(0, landsTogether(planned));
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
    let from = 0;
    return this.#landed.map((landed) => {
      const states = this.#sources.states.slice(from, from + landed.sources);
      from += landed.sources;
      const sources = states.map(({ source }) => source);
      return ingestedTogether(sources, landed, landed.notes);
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
