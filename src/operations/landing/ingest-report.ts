import type { SkippedOperation } from "../lake-changes.js";

/** What became of the rows of one source: a file, an entry of an archive, or many small files read together. */
export interface IngestedSource {
  readonly uri: string;
  readonly format: string;
  readonly compression: string;
  readonly files: number;
  readonly rows: bigint;
  /** What of it went to `_rescued_data`. */
  readonly rescued: RescuedCounts;
  /** What detection and inference decided. */
  readonly notes: readonly string[];
}

export interface RescuedCounts {
  /** Rows with something in `_rescued_data` that the ingest put there. */
  readonly rows: bigint;
  /** Those of them whose record could not be read at all. */
  readonly records: bigint;
}

/** Source files by what became of them. */
export interface SourceFileCounts {
  /** Their rows landed: the first time, changed ones, or once more. */
  readonly landed: number;
  /** Those of the landed whose former rows left the table. */
  readonly replaced: number;
  /** Passed over: they landed before and are as they were. */
  readonly unchanged: number;
  /** Passed over: they were written again since they landed, with the same content. */
  readonly touched: number;
}

export interface IngestReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  /** Whether this ingest created the table. */
  readonly created: boolean;
  readonly commits: number;
  readonly rows: bigint;
  /** Former rows of changed files that left the table. */
  readonly rowsReplaced: bigint;
  readonly rescued: RescuedCounts;
  readonly sourceFiles: SourceFileCounts;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  /** Those that landed; of very many the first thousand. */
  readonly sources: readonly IngestedSource[];
  /** The first twenty of the files that were passed over. */
  readonly passedOver: readonly string[];
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  /** What the ingest changed of the table's columns, one sentence each. */
  readonly changes: readonly string[];
  /** That the application had landed it before, and nothing was written. */
  readonly skipped?: { readonly committedVersion: bigint } | undefined;
}

const MAX_SOURCES = 1_000;
const MAX_PASSED_OVER = 20;

/** What one commit of an ingest came to. */
export type BatchReport = Omit<IngestReport, "commits" | "skipped"> & {
  /** False when nothing was left to land. */
  readonly committed: boolean;
};

/** Files that were passed over before anything was opened. */
export interface PassedOver {
  readonly unchanged: readonly string[];
  readonly touched: readonly string[];
}

/** The report of an ingest of several commits. Pure. */
export function totalReport(
  label: string,
  version: bigint,
  passed: PassedOver,
  batches: readonly BatchReport[],
): IngestReport {
  const last = batches.at(-1);
  const sum = (value: (batch: BatchReport) => number): number =>
    batches.reduce((total, batch) => total + value(batch), 0);
  const bigSum = (value: (batch: BatchReport) => bigint): bigint =>
    batches.reduce((total, batch) => total + value(batch), 0n);
  return {
    table: label,
    version: last?.version ?? version,
    created: batches.some(({ created }) => created),
    commits: batches.filter(({ committed }) => committed).length,
    rows: bigSum(({ rows }) => rows),
    rowsReplaced: bigSum(({ rowsReplaced }) => rowsReplaced),
    rescued: {
      rows: bigSum(({ rescued }) => rescued.rows),
      records: bigSum(({ rescued }) => rescued.records),
    },
    sourceFiles: {
      landed: sum(({ sourceFiles }) => sourceFiles.landed),
      replaced: sum(({ sourceFiles }) => sourceFiles.replaced),
      unchanged: passed.unchanged.length + sum(({ sourceFiles }) => sourceFiles.unchanged),
      touched: passed.touched.length + sum(({ sourceFiles }) => sourceFiles.touched),
    },
    bytesRead: sum(({ bytesRead }) => bytesRead),
    bytesWritten: sum(({ bytesWritten }) => bytesWritten),
    filesAdded: sum(({ filesAdded }) => filesAdded),
    filesRemoved: sum(({ filesRemoved }) => filesRemoved),
    sources: batches.flatMap(({ sources }) => sources).slice(0, MAX_SOURCES),
    passedOver: [
      ...passed.unchanged,
      ...passed.touched,
      ...batches.flatMap((batch) => batch.passedOver),
    ].slice(0, MAX_PASSED_OVER),
    columns: last?.columns ?? [],
    changes: batches.flatMap(({ changes }) => changes),
  };
}

/** A batch of which nothing is left to land. */
export function emptyBatch(table: string, version: bigint, passed: PassedOver): BatchReport {
  return {
    table,
    version,
    created: false,
    committed: false,
    rows: 0n,
    rowsReplaced: 0n,
    rescued: { rows: 0n, records: 0n },
    sourceFiles: {
      landed: 0,
      replaced: 0,
      unchanged: passed.unchanged.length,
      touched: passed.touched.length,
    },
    bytesRead: 0,
    bytesWritten: 0,
    filesAdded: 0,
    filesRemoved: 0,
    sources: [],
    passedOver: [...passed.unchanged, ...passed.touched].slice(0, MAX_PASSED_OVER),
    columns: [],
    changes: [],
  };
}

/** The report of an ingest that its application had made before. */
export function skippedReport(table: string, { version, committedVersion }: SkippedOperation): IngestReport {
  const nothing = { unchanged: [], touched: [] };
  return { ...totalReport(table, version, nothing, []), skipped: { committedVersion } };
}
