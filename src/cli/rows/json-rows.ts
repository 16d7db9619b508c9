import { jsonRow } from "./json.js";
import type { Column, RowRenderer } from "./renderer.js";

/** One JSON array, a row a line. It is closed by `end` only: a result that broke off is not JSON. */
export function jsonRenderer(columns: readonly Column[]): RowRenderer {
  const names = columns.map((column) => column.name);
  let separator = "[\n";
  return {
    rows: (batch) => {
      if (batch.length === 0) return "";
      const text = separator + batch.map((row) => jsonRow(row, names)).join(",\n");
      separator = ",\n";
      return text;
    },
    end: () => (separator === "[\n" ? "[]\n" : "\n]\n"),
  };
}

/** One JSON object a line. */
export function jsonlRenderer(columns: readonly Column[]): RowRenderer {
  const names = columns.map((column) => column.name);
  return {
    rows: (batch) => batch.map((row) => `${jsonRow(row, names)}\n`).join(""),
    end: () => "",
  };
}
