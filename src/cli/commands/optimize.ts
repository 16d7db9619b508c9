import type { OptimizeReport } from "../../index.js";
import type { Invocation } from "../invocation.js";
import { bytesText, plural } from "../terminal/amounts.js";
import type { Style } from "../terminal/style.js";
import { escapeControls } from "../terminal/text.js";

/** Rewrites data files of a table. */
export async function optimize(invocation: Invocation, name: string): Promise<void> {
  const { signal } = invocation.io;
  const report = await invocation.withLake(async (lake) => (await lake.table(name)).optimize({ signal }));
  await invocation.result(report, () => optimizeText(report, invocation.style));
}

/** The report of an optimization as a person reads it. */
export function optimizeText(report: OptimizeReport, style: Style): string {
  const name = style.bold(escapeControls(report.table));
  if (!report.changed) {
    return `${name} is at version ${report.version}, and every data file is Parquet: nothing to do\n`;
  }
  const { filesRemoved, bytesRemoved, filesAdded, bytesAdded, rows } = report;
  return (
    `${name} is at version ${report.version}\n` +
    `  ${plural(filesRemoved, "file")} rewritten (${bytesText(bytesRemoved)}) as ${plural(filesAdded, "file")} of Parquet (${bytesText(bytesAdded)}), ${plural(rows, "row")}\n`
  );
}
