import type { Finding, FindingCount, FsckOptions, FsckProgress, FsckReport } from "../../index.js";
import { CommandVerdict, EXIT_DAMAGED } from "../exit-code.js";
import type { Invocation } from "../invocation.js";
import { bytesText, countText, plural } from "../terminal/amounts.js";
import { withProgress } from "../terminal/painter.js";
import type { Style } from "../terminal/style.js";
import { escapeControls } from "../terminal/text.js";

export type FsckArguments = Pick<FsckOptions, "version" | "deep" | "limit" | "allOrphans">;

/**
 * Checks a table and prints what was found.
 *
 * @throws CommandVerdict after the report, when the table is damaged or could not be checked.
 */
export async function fsck(invocation: Invocation, name: string, asked: FsckArguments): Promise<void> {
  const { signal } = invocation.io;
  let progress: FsckProgress = { phase: "log" };
  const report = await withProgress(
    invocation.canvas,
    () => ({ label: LABEL_BY_PHASE[progress.phase], fraction: progress.fraction }),
    () =>
      invocation.withLake(async (lake) =>
        (await lake.table(name)).fsck({
          ...asked,
          signal,
          onProgress: (state) => {
            progress = state;
          },
        }),
      ),
  );
  await invocation.result(report, () => fsckText(report, invocation.style));
  if (report.verdict !== "sound") throw new CommandVerdict(EXIT_DAMAGED);
}

const LABEL_BY_PHASE: Readonly<Record<FsckProgress["phase"], string>> = {
  log: "reading the log",
  data: "checking data files",
  rows: "checking rows",
  leftovers: "looking for leftovers",
};

/** The report of a check as a person reads it: the verdict, then kind by kind what was found and what to do. */
export function fsckText(report: FsckReport, style: Style): string {
  const { counts, findings, readableVersions } = report;
  const at = report.version === undefined ? "no version can be read" : `version ${report.version}`;
  const ranges = readableVersions.map(({ first, last }) =>
    first === last ? `${first}` : `${first} to ${last}`,
  );
  const table = style.bold(escapeControls(report.table));
  const verdict = report.verdict === "sound" ? VERDICTS.sound : style.red(VERDICTS[report.verdict]);
  const lines = [
    `${table} ${verdict}: ${at}, ${plural(report.numFiles, "file")}, ${bytesText(report.sizeInBytes)}`,
    ...(ranges.length === 0 ? [] : [style.dim(`  readable versions: ${ranges.join(", ")}`)]),
    style.dim(
      report.deep
        ? "  every value was read"
        : "  log, deletion vectors and the footers of data files were checked; --deep reads every value",
    ),
    ...counts.flatMap((count) =>
      kindLines(
        count,
        findings.filter(({ code }) => code === count.code),
        style,
      ),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

const VERDICTS: Readonly<Record<FsckReport["verdict"], string>> = {
  sound: "is sound",
  damaged: "is damaged",
  unsupported: "could not be checked in full",
};

function kindLines(
  { code, severity, title, count }: FindingCount,
  findings: readonly Finding[],
  style: Style,
): string[] {
  const mark = severity === "damage" ? style.red(severity) : severity;
  const more = count - BigInt(findings.length);
  const [first] = findings;
  return [
    "",
    `${mark}  ${title} ${style.dim(`(${code}, ${countText(count)})`)}`,
    ...findings.map((finding) => `  ${findingText(finding)}`),
    ...(more > 0n ? [style.dim(`  and ${countText(more)} more; --limit shows more of them`)] : []),
    ...(first === undefined ? [] : [`  ${style.bold("what to do:")} ${first.remedy}`]),
  ];
}

/** `file, line 3: what is wrong`. */
function findingText({ place, message }: Finding): string {
  const { file, line, version } = place;
  const where = [
    ...(file === undefined ? [] : [file]),
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(file === undefined && version !== undefined ? [`version ${version}`] : []),
  ].join(", ");
  return escapeControls(where === "" ? message : `${where}: ${message}`);
}
