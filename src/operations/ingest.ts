import { rm } from "node:fs/promises";
import {
  type Clock,
  isLakeError,
  LakeError,
  type Logger,
  messageOf,
  throwIfCancelled,
} from "../../core/index.js";
import type { Engine, Session } from "../../engine/index.js";
import {
  discoverSources,
  type OpenedSource,
  openSource,
  type WrittenFile,
  writeParquet,
} from "../../formats/index.js";
import { objectPath } from "../../object-store/index.js";
import {
  type AddFile,
  type DeltaTable,
  encodeDataPath,
  FILE_SCHEMA_TAG,
  fileSchemaDigest,
  type Metadata,
  type PartitionValues,
  type Replaced,
  type Snapshot,
  type StagedCommit,
  type StructField,
  statisticsJson,
} from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import { type LandingPlan, planLanding } from "./landing-plan.js";
import { partitionTexts } from "./partition-texts.js";
import { type ProgressListener, ProgressMeter } from "./progress.js";

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

export interface IngestedSource {
  readonly uri: string;
  readonly format: string;
  readonly compression: string;
  readonly rows: bigint;
  /** What detection and inference decided. */
  readonly notes: readonly string[];
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

/** Plans are made again this often when another writer changes the table meanwhile. */
const MAX_REPLANS = 5;

/**
 * Lands files as rows of a table. `findTarget` is asked once the sources are understood. Every source is opened and its schema decided before a byte is
 * written; data files are written; one commit makes all of them visible. When anything fails, nothing
 * is committed and the files written so far are removed.
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
  try {
    return await context.engine.withSession(async (session) => {
      const opened: OpenedSource[] = [];
      for (const file of files) opened.push(...(await openSource(session, file, { signal })));
      const target = await findTarget();
      for (let plan = 1; ; plan++) {
        const report = await landOnce(context, session, target, opened, options, meter);
        if (report !== undefined) return report;
        if (plan === MAX_REPLANS) {
          throw new LakeError(
            "conflict",
            "ingest-conflict",
            `${target.label} was changed by other writers ${plan} times while rows landed`,
            {
              hint: "Nothing was committed. Run it again.",
            },
          );
        }
        context.logger.warn(`${target.label} was changed by another writer meanwhile; landing again`);
      }
    });
  } finally {
    for (const file of files) await file.dispose?.();
  }
}

/** One try: `undefined` when another writer changed what the plan stood on. */
async function landOnce(
  context: IngestContext,
  session: Session,
  target: IngestTarget,
  sources: readonly OpenedSource[],
  options: IngestOptions,
  meter: ProgressMeter,
): Promise<IngestReport | undefined> {
  const { signal } = options;
  const { table } = target;
  const read = await table.snapshotIfExists(signal);
  if (read !== undefined) table.checkWritable(read);
  const plan = await planLanding(session, target.label, read, sources, options, context.clock.now());
  const written: WrittenFile[] = [];
  const landed: IngestedSource[] = [];
  let committing = false;
  try {
    const totalBytes = sources.reduce((sum, source) => sum + source.sizeBytes, 0);
    let doneBytes = 0;
    for (const [index, source] of sources.entries()) {
      const files = await meter.during(
        session,
        { doneBytes, sourceBytes: source.sizeBytes, totalBytes },
        () => landSource(session, table, source, plan, index, signal),
      );
      written.push(...files);
      doneBytes += source.sizeBytes;
      const rows = files.reduce((sum, file) => sum + file.rowCount, 0n);
      landed.push({
        uri: source.uri,
        format: source.format,
        compression: source.compression,
        rows,
        notes: [...source.notes, ...(plan.notes[index] ?? [])],
      });
    }
    meter.report({ phase: "commit", fraction: 1 });
    const partitions = await partitionTexts(session, partitionFields(plan), written);
    checkRequired(plan, written, partitions);
    const adds = await adoptFiles(table, plan, written, partitions, context.clock, signal);
    throwIfCancelled(signal);
    committing = true;
    const outcome = await table.commit(read, stagedCommit(plan, adds, written, options, read), signal);
    if (outcome.status === "conflict") {
      await removeFiles(written);
      return undefined;
    }
    await checkpointIfDue(context, table, outcome.version, plan.metadata);
    return {
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
  } catch (error) {
    // A commit that failed for want of an answer may yet be in the log: then the files must stay.
    if (!committing || isLakeError(error, "cancelled")) await removeFiles(written);
    throw error;
  }
}

async function landSource(
  session: Session,
  table: DeltaTable,
  source: OpenedSource,
  plan: LandingPlan,
  index: number,
  signal: AbortSignal | undefined,
): Promise<WrittenFile[]> {
  const directory = tableDirectory(table);
  const relation = await source.relation();
  try {
    const expressions = plan.expressions[index] ?? [];
    return await writeParquet(session, {
      select: `SELECT ${expressions.join(", ")} FROM (${relation.sql}) AS source`,
      directory,
      partitionBy: plan.metadata.partitionColumns,
      signal,
    });
  } finally {
    await relation.dispose();
  }
}

/** The table's folder on the local disk. */
function tableDirectory(table: DeltaTable): string {
  const probe = table.folder.store.localPath(objectPath("x"));
  if (probe === undefined) {
    throw new LakeError(
      "unsupported",
      "remote-write",
      `${table.where}: this release writes tables on a local disk only`,
    );
  }
  return probe.slice(0, -2);
}

/** Makes the written files durable objects of the table and describes them as adds. */
async function adoptFiles(
  table: DeltaTable,
  plan: LandingPlan,
  written: readonly WrittenFile[],
  partitions: readonly PartitionValues[],
  clock: Clock,
  signal: AbortSignal | undefined,
): Promise<AddFile[]> {
  const root = `${tableDirectory(table)}/`;
  const placed = written.map((file) => ({ file, path: objectPath(file.localPath.slice(root.length)) }));
  await table.folder.store.adopt(
    placed.map(({ file, path }) => ({ localFile: file.localPath, path })),
    { signal },
  );
  const { partitionColumns, configuration } = plan.metadata;
  const tags = { [FILE_SCHEMA_TAG]: fileSchemaDigest(plan.schema, partitionColumns) };
  return placed.map(({ file, path }, index) => ({
    path: encodeDataPath(path),
    partitionValues: partitions[index] ?? {},
    size: file.sizeBytes,
    modificationTime: BigInt(clock.now()),
    dataChange: true,
    stats: statisticsJson(file, { schema: plan.schema, partitionColumns, configuration }),
    tags,
  }));
}

/** NOT NULL columns hold no NULL: the writer counted them. */
function checkRequired(
  plan: LandingPlan,
  written: readonly WrittenFile[],
  partitions: readonly PartitionValues[],
): void {
  for (const { name, nullable } of plan.schema.fields) {
    if (nullable) continue;
    const isPartition = plan.metadata.partitionColumns.includes(name);
    const broken = isPartition
      ? partitions.some((values) => values[name] === null)
      : written.some((file) =>
          file.columns.some(
            (column) => column.path.length === 1 && column.path[0] === name && column.nullCount > 0n,
          ),
        );
    if (broken) {
      throw new LakeError(
        "invalid-input",
        "not-null",
        `column "${name}" is NOT NULL and the source holds NULL in it`,
        {
          context: { column: name },
          hint: "Fill the column in the source. Nothing was committed.",
        },
      );
    }
  }
}

/** The columns of the table that it is partitioned by. */
function partitionFields(plan: LandingPlan): StructField[] {
  return plan.metadata.partitionColumns.flatMap((name) =>
    plan.schema.fields.filter((field) => field.name === name),
  );
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
      numOutputRows: String(written.reduce((sum, file) => sum + file.rowCount, 0n)),
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

/** The commit stands whatever becomes of its checkpoint: a failure is told and left to the next one. */
async function checkpointIfDue(
  context: IngestContext,
  table: DeltaTable,
  version: Parameters<DeltaTable["wantsCheckpoint"]>[0],
  metadata: Metadata,
): Promise<void> {
  if (!table.wantsCheckpoint(version, metadata.configuration)) return;
  try {
    await table.checkpoint();
  } catch (error) {
    context.logger.warn(
      `version ${version} is committed; its checkpoint could not be written: ${messageOf(error)}`,
    );
  }
}

async function removeFiles(files: readonly WrittenFile[]): Promise<void> {
  for (const file of files) await rm(file.localPath, { force: true });
}

function totalSize(files: readonly WrittenFile[]): bigint {
  return files.reduce((sum, file) => sum + file.sizeBytes, 0n);
}
