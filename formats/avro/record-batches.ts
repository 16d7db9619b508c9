import { makeData, RecordBatch, type Schema, Struct } from "apache-arrow";
import { arrowData } from "./arrow-data.js";
import type { Batch } from "./decode-file.js";
import type { Part } from "./validity.js";

/** The batches as Arrow's, over the same buffers: each is to be read before the next one is asked for. @param numbered whether rows have their number behind them. */
export async function* recordBatches(
  schema: Schema,
  batches: AsyncIterable<Batch>,
  numbered: boolean,
): AsyncGenerator<RecordBatch> {
  let before = 0;
  for await (const { rows, parts } of batches) {
    const all = numbered ? [...parts, rowNumbers(before, rows)] : parts;
    before += rows;
    const children = schema.fields.flatMap(({ type }, index) => {
      const part = all[index];
      return part === undefined ? [] : [arrowData(type, part)];
    });
    const type = new Struct(schema.fields);
    yield new RecordBatch(schema, makeData({ type, length: rows, nullCount: 0, children }));
  }
}

/** The numbers from `before` on, which is not one of them. */
function rowNumbers(before: number, rows: number): Part {
  const values = BigInt64Array.from({ length: rows }, (_, row) => BigInt(before + row + 1));
  return { length: rows, nullCount: 0, values, children: [] };
}
