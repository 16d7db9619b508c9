import { type Clock, type Logger, messageOf } from "../../../core/index.js";
import type { Engine, Session } from "../../../engine/index.js";
import type { AddFile, Snapshot } from "../../../table-format/index.js";
import type { QueryRunner } from "../../table.js";
import type { ResolvedTable } from "../../table-resolver.js";
import { addsOf, adoptFiles, checkRequired } from "../data-files.js";
import type { ProgressMeter } from "../progress.js";
import { marksRows, tellsChanges } from "../row-change/row-change-work.js";
import type { PreparedChange, TableOperation } from "../table-operation.js";
import { type WrittenRows, writeRows } from "./batch-rows.js";
import type { BatchOpener } from "./batch-sources.js";
import type { IngestOptions } from "./ingest-options.js";
import { type BatchReport, emptyBatch } from "./ingest-report.js";
import { landingColumns } from "./landing-columns.js";
import {
  checkUnchanged,
  chooseLanding,
  type FileHashes,
  type FileToLand,
  type LandingChoice,
  placeOf,
} from "./landing-files.js";
import { landingLedger } from "./landing-ledger.js";
import type { LandingOptions } from "./landing-plan.js";
import type { ChangePolicy } from "./ledger/choose-files.js";
import type { LandedFile } from "./ledger/landed-file.js";
import type { StagedLedger } from "./ledger/ledger.js";
import { checkReplaceable, type ReplacedRows, replaceFormerRows } from "./replaced-rows.js";
import { schemaChanges } from "./schema-changes.js";
import { stagedLanding } from "./staged-landing.js";

export interface LandContext {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Reads rows of the table, where former ones are replaced. */
  readonly rows: QueryRunner;
}

export interface BatchRequest {
  readonly files: readonly FileToLand[];
  readonly opener: BatchOpener;
  readonly hashes: FileHashes;
  readonly policy: ChangePolicy;
  readonly options: IngestOptions;
  readonly landing: LandingOptions;
  readonly meter: ProgressMeter;
}

/** Landings take turns: of those that are at it at once one wins each time. */
const ATTEMPTS = 1_000;

/** The rows of a batch as they are written for a state of the table. */
interface Held {
  readonly key: string;
  readonly rows: WrittenRows;
  readonly adds: readonly AddFile[];
}

/**
 * Lands files in one commit with the ledger's entries of them. What is written is written once: when another landing
 * came first, only the ledger is made again, unless the table changed or files of this batch have landed meanwhile.
 */
export class LandBatch implements TableOperation<BatchReport> {
  readonly name = "INGEST";
  readonly attempts = ATTEMPTS;
  readonly #context: LandContext;
  readonly #session: Session;
  readonly #target: ResolvedTable;
  readonly #request: BatchRequest;
  #held: Held | undefined;
  #ledger: StagedLedger | undefined;
  #isCommitted = false;
  /** Whether the log may hold what was prepared. */
  #mayBeCommitted = false;

  constructor(context: LandContext, session: Session, target: ResolvedTable, request: BatchRequest) {
    this.#context = context;
    this.#session = session;
    this.#target = target;
    this.#request = request;
  }

