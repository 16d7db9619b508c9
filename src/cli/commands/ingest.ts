import { readFile } from "node:fs/promises";
import { isLakeError, LakeError, messageOf } from "../../../core/index.js";
import type { IngestOptions, IngestReport, Progress } from "../../index.js";
import { interruption } from "../interruption.js";
import type { Invocation } from "../invocation.js";
import { bytesText, durationText, plural } from "../terminal/amounts.js";
import { withProgress } from "../terminal/painter.js";
import type { Style } from "../terminal/style.js";
import { escapeControls, padEnd, padStart } from "../terminal/text.js";

export interface IngestArguments {
  readonly sources: readonly string[];
  readonly options: Omit<IngestOptions, "avroSchema" | "stdin" | "signal" | "onProgress">;
  readonly avroSchemaFile: string | undefined;
}

export async function ingest(
  invocation: Invocation,
  { sources, options, avroSchemaFile }: IngestArguments,
): Promise<void> {
  const { stdin, signal } = invocation.io;
  const started = performance.now();
  const avroSchema = await avroSchemaText(avroSchemaFile);
  let progress: Progress = { phase: "detect" };
  const landing = withProgress(
    invocation.canvas,
    () => ({ ...progress, label: LABEL_BY_PHASE[progress.phase] }),
    () =>
      invocation.withLake((lake) =>
        lake.ingest(sources, {
          ...options,
          avroSchema,
          stdin,
          signal,
          onProgress: (state) => {
            progress = state;
          },
        }),
      ),
  );
  const report = await landing.catch((error: unknown) => {
    throw interruption(error, signal, committedBefore(error));
  });
  const elapsedMs = performance.now() - started;
  await invocation.result(report, () => ingestText(report, elapsedMs, invocation.style));
}

/** The commit of a batch is its last step: what was stopped has committed the batches before. */
function committedBefore(error: unknown): string {
  const commits = isLakeError(error) ? error.context["commits"] : undefined;
  const files = isLakeError(error) ? error.context["files"] : undefined;
  return typeof commits === "number" && typeof files === "number"
    ? `${plural(commits, "commit")} with ${plural(files, "file")} stay; run it again to land the rest`
    : "nothing was committed";
}

/** The schema that Avro files are to be read with. */
export async function avroSchemaText(file: string | undefined): Promise<string | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw new LakeError("invalid-input", "avro-schema-file", `cannot read ${file}: ${messageOf(error)}`, {
      context: { file },
      cause: error,
    });
  }
}

const LABEL_BY_PHASE: Readonly<Record<Progress["phase"], string>> = {
  detect: "reading",
  fetch: "fetching",
  write: "writing",
  commit: "committing",
};

/** The report of an ingest as a person reads it. */
export function ingestText(report: IngestReport, elapsedMs: number, style: Style): string {
  if (report.skipped !== undefined) return skippedText(report, report.skipped, style);
  const name = style.bold(escapeControls(report.table));
  const lines = [
    `${name} is at version ${report.version}${report.created ? " (new table)" : ""}`,
    ...(report.sourceFiles.landed === 0 ? ["  nothing new to land"] : landedLines(report, elapsedMs)),
    ...passedOverLines(report),
    ...report.changes.map((change) => `  ${escapeControls(change)}`),
    ...sourceLines(report.sources, style),
    ...columnLines(report.columns),
  ];
  return `${lines.join("\n")}\n`;
}

function landedLines(report: IngestReport, elapsedMs: number): string[] {
  const { rows, filesAdded, filesRemoved, commits, rescued, rowsReplaced, sourceFiles } = report;
  const removed = filesRemoved === 0 ? "" : `, ${plural(filesRemoved, "file")} replaced`;
  const several = commits > 1 ? ` by ${plural(commits, "commit")}` : "";
  return [
    `  ${plural(rows, "row")} landed in ${plural(filesAdded, "file")}${removed}${several}; ` +
      `${bytesText(report.bytesRead)} read, ${bytesText(report.bytesWritten)} written in ${durationText(elapsedMs)}`,
    ...(sourceFiles.replaced === 0
      ? []
      : [`  ${plural(rowsReplaced, "former row")} of ${plural(sourceFiles.replaced, "changed file")} left`]),
    ...(rescued.rows === 0n ? [] : [`  ${rescuedText(rescued)}: see _rescued_data`]),
  ];
}

function rescuedText({ rows, records }: IngestReport["rescued"]): string {
  const unread = records === 0n ? "" : `, ${plural(records, "record")} of them unreadable`;
  return `${plural(rows, "row")} with values that did not fit${unread}`;
}

function passedOverLines({ sourceFiles, passedOver }: IngestReport): string[] {
  const { unchanged, touched } = sourceFiles;
  const count = unchanged + touched;
  if (count === 0) return [];
  const same = touched === 0 ? "" : `, ${plural(touched, "file")} written again with the same content`;
  const named = passedOver.slice(0, MAX_NAMED).map(escapeControls).join(", ");
  const more = count > MAX_NAMED ? ` and ${count - Math.min(MAX_NAMED, passedOver.length)} more` : "";
  return [`  ${plural(count, "file")} landed before${same}: ${named}${more}`];
}

/** Of so many files that were passed over the names are told. */
const MAX_NAMED = 3;
/** Of so many sources there is a line. */
const MAX_SOURCES = 20;

function skippedText(
  { table, version }: IngestReport,
  { committedVersion }: NonNullable<IngestReport["skipped"]>,
  style: Style,
): string {
  const name = style.bold(escapeControls(table));
  return `${name} is at version ${version}\n  skipped: the job has committed its version ${committedVersion} before\n`;
}

function sourceLines(all: IngestReport["sources"], style: Style): string[] {
  const sources = all.slice(0, MAX_SOURCES);
  const left = all.length - sources.length;
  const cells = sources.map((source) => ({
    name: escapeControls(source.uri === "-" ? "standard input" : source.uri),
    format: source.compression === "none" ? source.format : `${source.format}, ${source.compression}`,
    rows: plural(source.rows, "row"),
    notes: [...source.notes, ...(source.rescued.rows === 0n ? [] : [rescuedText(source.rescued)])],
  }));
  const wide = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));
  const nameWidth = wide(cells.map((cell) => cell.name));
  const formatWidth = wide(cells.map((cell) => cell.format));
  const rowsWidth = wide(cells.map((cell) => cell.rows));
  const lines = cells.flatMap((cell) => [
    `  ${padEnd(cell.name, nameWidth)}  ${padEnd(cell.format, formatWidth)}  ${padStart(cell.rows, rowsWidth)}`,
    ...cell.notes.map((note) => style.dim(`    ${escapeControls(note)}`)),
  ]);
  return left === 0 ? lines : [...lines, `  and ${plural(left, "more source")}`];
}

function columnLines(columns: IngestReport["columns"]): string[] {
  if (columns.length === 0) return [];
  const shown = columns.map((column) => `${escapeControls(column.name)} ${column.type}`).join(", ");
  return [`  ${plural(columns.length, "column")}: ${shown}`];
}
