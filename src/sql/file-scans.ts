import type { Predicate } from "../../table-format/index.js";
import type { FileTable } from "../file-sources/file-table.js";
import type { ScanReport } from "../scan/kept-files.js";
import type { TableScan } from "./pushdown.js";
import type { ReferencedFiles } from "./query-expander.js";

/** Files of a query that no table owns, all of them read. */
export interface PlannedFileScan extends ScanReport {
  /** As the query names them. */
  readonly table: string;
  readonly columns: readonly string[] | "all";
  readonly predicate: Predicate;
}

export function plannedFileScan(
  { label, files, bytes, fetched }: FileTable,
  { columns, predicate }: TableScan,
): PlannedFileScan {
  const all = { filesTotal: files, filesKept: files, bytesTotal: bytes, bytesKept: bytes };
  return { ...all, fetched, table: label, columns, predicate };
}

/** The failure of a query, as the files explain it; the failure itself when none of them is broken. */
export async function explainedByFiles(files: readonly ReferencedFiles[], error: unknown): Promise<unknown> {
  for (const table of new Set(files.map((file) => file.table))) {
    const explained = await table.explain(error);
    if (explained !== error) return explained;
  }
  return error;
}