  async prepare(read: Snapshot | undefined): Promise<PreparedChange<BatchReport>> {
    const { files, hashes, policy, options } = this.#request;
    const { table, label } = this.#target;
    const { signal } = options;
    const { clock } = this.#context;
    const ledger = await landingLedger(table.folder, read, policy, { clock, signal });
    const choice = await chooseLanding(this.#session, ledger, files, hashes, policy, signal);
    if (choice.land.length + choice.touched.length === 0) {
      return { status: "nothing", result: emptyBatch(label, read?.version ?? -1n, choice.passed) };
    }
    if (choice.replaced.length > 0 && read !== undefined) checkReplaceable(label, read, choice.replaced);
    const held = choice.land.length === 0 ? undefined : await this.#rows(read, choice);
    const landed = await this.#landedFiles(choice);
    const replaced = held && (await this.#replace(read, choice, held));
    let staged: StagedLedger | undefined;
    try {
      const reset = options.mode === "overwrite";
      if (landed.length > 0 || (reset && !ledger.isEmpty))
        staged = await ledger.stage(this.#session, landed, { reset, signal });
    } catch (error) {
      await replaced?.work.discard();
      throw error;
    }
    this.#request.meter.report({ phase: "commit", fraction: 1 });
    this.#mayBeCommitted = true;
    this.#ledger = staged;
    return {
      status: "staged",
      staged: stagedLanding({
        read,
        options,
        plan: held?.rows.plan,
        adds: held?.adds ?? [],
        sourceFiles: choice.land.length,
        sources: held?.rows.sources ?? [],
        bytesWritten: held?.rows.bytesWritten ?? 0n,
        landed,
        replaced,
        transactions: staged === undefined ? [] : [staged.transaction],
      }),
      files: {
        discard: async () => {
          this.#mayBeCommitted = false;
          await staged?.discard();
          await replaced?.work.discard();
        },
      },
      result: ({ version, filesRemoved }) => {
        this.#isCommitted = true;
        return reportOf({ label, version, filesRemoved, read, choice, held, replaced });
      },
    };
  }

  /** Frees what the batch holds. Files that no commit holds, and none will, are removed. */
  async end(): Promise<void> {
    for (const table of this.#held?.rows.keptIn ?? [])
      await this.#session.execute(`DROP TABLE IF EXISTS ${table}`);
    if (!this.#mayBeCommitted) await this.#discardHeld();
    if (!this.#isCommitted) return;
    try {
      await this.#ledger?.tidy();
    } catch (error) {
      this.#context.logger.warn(
        `${this.#target.label}: old files of the landing ledger stay: ${messageOf(error)}`,
      );
    }
  }

  /** The rows that land: as they were written before, where that is how they would be written now. */
  async #rows(read: Snapshot | undefined, choice: LandingChoice): Promise<Held> {
    const { meter, options, opener } = this.#request;
    const { table, label } = this.#target;
    const { signal } = options;
    const landing = landingOf(this.#request, read);
    const key = heldKey(read, choice);
    if (this.#held?.key === key) return this.#held;
    await this.#discardHeld();
    const { engine, clock } = this.#context;
    const keep =
      choice.replaced.length > 0 && read !== undefined && tellsChanges(read.metadata) && !marksRows(read);
    try {
      const { rescue } = landingColumns(read?.schema, landing);
      const opened = await opener.open(this.#session, choice.land, rescue);
      const rows = await writeRows(this.#session, opened, {
        label,
        table,
        engine,
        read,
        options: landing,
        keep,
        as: options.as ?? "parquet",
        inPlace: options.inPlace ?? false,
        avroSchema: options.avroSchema,
        now: clock.now(),
        meter,
        // While the engine reads; before that, hashing would only delay it.
        onReading: () => this.#request.hashes.begin(choice.land),
        signal,
      });
      this.#held = { key, rows, adds: [] };
      const adopted = await adoptFiles(this.#session, rows.target, rows.files, signal);
      checkRequired(rows.target, adopted);
      this.#held = { key, rows, adds: [...addsOf(rows.target, adopted, clock), ...rows.kept] };
      return this.#held;
    } catch (error) {
      await this.#discardHeld();
      // What was read of a file that changed meanwhile says nothing.
      await checkUnchanged(choice.land, signal);
      throw error;
    }
  }

  /** The files as the ledger gets them, once it is sure that they were read as they are. */
  async #landedFiles({ land, touched }: LandingChoice): Promise<LandedFile[]> {
    const { hashes, options } = this.#request;
    const files = [...land, ...touched];
    try {
      return await hashes.of(files);
    } finally {
      await checkUnchanged(files, options.signal);
    }
  }

  async #replace(
    read: Snapshot | undefined,
    { replaced }: LandingChoice,
    { rows }: Held,
  ): Promise<ReplacedRows | undefined> {
    if (read === undefined || replaced.length === 0) return undefined;
    return replaceFormerRows(this.#context.rows, this.#session, {
      label: this.#target.label,
      read,
      target: rows.target,
      metadataChanged: rows.plan.metadataChanged,
      files: replaced,
      arriving: rows.keptIn,
      clock: this.#context.clock,
      signal: this.#request.options.signal,
    });
  }

  async #discardHeld(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    await held?.rows.discard();
  }
}

/** A new table gets the column that tells which rows are to be replaced. */
function landingOf({ landing, policy }: BatchRequest, read: Snapshot | undefined): LandingOptions {
  const isNew = read === undefined;
  return { ...landing, sourceColumn: landing.sourceColumn || (isNew && policy.onChange === "replace") };
}

/** Of what the files that are written depend on beside the sources. */
function heldKey(read: Snapshot | undefined, { land, replaced }: LandingChoice): string {
  const { schemaString, partitionColumns, configuration } = read?.metadata ?? {};
  return JSON.stringify([
    read === undefined,
    schemaString,
    partitionColumns,
    configuration,
    read?.protocol,
    land.map(({ source }) => placeOf(source)),
    replaced,
  ]);
}

interface Outcome {
  readonly label: string;
  readonly version: bigint;
  readonly filesRemoved: number;
  readonly read: Snapshot | undefined;
  readonly choice: LandingChoice;
  readonly held: Held | undefined;
  readonly replaced: ReplacedRows | undefined;
}

function reportOf({ label, version, filesRemoved, read, choice, held, replaced }: Outcome): BatchReport {
  const sources = held?.rows.sources ?? [];
  const nothing = emptyBatch(label, version, choice.passed);
  return {
    ...nothing,
    committed: true,
    created: read === undefined,
    rows: sources.reduce((sum, { rows }) => sum + rows, 0n),
    rowsReplaced: replaced?.rows ?? 0n,
    rescued: {
      rows: sources.reduce((sum, { rescued }) => sum + rescued.rows, 0n),
      records: sources.reduce((sum, { rescued }) => sum + rescued.records, 0n),
    },
    sourceFiles: {
      ...nothing.sourceFiles,
      landed: choice.land.length,
      replaced: choice.replaced.length,
    },
    bytesRead: choice.land.reduce((sum, { source }) => sum + source.size, 0),
    bytesWritten: Number(held?.rows.bytesWritten ?? 0n),
    filesAdded: held?.adds.length ?? 0,
    filesRemoved,
    sources,
    columns: held?.rows.plan.columns ?? [],
    changes: held === undefined ? [] : schemaChanges(read?.schema, held.rows.plan.schema),
  };
}
