import type { Literal, Predicate } from "../../table-format/index.js";
import type { PlannedFileScan } from "./file-scans.js";
import type { PlannedScan } from "./query-planner.js";

/** What EXPLAIN shows of each table that a query reads. */
export const EXPLAIN_COLUMNS = [
  { name: "table", type: "VARCHAR" },
  { name: "version", type: "BIGINT" },
  { name: "files_read", type: "BIGINT" },
  { name: "files_skipped", type: "BIGINT" },
  { name: "bytes_read", type: "BIGINT" },
  { name: "bytes_skipped", type: "BIGINT" },
  { name: "columns", type: "VARCHAR" },
  { name: "filter", type: "VARCHAR" },
] as const;

/** One row a table, in the order of the query, then one for each name that stands for files. Bytes are those of whole files; columns narrow them further. */
export function explainRows(scans: readonly (PlannedScan | PlannedFileScan)[]): (string | bigint | null)[][] {
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
