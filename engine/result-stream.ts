import type { DuckDBDataChunk, DuckDBResult, DuckDBType } from "@duckdb/node-api";
import type { RecordBatch, Schema } from "apache-arrow";
import { arrowSchema, recordBatch } from "./arrow/index.js";
import { stringBytes } from "./chunk-size.js";
import { rowsOf } from "./rows.js";
import { typeText } from "./type-text.js";
import type { Row } from "./value.js";

/** A column of a result: its name and its type as DuckDB writes it (`DECIMAL(18,2)`). */
export interface ResultColumn {
  readonly name: string;
  readonly type: string;
}

/** Where a stream's chunks come from: the session that runs the query. */
export interface ChunkSource {
  /** The next chunk, or undefined after the last; not called again after that. */
  next(): Promise<DuckDBDataChunk | undefined>;
  /** Stops the query before its end. */
  abandon(): Promise<void>;
}

// A record batch ends with the chunk before it would pass either. Eight chunks are measured best:
// larger buffers cost more garbage collection than they save calls.
const BATCH_ROWS = 16_384;
const BATCH_STRING_BYTES = 64 * 1024 * 1024;

/** The rows of a running query. Read it once, by one of `chunks`, `batches` or `rows`. */
export class ResultStream {
  readonly #source: ChunkSource;
  readonly #types: readonly DuckDBType[];
  readonly columns: readonly ResultColumn[];
  #ahead: Promise<DuckDBDataChunk | undefined> | undefined;
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
        const chunk = await this.#take();
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
    const schema = this.arrowSchema;
    let chunks: DuckDBDataChunk[] = [];
    let rows = 0;
    let bytes = 0;
    for await (const chunk of this.chunks()) {
      const chunkBytes = stringBytes(this.#types, chunk);
      const isFull = rows + chunk.rowCount > BATCH_ROWS || bytes + chunkBytes > BATCH_STRING_BYTES;
      if (isFull && rows > 0) {
        yield recordBatch(schema, this.#types, ...chunks);
        chunks = [];
        rows = bytes = 0;
      }
      chunks.push(chunk);
      rows += chunk.rowCount;
      bytes += chunkBytes;
    }
    if (rows > 0) yield recordBatch(schema, this.#types, ...chunks);
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
    await this.#ahead?.catch(() => undefined);
    await this.#source.abandon();
  }

  get #names(): string[] {
    return this.columns.map((column) => column.name);
  }

  /** The next chunk; the engine makes the one after it while the caller works on this one. */
  async #take(): Promise<DuckDBDataChunk | undefined> {
    if (this.#ended) return undefined;
    const chunk = await (this.#ahead ?? this.#source.next());
    if (chunk === undefined) this.#ended = true;
    else {
      this.#ahead = this.#source.next();
      // A failure ahead of time is for the next pull to tell, or for nobody after a close.
      this.#ahead.catch(() => {});
    }
    return chunk;
  }
}

/** The column names of a result, each one different: a repeated name gets `:1`, `:2`, ... */
export function columnNamesOf(result: DuckDBResult): string[] {
  return result.deduplicatedColumnNames();
}
