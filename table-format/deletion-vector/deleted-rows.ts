import { Field, Int32, Int64, makeData, RecordBatch, Schema, Struct } from "apache-arrow";
import { CONTAINER_SPAN } from "./container.js";
import type { LoadedDeletionVector } from "./load.js";
import type { KeyedContainer } from "./row-index-set.js";
import { RowIndexTarget } from "./row-index-target.js";

/** The columns of {@link deletedRowBatches}: the data file's number and the index of a deleted row in it. */
export const DELETED_ROWS_SCHEMA = new Schema([
  new Field("file_index", new Int32(), false),
  new Field("row_index", new Int64(), false),
]);

/** Rows of a batch: 12 MiB. */
const BATCH_ROWS = 1024 * 1024;

/**
 * The deleted rows of many data files as record batches of {@link DELETED_ROWS_SCHEMA}, for
 * `Session.loadArrow`. Within a file the indexes ascend. A batch holds up to about a million rows, and only
 * one is held at a time.
 *
 * @param rows in all, when they are known (the sum of the cardinalities): no larger batch is made room for
 */
export async function* deletedRowBatches(
  vectors: AsyncIterable<LoadedDeletionVector> | Iterable<LoadedDeletionVector>,
  rows = BATCH_ROWS,
): AsyncGenerator<RecordBatch> {
  // Every container fits into an empty batch.
  const capacity = Math.min(BATCH_ROWS, Math.max(rows, CONTAINER_SPAN));
  let batch = new DeletedRows(capacity);
  for await (const { fileIndex, deleted } of vectors) {
    for (const keyed of deleted.containers) {
      if (batch.count + keyed.container.cardinality > capacity) {
        yield batch.toRecordBatch();
        batch = new DeletedRows(capacity);
      }
      batch.append(fileIndex, keyed);
    }
  }
  if (batch.count > 0) yield batch.toRecordBatch();
}

/** Rows of {@link DELETED_ROWS_SCHEMA} under construction. */
class DeletedRows {
  readonly #fileIndexes: Int32Array;
  readonly #rowIndexes: BigInt64Array;
  readonly #target: RowIndexTarget;

  /** @param capacity rows it has room for */
  constructor(capacity: number) {
    this.#fileIndexes = new Int32Array(capacity);
    this.#rowIndexes = new BigInt64Array(capacity);
    this.#target = new RowIndexTarget(this.#rowIndexes);
  }

  get count(): number {
    return this.#target.count;
  }

  append(fileIndex: number, keyed: KeyedContainer): void {
    const from = this.count;
    this.#target.append(keyed);
    this.#fileIndexes.fill(fileIndex, from, this.count);
  }

  toRecordBatch(): RecordBatch {
    const length = this.count;
    const children = [
      makeData({ type: new Int32(), length, nullCount: 0, data: this.#fileIndexes.subarray(0, length) }),
      makeData({ type: new Int64(), length, nullCount: 0, data: this.#rowIndexes.subarray(0, length) }),
    ];
    const type = new Struct(DELETED_ROWS_SCHEMA.fields);
    return new RecordBatch(DELETED_ROWS_SCHEMA, makeData({ type, length, nullCount: 0, children }));
  }
}
