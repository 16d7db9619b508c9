import type { Block } from "./block.js";
import type { Column } from "./column.js";
import { stepForms } from "./form.js";
import { generatedRows } from "./generate.js";
import type { Read } from "./read-leaf.js";
import { stepReader } from "./reader.js";
import type { Step } from "./resolve.js";

/**
 * Reads rows of a block from the place `at` on, up to row `stop` and none that begins at `limit` or behind it.
 * Gives the place behind the last, and its row in `block.row`. A column's room is not made: it is there for
 * every row up to `stop`.
 */
export type ReadRows = (block: Block, at: number, row: number, stop: number, limit: number) => number;

/**
 * The reader of a record's rows into columns. One function is generated for the record, some times faster than
 * readers that call each other; where Node is told to generate none (`--disallow-code-generation-from-strings`),
 * or with `generate: false`, it is those.
 */
export function readRowsOf(
  steps: readonly Step[],
  columns: readonly Column[],
  { generate = true }: { readonly generate?: boolean } = {},
): ReadRows {
  const generated = generate ? generatedRows(stepForms(steps, columns)) : undefined;
  return generated ?? composedRows(steps.map((step) => stepReader(step, columns)));
}

export function composedRows(readers: readonly Read[]): ReadRows {
  return (block, at, row, stop, limit) => {
    for (; row < stop && at < limit; row++) for (const read of readers) at = read(block, at, row);
    block.row = row;
    return at;
  };
}
