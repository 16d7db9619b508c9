import type { Row, Value } from "../../../engine/index.js";
import { cellText, isNumericType } from "./cell.js";
import type { Column, RowRenderer } from "./renderer.js";

/** A cell of a Markdown table: pipes escaped, line ends as `<br>`, NULL as an empty cell. */
export function markdownCell(value: Value): string {
  if (value === null) return "";
  return cellText(value)
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|")
    .replace(/\r\n|\r|\n/g, "<br>");
}

/** A GitHub-flavoured Markdown table, numbers right aligned. */
export function markdownRenderer(columns: readonly Column[]): RowRenderer {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |\n`;
  const lineOf = (row: Row): string => line(columns.map((column) => markdownCell(row[column.name] ?? null)));
  let head =
    line(columns.map((column) => markdownCell(column.name))) +
    line(columns.map((column) => (isNumericType(column.type) ? "---:" : "---")));
  const takeHead = (): string => {
    const text = head;
    head = "";
    return text;
  };
  return {
    rows: (batch) => takeHead() + batch.map(lineOf).join(""),
    end: takeHead,
  };
}
