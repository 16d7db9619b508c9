import { LakeError } from "../../../core/index.js";
import type { RestoreReport } from "../../index.js";
import type { Invocation } from "../invocation.js";
import { bytesText, plural } from "../terminal/amounts.js";
import type { Style } from "../terminal/style.js";
import { escapeControls } from "../terminal/text.js";

export interface RestoreArguments {
  readonly version?: bigint;
  readonly timestamp?: string;
  readonly ignoreMissingFiles?: boolean;
}

/** Makes a table what it was at an earlier version. */
export async function restore(invocation: Invocation, name: string, asked: RestoreArguments): Promise<void> {
  if ((asked.version === undefined) === (asked.timestamp === undefined)) {
    throw new LakeError("invalid-input", "cli-usage", "restore takes --version or --timestamp", {
      hint: `For example: grizzly restore ${name} --version 12`,
    });
  }
  const { signal } = invocation.io;
  const report = await invocation.withLake(async (lake) =>
    (await lake.table(name)).restore({ ...asked, signal }),
  );
  await invocation.result(report, () => restoreText(report, invocation.style));
}

/** The report of a restore as a person reads it. */
export function restoreText(report: RestoreReport, style: Style): string {
  const name = style.bold(escapeControls(report.table));
  if (!report.changed) {
    return `${name} is at version ${report.version}, and as it was at version ${report.restoredVersion}: nothing to do\n`;
  }
  const missing = report.filesMissing === 0 ? "" : `, ${plural(report.filesMissing, "file")} missing`;
  const lines = [
    `${name} is at version ${report.version}: as it was at version ${report.restoredVersion}`,
    `  ${plural(report.filesRestored, "file")} back, ${plural(report.filesRemoved, "file")} out${missing}; ` +
      `${bytesText(report.sizeInBytes)} in ${plural(report.files, "file")}`,
    ...report.notes.map((note) => style.dim(`  ${escapeControls(note)}`)),
  ];
  return `${lines.join("\n")}\n`;
}
