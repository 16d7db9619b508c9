import type { DuckDBDataChunk, DuckDBResult, DuckDBType } from "@duckdb/node-api";
import type { RecordBatch, Schema } from "apache-arrow";
import { arrowSchema, RecordBatchBuilder } from "./arrow/index.js";
import { stringBytes } from "./chunk-size.js";
import { rowsOf } from "./rows.js";
import { typeText } from "./type-text.js";
import type { Row } from "./value.js";
import { RawVector } from "./vector.js";

/** A column of a result: its name and its type as DuckDB writes it (`DECIMAL(18,2)`). */
export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/** Where a stream's chunks come from: the session that runs the query. */
export interface ChunkSource {
  /**
   * Gives the next chunks to `take`, one after another, until it wants no more and returns false.
   * Resolves to false after the last chunk; not called again after that.
   */
  pull(take: (chunk: DuckDBDataChunk) => boolean): Promise<boolean>;
  /** Stops the query before its end. */
  abandon(): Promise<void>;
}

/** Rows in one data chunk; the engine makes no larger. */
const CHUNK_ROWS = 2048;

// A record batch ends with the chunk before it would pass either. Measured from one chunk to 32 a
// batch, the rows of a batch make no difference to the cost of a row.
const BATCH_ROWS = 16_384;
const BATCH_STRING_BYTES = 64 * 1024 * 1024;

/** The rows of a running query. Read it once, by one of `chunks`, `batches` or `rows`. */
export class ResultStream {
  readonly #source: ChunkSource;
  readonly #types: readonly DuckDBType[];
  readonly columns: readonly ResultColumn[];
  #pulling: Promise<boolean> | undefined;
  #ended = false;

  constructor(source: ChunkSource, result: DuckDBResult) {
    this.#source = source;
    this.#types = result.columnTypes();
    this.columns = columnNamesOf(result).map((name, index) => {
      const type = this.#types[index];
      return { name, type: type === undefined ? "" : typeText(type) };
    });
  }

  get arrowSchema(): Schema {
    return arrowSchema(this.#names, this.#types);
  }

  /** Chunks of at most 2,048 rows. Leaving the loop early closes the stream. */
  async *chunks(): AsyncGenerator<DuckDBDataChunk, void, undefined> {
    try {
      for (;;) {
        let chunk: DuckDBDataChunk | undefined;
        await this.#pull((next) => {
          chunk = next;
          return false;
        });
        if (chunk === undefined) return;
        yield chunk;
      }
    } finally {
      await this.close();
    }
  }

  /**
   * Arrow record batches of at most 16,384 rows, fewer where the strings are long. 64-bit integers
   * and decimals are exact.
   */
  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    const batch = new RecordBatchBuilder(this.arrowSchema, this.#types);
    let bytes = 0;
    // The chunk that does not fit into a batch begins the next one.
    let rest: DuckDBDataChunk | undefined;
    const take = (chunk: DuckDBDataChunk): boolean => {
      const vectors = RawVector.ofColumns(chunk);
      const chunkBytes = stringBytes(this.#types, vectors);
      const isFull = batch.rows + chunk.rowCount > BATCH_ROWS || bytes + chunkBytes > BATCH_STRING_BYTES;
      if (isFull && batch.rows > 0) {
        rest = chunk;
        return false;
      }
      batch.append(chunk, vectors);
      bytes += chunkBytes;
      return batch.rows + CHUNK_ROWS <= BATCH_ROWS;
    };
    try {
      for (;;) {
        await this.#pull(take);
        if (batch.rows === 0) return;
        yield batch.take();
        bytes = 0;
        if (rest === undefined) continue;
        take(rest);
        rest = undefined;
      }
    } finally {
      await this.close();
    }
  }

  /** Arrays of rows, one array a chunk. */
  async *rows(): AsyncGenerator<Row[], void, undefined> {
    const names = this.#names;
    for await (const chunk of this.chunks()) yield rowsOf(names, this.#types, chunk);
  }

  /** Stops the query, if it still runs. A stream read to its end needs no close. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    // A failure of a pull is told to who pulls.
    await this.#pulling?.catch(() => undefined);
    await this.#source.abandon();
  }

  get #names(): string[] {
    return this.columns.map((column) => column.name);
  }

  async #pull(take: (chunk: DuckDBDataChunk) => boolean): Promise<void> {
    if (this.#ended) return;
    this.#pulling = this.#source.pull(take);
    if (!(await this.#pulling)) this.#ended = true;
  }
}

/** The column names of a result, each one different: a repeated name gets `:1`, `:2`, ... */
export function columnNamesOf(result: DuckDBResult): string[] {
  return result.deduplicatedColumnNames();
}
