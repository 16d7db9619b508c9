import type { Row, Value } from "../../../engine/index.js";
import type { Style } from "../terminal/style.js";
import { displayWidth, escapeControls, padEnd, padStart, truncate } from "../terminal/text.js";
import { cellText, isNumericType } from "./cell.js";
import type { Column, RowRenderer } from "./renderer.js";

export interface TableLook {
  readonly style: Style;
  /** Columns of the terminal: longer cells are cut to fit. Absent: nothing is cut. */
  readonly width?: number | undefined;
}

// The widths of columns come from the first rows. A later row with a wider cell is printed whole, out
// of line: memory stays bounded whatever the size of the result.
const ROWS_MEASURED = 1000;
const MIN_WIDTH = 5;
const GAP = 3;

/** An aligned table: a heading, a rule, a line per row. */
export function tableRenderer(columns: readonly Column[], look: TableLook): RowRenderer {
  let waiting: Row[] = [];
  let widths: number[] | undefined;
  const begin = (): string => {
    const cells = waiting.map((row) => cellsOf(row, columns));
    widths = fitWidths(naturalWidths(columns, cells), look.width);
    const text =
      heading(columns, widths, look) +
      cells.map((line) => tableLine(line, columns, widths ?? [], look)).join("");
    waiting = [];
    return text;
  };
  return {
    rows: (batch) => {
      if (widths !== undefined) {
        const fitted = widths;
        return batch.map((row) => tableLine(cellsOf(row, columns), columns, fitted, look)).join("");
      }
      waiting.push(...batch);
      return waiting.length < ROWS_MEASURED ? "" : begin();
    },
    end: () => (widths === undefined ? begin() : ""),
  };
}

/** All of a small table at once. */
export function renderTable(columns: readonly Column[], rows: readonly Row[], look: TableLook): string {
  const renderer = tableRenderer(columns, look);
  return renderer.rows(rows) + renderer.end();
}

/** NULL stays apart from the text "NULL" until it is styled. */
type Cell = string | null;

function cellsOf(row: Row, columns: readonly Column[]): Cell[] {
  return columns.map((column) => {
    const value: Value = row[column.name] ?? null;
    return value === null ? null : escapeControls(cellText(value));
  });
}

function naturalWidths(columns: readonly Column[], lines: readonly (readonly Cell[])[]): number[] {
  return columns.map((column, index) => {
    let width = displayWidth(escapeControls(column.name));
    for (const line of lines) width = Math.max(width, displayWidth(line[index] ?? "NULL"));
    return width;
  });
}

/** Narrows the widest columns, all to one width, until the line fits `total` columns. */
export function fitWidths(natural: readonly number[], total: number | undefined): number[] {
  if (total === undefined) return [...natural];
  const room = total - GAP * (natural.length - 1) - 2;
  const widthAt = (cap: number): number => natural.reduce((sum, width) => sum + Math.min(width, cap), 0);
  let cap = Math.max(MIN_WIDTH, ...natural);
  while (cap > MIN_WIDTH && widthAt(cap) > room) cap--;
  return natural.map((width) => Math.min(width, cap));
}

function heading(columns: readonly Column[], widths: readonly number[], look: TableLook): string {
  const names = columns.map((column, index) => {
    const width = widths[index] ?? 0;
    const name = cutTo(escapeControls(column.name), width, look);
    return look.style.bold(isNumericType(column.type) ? padStart(name, width) : padEnd(name, width));
  });
  const rule = widths.map((width) => "─".repeat(width + 2)).join("┼");
  return `${line(names)}${rule}\n`;
}

function tableLine(
  cells: readonly Cell[],
  columns: readonly Column[],
  widths: readonly number[],
  look: TableLook,
): string {
  return line(
    cells.map((cell, index) => {
      const width = widths[index] ?? 0;
      const numeric = isNumericType(columns[index]?.type ?? "");
      const text = cell === null ? "NULL" : cutTo(cell, width, look);
      const padded = numeric ? padStart(text, width) : padEnd(text, width);
      return cell === null ? look.style.dim(padded) : padded;
    }),
  );
}

function cutTo(text: string, width: number, look: TableLook): string {
  return look.width === undefined ? text : truncate(text, width);
}

function line(cells: readonly string[]): string {
  return ` ${cells.join(" │ ").trimEnd()}\n`;
}
