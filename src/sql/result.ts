import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import path from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type RecordBatch, RecordBatchFileWriter, type Schema } from "apache-arrow";
import { LakeError, newUuid } from "../../core/index.js";
import {
  type Parameters,
  quoteString,
  type ResultColumn,
  type ResultStream,
  type Row,
  type Session,
} from "../../engine/index.js";
import { variantsAsJson } from "./variant-json.js";

/** A query that is planned and bound and has not begun to run. */
export interface BoundQuery {
  readonly session: Session;
  /** SQL that the session runs as it is. */
  readonly sql: string;
  readonly parameters: Parameters | undefined;
  readonly columns: readonly ResultColumn[];
  readonly signal: AbortSignal | undefined;
  /** Tells a damaged table from other failures. */
  readonly explain: (error: unknown) => Promise<unknown>;
  /** Gives the session back. Called once. */
  readonly release: () => Promise<void>;
}

/**
 * The result of one statement. The query runs when it is read: once, by one of `rows`, `batches`,
 * `toArray` or `writeTo`. Reading to the end closes it; a result that is not read to the end must be
 * closed.
 */
export class SqlResult {
  readonly #query: BoundQuery;
  #state: "bound" | "running" | "closed" = "bound";

  constructor(query: BoundQuery) {
    this.#query = query;
  }

  /** Names, and types as DuckDB writes them. */
  get columns(): readonly ResultColumn[] {
    return this.#query.columns;
  }

  /** How far the running query is, 0 to 100; -1 when the engine cannot tell. */
  get progressPercent(): number {
    return this.#state === "running" ? this.#query.session.progressPercent : -1;
  }

  /** Arrays of rows, as they come. */
  async *rows(): AsyncGenerator<Row[], void, undefined> {
    yield* this.#read((stream) => stream.rows());
  }

  /** Arrow record batches, as they come. */
  async *batches(): AsyncGenerator<RecordBatch, void, undefined> {
    yield* this.#read((stream) => stream.batches());
  }

  /** All rows, for results known to be small. */
  async toArray(): Promise<Row[]> {
    const rows: Row[] = [];
    for await (const batch of this.rows()) rows.push(...batch);
    return rows;
  }

  /**
   * Writes the rows to a local file; the extension tells the format: `.parquet`, `.csv`, `.jsonl`
   * (or `.ndjson`), `.json`, `.arrow` (or `.feather`). The file appears whole or not at all.
   *
   * @throws LakeError `invalid-input` for another extension.
   */
  async writeTo(file: string): Promise<{ readonly rows: bigint }> {
    const target = path.resolve(file);
    const extension = path.extname(target).toLowerCase();
    const unfinished = path.join(path.dirname(target), `.${path.basename(target)}.${newUuid()}`);
    try {
      const rows =
        extension === ".arrow" || extension === ".feather"
          ? await this.#writeArrow(unfinished)
          : await this.#copyTo(unfinished, copyOptions(extension, file));
      await rename(unfinished, target);
      return { rows };
    } finally {
      await rm(unfinished, { force: true });
      await this.close();
    }
  }

  /** Ends the query and frees its session. */
  async close(): Promise<void> {
    if (this.#state === "closed") return;
    this.#state = "closed";
    await this.#query.release();
  }

  async *#read<T>(items: (stream: ResultStream) => AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
    const { session, sql, columns, parameters, signal, explain } = this.#start();
    try {
      yield* items(await session.stream(variantsAsJson(sql, columns), { parameters, signal }));
    } catch (error) {
      throw await explain(error);
    } finally {
      await this.close();
    }
  }

  async #copyTo(file: string, options: string): Promise<bigint> {
    const { session, sql, parameters, signal, explain } = this.#start();
    try {
      return BigInt(
        await session.execute(`COPY (${sql}) TO ${quoteString(file)} (${options})`, { parameters, signal }),
      );
    } catch (error) {
      throw await explain(error);
    }
  }

  async #writeArrow(file: string): Promise<bigint> {
    let rows = 0n;
    const counted = async function* (
      batches: AsyncIterable<RecordBatch>,
    ): AsyncGenerator<RecordBatch, void, undefined> {
      for await (const batch of batches) {
        rows += BigInt(batch.numRows);
        yield batch;
      }
    };
    const { session, sql, columns, parameters, signal, explain } = this.#start();
    try {
      const stream = await session.stream(variantsAsJson(sql, columns), { parameters, signal });
      const writer = new RecordBatchFileWriter().reset(undefined, stream.arrowSchema satisfies Schema);
      const source = Readable.from(writer.toNodeStream());
      const writing = writer.writeAll(counted(stream.batches()));
      await Promise.all([writing, pipeline(source, createWriteStream(file))]);
      return rows;
    } catch (error) {
      throw await explain(error);
    }
  }

  #start(): BoundQuery {
    if (this.#state !== "bound") {
      throw new LakeError("invalid-input", "result-read-twice", "a result can be read once only", {
        hint: "Run the query again, or keep what toArray() gave.",
      });
    }
    this.#state = "running";
    return this.#query;
  }
}

function copyOptions(extension: string, file: string): string {
  switch (extension) {
    case ".parquet":
      return "FORMAT parquet, COMPRESSION zstd";
    case ".csv":
      return "FORMAT csv, HEADER";
    case ".json":
      return "FORMAT json, ARRAY true";
    case ".jsonl":
    case ".ndjson":
      return "FORMAT json";
    default:
      throw new LakeError(
        "invalid-input",
        "output-format",
        `cannot tell the format of ${file} from its name`,
        {
          hint: "End the name with .parquet, .csv, .jsonl, .json or .arrow.",
        },
      );
  }
}
