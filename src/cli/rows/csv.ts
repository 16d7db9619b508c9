import type { Row, Value } from "../../../engine/index.js";
import { cellText } from "./cell.js";
import type { Column, RowRenderer } from "./renderer.js";

/** A field as RFC 4180 quotes it. NULL is an empty field, an empty string is `""`. */
export function csvField(value: Value): string {
  if (value === null) return "";
  const text = cellText(value);
  return text === "" || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** CSV with a header line; lines end in LF. */
export function csvRenderer(columns: readonly Column[]): RowRenderer {
  const line = (values: readonly Value[]): string => `${values.map(csvField).join(",")}\n`;
  const lineOf = (row: Row): string => line(columns.map((column) => row[column.name] ?? null));
  let head = line(columns.map((column) => column.name));
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
