import { csvRenderer } from "./csv.js";
import { jsonlRenderer, jsonRenderer } from "./json-rows.js";
import { markdownRenderer } from "./markdown.js";
import type { Column, RowFormat, RowRenderer } from "./renderer.js";
import { type TableLook, tableRenderer } from "./table.js";

export { type Column, ROW_FORMATS, type RowFormat, type RowRenderer } from "./renderer.js";
export { renderTable, type TableLook } from "./table.js";

/** The renderer of a format. */
export function rendererFor(format: RowFormat, columns: readonly Column[], look: TableLook): RowRenderer {
  switch (format) {
    case "table":
      return tableRenderer(columns, look);
    case "json":
      return jsonRenderer(columns);
    case "jsonl":
      return jsonlRenderer(columns);
    case "csv":
      return csvRenderer(columns);
    case "markdown":
      return markdownRenderer(columns);
  }
}
