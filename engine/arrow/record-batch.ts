import type { DuckDBDataChunk, DuckDBType } from "@duckdb/node-api";
import * as arrow from "apache-arrow";
import { LakeError } from "../../core/index.js";
import { RawVector } from "../vector.js";
import { type ColumnBuilder, columnBuilder } from "./column-builder.js";

/**
 * Makes record batches of the rows of chunks, which all have `types`. A chunk is copied as it is
 * appended: memory of the engine that is mapped for longer costs full garbage collections.
 *
 * An infinite date or timestamp keeps the engine's number for it, the largest or smallest of its
 * width; Arrow has no other way to say it.
 */
export class RecordBatchBuilder {
  readonly #schema: arrow.Schema;
  readonly #columns: readonly ColumnBuilder[];
  #rows = 0;

  constructor(schema: arrow.Schema, types: readonly DuckDBType[]) {
    this.#schema = schema;
    this.#columns = schema.fields.map((field, index) => {
      const type = types[index];
      if (type === undefined)
        throw new LakeError("internal", "schema-width", "a schema wider than its types");
      return columnBuilder(type, field.type);
    });
  }

  /** The rows appended since the last take. */
  get rows(): number {
    return this.#rows;
  }

  /**
   * Appends the rows of a chunk, whose columns are `vectors`.
   *
   * @throws LakeError `unsupported` for more than 2 GiB of strings or 2^31 list items in one column.
   */
  append(chunk: DuckDBDataChunk, vectors: readonly RawVector[] = RawVector.ofColumns(chunk)): void {
    for (const [index, column] of this.#columns.entries()) {
      const vector = vectors[index];
      if (vector === undefined)
        throw new LakeError("internal", "schema-width", "a schema wider than its chunk");
      column.append(vector, 0, vector.size);
    }
    // After the last read, so that the chunk, which owns the memory read, is still held until here.
    this.#rows += chunk.rowCount;
  }

  /**
   * The rows appended since the last take.
   *
   * @throws LakeError `unsupported` for a value that the Arrow type cannot hold: a HUGEINT of more
   * than 38 digits, an INTERVAL of more than 292 years in microseconds.
   */
  take(): arrow.RecordBatch {
    const children = this.#columns.map((column) => column.take());
    const type = new arrow.Struct(this.#schema.fields);
    const length = this.#rows;
    this.#rows = 0;
    return new arrow.RecordBatch(this.#schema, arrow.makeData({ type, length, nullCount: 0, children }));
  }
}
