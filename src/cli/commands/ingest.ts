import type { IngestOptions, IngestReport, Progress } from "../../index.js";
import { interruption } from "../interruption.js";
import type { Invocation } from "../invocation.js";
import { bytesText, durationText, plural } from "../terminal/amounts.js";
import { withProgress } from "../terminal/painter.js";
import type { Style } from "../terminal/style.js";
import { escapeControls, padEnd, padStart } from "../terminal/text.js";

export interface IngestArguments {
  readonly sources: readonly string[];
  readonly into: string;
  readonly mode: NonNullable<IngestOptions["mode"]>;
  readonly schema: NonNullable<IngestOptions["schema"]>;
  readonly partitionBy: readonly string[] | undefined;
  readonly application: IngestOptions["application"];
}

export async function ingest(invocation: Invocation, asked: IngestArguments): Promise<void> {
  const { stdin, signal } = invocation.io;
  const started = performance.now();
  let progress: Progress = { phase: "detect" };
  const landing = withProgress(
    invocation.canvas,
    () => ({ ...progress, label: LABEL_BY_PHASE[progress.phase] }),
    () =>
      invocation.withLake((lake) =>
        lake.ingest(asked.sources, {
          into: asked.into,
          mode: asked.mode,
          schema: asked.schema,
          partitionBy: asked.partitionBy,
          application: asked.application,
          stdin,
          signal,
          onProgress: (state) => {
            progress = state;
          },
        }),
      ),
  );
  // The one commit of an ingest is its last step.
  const report = await landing.catch((error: unknown) => {
    throw interruption(error, signal, "nothing was committed");
  });
  const elapsedMs = performance.now() - started;
  await invocation.result(report, () => ingestText(report, elapsedMs, invocation.style));
}

const LABEL_BY_PHASE: Readonly<Record<Progress["phase"], string>> = {
  detect: "reading",
  write: "writing",
  commit: "committing",
};

/** The report of an ingest as a person reads it. */
export function ingestText(report: IngestReport, elapsedMs: number, style: Style): string {
  if (report.skipped !== undefined) return skippedText(report, report.skipped, style);
  const removed = report.filesRemoved === 0 ? "" : `, ${plural(report.filesRemoved, "file")} replaced`;
  const lines = [
    `${style.bold(escapeControls(report.table))} is at version ${report.version}${report.created ? " (new table)" : ""}`,
    `  ${plural(report.rows, "row")} landed in ${plural(report.filesAdded, "file")}${removed}; ` +
      `${bytesText(report.bytesRead)} read, ${bytesText(report.bytesWritten)} written in ${durationText(elapsedMs)}`,
    ...sourceLines(report.sources, style),
    ...columnLines(report.columns),
  ];
  return `${lines.join("\n")}\n`;
}

function skippedText(
  { table, version }: IngestReport,
  { committedVersion }: NonNullable<IngestReport["skipped"]>,
  style: Style,
): string {
  const name = style.bold(escapeControls(table));
  return `${name} is at version ${version}\n  skipped: the job has committed its version ${committedVersion} before\n`;
}

function sourceLines(sources: IngestReport["sources"], style: Style): string[] {
  const cells = sources.map((source) => ({
    name: escapeControls(source.uri === "-" ? "standard input" : source.uri),
    format: source.compression === "none" ? source.format : `${source.format}, ${source.compression}`,
    rows: plural(source.rows, "row"),
    notes: source.notes,
  }));
  const wide = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length));
  const nameWidth = wide(cells.map((cell) => cell.name));
  const formatWidth = wide(cells.map((cell) => cell.format));
  const rowsWidth = wide(cells.map((cell) => cell.rows));
  return cells.flatMap((cell) => [
    `  ${padEnd(cell.name, nameWidth)}  ${padEnd(cell.format, formatWidth)}  ${padStart(cell.rows, rowsWidth)}`,
    ...cell.notes.map((note) => style.dim(`    ${escapeControls(note)}`)),
  ]);
}

function columnLines(columns: IngestReport["columns"]): string[] {
  const shown = columns.map((column) => `${escapeControls(column.name)} ${column.type}`).join(", ");
  return [`  ${plural(columns.length, "column")}: ${shown}`];
}
