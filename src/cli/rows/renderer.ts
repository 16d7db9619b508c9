import type { Row } from "../../../engine/index.js";

export interface Column {
  readonly name: string;
  readonly type: string;
}

/** Turns a result into text, batch by batch. Call `rows` any number of times, then `end` once. */
export interface RowRenderer {
  rows(batch: readonly Row[]): string;
  end(): string;
}

export const ROW_FORMATS = ["table", "json", "jsonl", "csv", "markdown"] as const;
export type RowFormat = (typeof ROW_FORMATS)[number];
