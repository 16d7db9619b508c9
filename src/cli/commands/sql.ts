import { readFile } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import { LakeError } from "../../../core/index.js";
import type { ApplicationTransaction, Lake, SqlResult } from "../../index.js";
import { SqlTextError } from "../error-report.js";
import type { Invocation } from "../invocation.js";
import type { Io } from "../io.js";
import type { ParameterValue } from "../option-values.js";
import { type RowFormat, rendererFor } from "../rows/index.js";
import { durationText, plural } from "../terminal/amounts.js";
import { withProgress } from "../terminal/painter.js";
import { resultFile } from "./result-file.js";

// What a terminal is shown of one result, as a table.
const ROWS_ON_TERMINAL = 1000;

/** Where the statements come from. */
export type SqlSource =
  | { readonly from: "argument"; readonly text: string }
  | { readonly from: "file"; readonly file: string }
  | { readonly from: "stdin" };

export interface SqlArguments {
  readonly source: SqlSource;
  readonly format: RowFormat;
  readonly output: string | undefined;
  readonly parameters: Readonly<Record<string, ParameterValue>> | undefined;
  readonly application: ApplicationTransaction | undefined;
}

/** Runs the statements in turn and prints each result, or writes the last one to a file. */
export async function sql(invocation: Invocation, asked: SqlArguments): Promise<void> {
  const text = await readStatements(asked.source, invocation.io);
  try {
    await invocation.withLake((lake) => runStatements(invocation, lake, text, asked));
  } catch (error) {
    throw error instanceof LakeError && error.context["position"] !== undefined
      ? new SqlTextError(error, text)
      : error;
  }
}

async function readStatements(source: SqlSource, io: Io): Promise<string> {
  switch (source.from) {
    case "argument":
      return source.text;
    case "file":
      return withoutByteOrderMark(await readSqlFile(source.file));
    case "stdin": {
      const chunks: Buffer[] = [];
      for await (const chunk of addAbortSignal(io.signal, io.stdin)) chunks.push(Buffer.from(chunk));
      return withoutByteOrderMark(Buffer.concat(chunks).toString("utf8"));
    }
  }
}

async function readSqlFile(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    const absent = cause instanceof Error && "code" in cause && cause.code === "ENOENT";
    throw new LakeError(absent ? "not-found" : "invalid-input", "cli-sql-file", `cannot read ${file}`, {
      context: { file },
      cause,
    });
  }
}

function withoutByteOrderMark(text: string): string {
  return text.startsWith("\ufeff") ? text.slice(1) : text;
}

async function runStatements(
  invocation: Invocation,
  lake: Lake,
  text: string,
  asked: SqlArguments,
): Promise<void> {
  const { signal } = invocation.io;
  const { application, parameters, output } = asked;
  const file = output === undefined ? undefined : resultFile(output);
  const results = lake.script(text, { application, parameters, signal })[Symbol.asyncIterator]();
  try {
    let running: SqlResult | undefined;
    const progress = (): { label: string; fraction?: number } => {
      const percent = running?.progressPercent ?? -1;
      return percent < 0 ? { label: "running" } : { label: "running", fraction: percent / 100 };
    };
    for (let printed = 0; ; printed++) {
      const more = await withProgress(invocation.canvas, progress, async (clear) => {
        const started = performance.now();
        const next = await results.next();
        if (next.done === true) return false;
        running = next.value;
        try {
          if (file !== undefined) await file.take(running);
          else await printResult(invocation, running, asked.format, { first: printed === 0, started, clear });
        } finally {
          await running.close();
          running = undefined;
        }
        return true;
      });
      if (!more) break;
    }
    const written = await file?.finish(signal);
    if (written !== undefined) {
      await invocation.result(written, () => "");
      await invocation.message(`${plural(written.rows, "row")} written to ${written.output}`);
    }
  } finally {
    // A script that is not read to its end rolls back the transaction that it is in.
    await results.return?.();
    await file?.discard();
  }
}

async function printResult(
  invocation: Invocation,
  result: SqlResult,
  format: RowFormat,
  { first, started, clear }: { first: boolean; started: number; clear: () => void },
): Promise<void> {
  if (result.columns.length === 0) return;
  const { stdout } = invocation.io;
  const limit = format === "table" && stdout.isTerminal ? ROWS_ON_TERMINAL : Number.POSITIVE_INFINITY;
  const renderer = rendererFor(format, result.columns, invocation.look);
  let shown = 0;
  let cut = false;
  // Tables stand apart; the other formats are read by programs.
  if (!first && (format === "table" || format === "markdown")) await stdout.write("\n");
  for await (const batch of result.rows()) {
    clear();
    const kept = batch.slice(0, limit - shown);
    shown += kept.length;
    await stdout.write(renderer.rows(kept));
    cut = kept.length < batch.length;
    if (cut) break;
  }
  clear();
  await stdout.write(renderer.end());
  if (format !== "table") return;
  const count = cut
    ? `the first ${plural(shown, "row")}; --format csv or --output FILE gives them all`
    : plural(shown, "row");
  await invocation.message(`(${count}, ${durationText(performance.now() - started)})`);
}
