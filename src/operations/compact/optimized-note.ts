import type { OptimizeReport } from "./compact.js";

/** What a person is told of an OPTIMIZE. Pure. */
export function optimizedNote({ changed, filesRemoved, filesAdded, rows }: OptimizeReport): string {
  if (!changed) return "every data file is Parquet already";
  return `${count(filesRemoved, "file")} rewritten as ${filesAdded} of Parquet, ${rows} ${rows === 1n ? "row" : "rows"}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
