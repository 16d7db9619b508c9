import type { FetchCounts } from "../../object-store/index.js";
import type { Literal, Predicate } from "../../table-format/index.js";
import type { PlannedFileScan } from "./file-scans.js";
import type { PlannedScan } from "./query-planner.js";

/** What EXPLAIN shows of each table that a query reads. */
const EXPLAIN_COLUMNS = [
  { name: "table", type: "VARCHAR" },
  { name: "version", type: "BIGINT" },
  { name: "files_read", type: "BIGINT" },
  { name: "files_skipped", type: "BIGINT" },
  { name: "bytes_read", type: "BIGINT" },
  { name: "bytes_skipped", type: "BIGINT" },
  { name: "columns", type: "VARCHAR" },
  { name: "filter", type: "VARCHAR" },
] as const;

/** What it shows besides where a table is far away. */
const FAR_COLUMNS = [
  { name: "bytes_needed", type: "BIGINT" },
  { name: "requests", type: "BIGINT" },
  { name: "bytes_fetched", type: "BIGINT" },
  { name: "bytes_at_hand", type: "BIGINT" },
] as const;

/** A result of constant values. */
export interface ExplainedScans {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly (string | bigint | null)[])[];
}

/**
 * One row a table, in the order of the query, then one for each name that stands for files. Bytes are those of whole files;
 * columns narrow them further, and `bytes_needed` is what they leave of files that are far away. Requests were made, and
 * bytes fetched, for the ends of those files.
 */
export function explainedScans(scans: readonly (PlannedScan | PlannedFileScan)[]): ExplainedScans {
  const isFar = scans.some((scan) => fetchedOf(scan) !== undefined);
  const rows = explainRows(scans);
  if (!isFar) return { columns: EXPLAIN_COLUMNS, rows };
  return {
    columns: [...EXPLAIN_COLUMNS, ...FAR_COLUMNS],
    rows: rows.map((row, index) => [...row, ...farCells(scans[index])]),
  };
}

function farCells(scan: PlannedScan | PlannedFileScan | undefined): (bigint | null)[] {
  const fetched = scan && fetchedOf(scan);
  if (scan === undefined || fetched === undefined) return FAR_COLUMNS.map(() => null);
  const needed = "chunkBytes" in scan ? (scan.chunkBytes ?? null) : null;
  return [needed, BigInt(fetched.requests), BigInt(fetched.bytes), BigInt(fetched.hitBytes)];
}

function fetchedOf(scan: PlannedScan | PlannedFileScan): FetchCounts | undefined {
  return "fetched" in scan ? scan.fetched : undefined;
}

/** What was fetched for each table that is far away, a line each; `undefined` where none is. */
export function fetchedText(scans: readonly (PlannedScan | PlannedFileScan)[]): string | undefined {
  const lines = scans.flatMap((scan) => {
    const fetched = fetchedOf(scan);
    if (fetched === undefined) return [];
    const { requests, bytes, hitBytes } = fetched;
    return `${scan.table}: ${requests} requests, ${bytes} bytes fetched, ${hitBytes} bytes at hand`;
  });
  return lines.length === 0 ? undefined : lines.join("\n");
}

function explainRows(scans: readonly (PlannedScan | PlannedFileScan)[]): (string | bigint | null)[][] {
  return scans.map((scan) => [
    scan.table,
    "version" in scan ? scan.version : null,
    BigInt(scan.filesKept),
    BigInt(scan.filesTotal - scan.filesKept),
    scan.bytesKept,
    scan.bytesTotal - scan.bytesKept,
    scan.columns === "all" ? "all" : scan.columns.join(", "),
    predicateText(scan.predicate),
  ]);
}

/** A predicate as a person reads it; NULL when it restricts nothing. */
export function predicateText(predicate: Predicate): string | null {
  return predicate.kind === "constant" && predicate.value ? null : render(predicate);
}

function render(predicate: Predicate): string {
  switch (predicate.kind) {
    case "and":
      return predicate.operands.map(group).join(" AND ");
    case "or":
      return predicate.operands.map(group).join(" OR ");
    case "not":
      return `NOT ${group(predicate.operand)}`;
    case "compare":
      return `${predicate.column.join(".")} ${predicate.op} ${literalText(predicate.value)}`;
    case "in":
      return `${predicate.column.join(".")} IN (${predicate.values.map(literalText).join(", ")})`;
    case "is-null":
      return `${predicate.column.join(".")} IS NULL`;
    case "is-not-null":
      return `${predicate.column.join(".")} IS NOT NULL`;
    case "constant":
      return String(predicate.value);
    case "unknown":
      return "?";
  }
}

function group(predicate: Predicate): string {
  return predicate.kind === "and" || predicate.kind === "or" ? `(${render(predicate)})` : render(predicate);
}

const PLAIN_TYPES = /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*|FLOAT|DOUBLE|BOOLEAN)$/;

function literalText({ type, text }: Literal): string {
  return PLAIN_TYPES.test(type) ? text : `'${text}'`;
}
