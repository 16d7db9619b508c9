import { stringifyJson } from "../../../core/index.js";
import type { HistoryEntry } from "../../index.js";
import type { Invocation } from "../invocation.js";
import { renderTable, type TableLook } from "../rows/index.js";
import { bytesText, plural } from "../terminal/amounts.js";

/** Lists a table's commits, newest first. */
export async function history(
  invocation: Invocation,
  name: string,
  limit: number | undefined,
): Promise<void> {
  const entries = await invocation.withLake(async (lake) =>
    (await lake.table(name)).history({ limit, signal: invocation.io.signal }),
  );
  await invocation.result(entries, () => historyText(entries, invocation.look));
}

const COLUMNS = [
  { name: "version", type: "BIGINT" },
  { name: "when (UTC)", type: "VARCHAR" },
  { name: "operation", type: "VARCHAR" },
  { name: "what changed", type: "VARCHAR" },
  { name: "parameters", type: "VARCHAR" },
];

/** Commits as a person reads them. */
export function historyText(entries: readonly HistoryEntry[], look: TableLook): string {
  const rows = entries.map((entry) => ({
    version: entry.version,
    "when (UTC)": entry.timestamp.replace("T", " ").replace(/(\.\d+)?Z$/, ""),
    operation: entry.operation,
    "what changed": metricsText(entry.operationMetrics),
    parameters: parametersText(entry.operationParameters),
  }));
  return renderTable(COLUMNS, rows, look);
}

// The metrics that Delta writers agree on, most telling first.
const METRICS: readonly (readonly [keys: readonly string[], text: (amount: bigint) => string])[] = [
  [["numOutputRows"], (rows) => plural(rows, "row")],
  [["numFiles", "numAddedFiles"], (files) => `+${plural(files, "file")}`],
  [["numRemovedFiles"], (files) => `−${plural(files, "file")}`],
  [["numOutputBytes"], (bytes) => bytesText(Number(bytes))],
];

/** The metrics of a commit that tell what it changed: `1,000 rows, +2 files, 1.2 MB`. */
export function metricsText(metrics: HistoryEntry["operationMetrics"]): string {
  return METRICS.flatMap(([keys, text]) => {
    // Delta's own writer puts numbers in strings, some others do not.
    const amount = keys.map((key) => String(metrics[key])).find((value) => /^[1-9]\d*$/.test(value));
    return amount === undefined ? [] : [text(BigInt(amount))];
  }).join(", ");
}

/** Parameters that say something: `mode=Overwrite predicate=...`. */
function parametersText(parameters: HistoryEntry["operationParameters"]): string {
  return Object.entries(parameters)
    .map(([key, value]) => [key, typeof value === "string" ? value : stringifyJson(value)] as const)
    .filter(([, value]) => !["", "null", "[]", "{}"].includes(value))
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}
