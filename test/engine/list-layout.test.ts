import { DuckDBDataChunk, INTEGER, LIST } from "@duckdb/node-api";
import { expect, it } from "vitest";
import { arrowSchema, RecordBatchBuilder } from "../../engine/arrow/index.js";
import { VectorTarget } from "../../engine/vector-target.js";

const type = LIST(INTEGER);

/** A chunk of lists, each given by the offset and the number of its items among 0, 10, 20, ... */
function chunkOf(...lists: (readonly [offset: number, length: number])[]): DuckDBDataChunk {
  const chunk = DuckDBDataChunk.create([type], lists.length);
  const target = VectorTarget.ofColumn(chunk, 0);
  target.setBytes(new Uint8Array(BigUint64Array.from(lists.flat(), BigInt).buffer));
  target
    .listChild(6)
    .setBytes(new Uint8Array(Int32Array.from({ length: 6 }, (_, index) => index * 10).buffer));
  return chunk;
}

it("follows lists that skip items, share them or go back", () => {
  const chunks = [chunkOf([4, 2], [0, 0], [1, 2]), chunkOf([2, 1], [2, 1], [0, 3])];
  const builder = new RecordBatchBuilder(arrowSchema(["l"], [type]), [type]);
  for (const chunk of chunks) builder.append(chunk);
  const batch = builder.take();
  const lists = Array.from({ length: 6 }, (_, row) => [...(batch.getChild("l")?.get(row) ?? [])]);
  expect(lists).toEqual([[40, 50], [], [10, 20], [20], [20], [0, 10, 20]]);
});
