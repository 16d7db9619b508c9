import { stringifyJson } from "../../../core/index.js";
import type { IngestReport, WatchEvent, WatchIngestOptions } from "../../index.js";
import type { Invocation } from "../invocation.js";
import { bytesText, durationText, plural } from "../terminal/amounts.js";
import type { Style } from "../terminal/style.js";
import { escapeControls } from "../terminal/text.js";
import { avroSchemaText } from "./ingest.js";

export interface WatchArguments {
  readonly sources: readonly string[];
  readonly options: Omit<WatchIngestOptions, "avroSchema" | "signal" | "onProgress">;
  readonly avroSchemaFile: string | undefined;
}

/** Lands what comes until Ctrl-C, which is how a watch ends well. */
export async function watch(
  invocation: Invocation,
  { sources, options, avroSchemaFile }: WatchArguments,
): Promise<void> {
  const { signal } = invocation.io;
  const avroSchema = await avroSchemaText(avroSchemaFile);
  const total = { commits: 0, files: 0, rows: 0n, setAside: 0 };
  await invocation.message(`watching ${sources.map(escapeControls).join(", ")}; Ctrl-C ends it`);
  await invocation.withLake(async (lake) => {
    for await (const event of lake.watch(sources, { ...options, avroSchema, signal })) {
      if (event.kind === "landed") {
        total.commits += event.report.commits;
        total.files += event.report.sourceFiles.landed;
        total.rows += event.report.rows;
      } else if (event.kind === "set-aside") total.setAside++;
      await tell(invocation, event);
    }
  });
  const { commits, files, rows, setAside } = total;
  const left = setAside === 0 ? "" : `; ${plural(setAside, "file")} set aside`;
  await invocation.message(
    `ended: ${plural(rows, "row")} of ${plural(files, "file")} in ${plural(commits, "commit")}${left}`,
  );
}

/** Each commit is a line of the result; what else there is to tell goes to the person. */
async function tell(invocation: Invocation, event: WatchEvent<IngestReport>): Promise<void> {
  if (invocation.json) return invocation.io.stdout.write(`${stringifyJson(eventJson(event))}\n`);
  switch (event.kind) {
    case "landed":
      return invocation.io.stdout.write(landedLine(event.report, invocation.style));
    case "set-aside":
      return invocation.message(`set aside until it changes: ${escapeControls(event.error.message)}`);
    case "retrying":
      return invocation.message(
        `${escapeControls(event.error.message)}; trying again in ${durationText(event.inMs)}`,
      );
    case "caught-up":
      if (event.growing === 0) return;
      return invocation.message(`${plural(event.growing, "file")} may still be written to`);
  }
}

/** One commit of a watch or a stream on one line. */
export function landedLine(report: IngestReport, style: Style): string {
  const { table, version, rows, sourceFiles, rescued, bytesRead, changes } = report;
  if (report.commits === 0) return "";
  const parts = [
    `${plural(rows, "row")} of ${plural(sourceFiles.landed, "file")} (${bytesText(bytesRead)})`,
    ...(sourceFiles.replaced > 0 ? [`${plural(sourceFiles.replaced, "file")} replaced`] : []),
    ...(rescued.rows > 0n ? [`${plural(rescued.rows, "row")} with rescued values`] : []),
    ...changes,
  ];
  return `${style.bold(escapeControls(table))} version ${version}: ${parts.map(escapeControls).join("; ")}\n`;
}

function eventJson(event: WatchEvent<IngestReport>): object {
  switch (event.kind) {
    case "landed":
      return { event: "landed", ...event.report };
    case "set-aside":
      return { event: "set-aside", file: event.file, error: errorOf(event.error) };
    case "retrying":
      return { event: "retrying", error: errorOf(event.error), inMs: event.inMs };
    case "caught-up":
      return { event: "caught-up", growing: event.growing };
  }
}

function errorOf({
  kind,
  code,
  message,
  context,
}: {
  kind: string;
  code: string;
  message: string;
  context: object;
}): object {
  return { kind, code, message, context };
}
