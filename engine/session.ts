import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  type DuckDBExtractedStatements,
  type DuckDBPreparedStatement,
  type DuckDBResult,
  type DuckDBValue,
  ResultReturnType,
  StatementType,
} from "@duckdb/node-api";
import type { RecordBatch, Schema } from "apache-arrow";
import { type JsonObject, LakeError, messageOf, throwIfCancelled } from "../core/index.js";
import { loadArrow } from "./arrow/index.js";
import { toLakeError } from "./errors.js";
import { type ChunkSource, columnNamesOf, type ResultColumn, ResultStream } from "./result-stream.js";
import { rowsOf } from "./rows.js";
import { quoteString } from "./sql-text.js";
import { parseSyntaxTree } from "./syntax-tree.js";
import { typeText } from "./type-text.js";
import type { Row } from "./value.js";

/** Values for `?`/`$1` (array) or `$name` (record). Bound by the engine, never spliced into text. */
export type Parameters = readonly DuckDBValue[] | Readonly<Record<string, DuckDBValue>>;

export interface RunOptions {
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * How often an abort is repeated, in milliseconds, until the statement ends. The engine forgets an
 * interrupt that arrives before the statement itself, which waits for a worker thread.
 */
const INTERRUPT_INTERVAL_MS = 10;

/**
 * One connection to the engine, for one piece of work at a time. Temporary tables, views and
 * variables belong to the session. The time zone is UTC.
 */
export class Session {
  readonly #connection: DuckDBConnection;
  readonly #running = new Set<Promise<unknown>>();
  readonly #kept: (() => Promise<void>)[] = [];
  #bound: BoundStatement | undefined;
  #statements = 0;
  #closed = false;

  constructor(connection: DuckDBConnection) {
    this.#connection = connection;
  }

  /** The bindings' own connection, for the rest of this room. */
  get connection(): DuckDBConnection {
    return this.#connection;
  }

  /** Calls `giveBack` when the session ends: what its statements read is to stay until then. */
  keep(giveBack: () => Promise<void>): void {
    this.#kept.push(giveBack);
  }

  /** Runs one or more statements to their end; gives the rows changed by the last one. */
  async execute(sql: string, options: RunOptions = {}): Promise<number> {
    const result = await this.#run(sql, options);
    return result.rowsChanged;
  }

  /** Runs a query and gives all its rows; for results known to be small. */
  async rows(sql: string, options: RunOptions = {}): Promise<Row[]> {
    const result = await this.#run(sql, options);
    const names = columnNamesOf(result);
    const types = result.columnTypes();
    const chunks = await this.#guard(options.signal, () => result.fetchAllChunks());
    return chunks.flatMap((chunk) => rowsOf(names, types, chunk));
  }

  /**
   * The columns of a statement without parameters, found by binding it and not by running it. Names are
   * as the statement gives them, even one twice. (A type may depend on the value of a parameter.) What
   * was bound is kept for a {@link stream} of the same text.
   */
  async columns(sql: string, signal?: AbortSignal): Promise<ResultColumn[]> {
    return this.#guard(signal, async () => {
      const prepared = await (await this.#statementsOf(sql)).prepare(0);
      this.#dropBound();
      this.#bound = { sql, prepared };
      return Array.from({ length: prepared.columnCount }, (_, index) => ({
        name: prepared.columnName(index),
        type: typeText(prepared.columnType(index)),
      }));
    });
  }

  /**
   * Starts a query whose rows are pulled as they are made. The next statement on this session ends
   * it: read it to its end, or close it, first.
   */
  async stream(sql: string, options: RunOptions = {}): Promise<ResultStream> {
    let statement = 0;
    const result = await this.#guard(options.signal, () => {
      statement = ++this.#statements;
      const bound = this.#bound;
      if (options.parameters === undefined && bound?.sql === sql) {
        return bound.prepared.stream().finally(() => this.#dropBound());
      }
      return this.#last(sql, options.parameters, (prepared) => prepared.stream());
    });
    const running: RunningQuery = {
      sql,
      options,
      statement,
      result,
      isSelect: result.statementType === StatementType.SELECT,
    };
    const source: ChunkSource = {
      pull: (take) => this.#pull(running, take),
      abandon: () => this.#abandon(running),
    };
    return new ResultStream(source, result);
  }

  /**
   * Makes the temporary table `table` of this session and fills it with the rows of `batches`;
   * gives their number. On any failure the table is gone.
   *
   * @throws LakeError `unsupported` for an Arrow type the engine has no equal for, `invalid-input`
   * for a value that its column cannot hold; both name the column.
   */
  async loadArrow(
    table: string,
    schema: Schema,
    batches: AsyncIterable<RecordBatch> | Iterable<RecordBatch>,
    options: LoadOptions = {},
  ): Promise<bigint> {
    return loadArrow(this, table, schema, batches, options.signal);
  }

  /** 0 to 100 for the statement that runs, or -1 when the engine cannot tell. */
  get progressPercent(): number {
    return this.#connection.progress.percentage;
  }

  /**
   * The syntax tree of SELECT statements, as DuckDB's `json_serialize_sql` gives it.
   *
   * @throws LakeError `invalid-input` with the parser's message and position, `unsupported` for a number
   * literal beyond the range of DOUBLE.
   */
  async parse(sql: string): Promise<JsonObject> {
    const [row] = await this.rows(`SELECT json_serialize_sql(${quoteString(sql)}) AS tree`);
    return parseSyntaxTree(String(row?.["tree"]));
  }

  /**
   * Ends the session with everything temporary in it. What still runs is interrupted and waited
   * for: a connection closed under a running statement would never answer it.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#running.size > 0) {
      const stop = repeatInterrupt(this.#connection);
      await Promise.allSettled(this.#running);
      stop();
    }
    this.#dropBound();
    this.#connection.closeSync();
    for (const giveBack of this.#kept.splice(0)) await giveBack();
  }

  #dropBound(): void {
    this.#bound?.prepared.destroySync();
    this.#bound = undefined;
  }

  #run(sql: string, options: RunOptions): Promise<DuckDBResult> {
    return this.#guard(options.signal, () => {
      this.#statements++;
      if (options.parameters === undefined && !sql.includes(";")) return this.#single(sql);
      return this.#last(sql, options.parameters, (prepared) => prepared.run());
    });
  }

  /** Runs a text of at most one statement, which takes one call of the engine and not three. */
  async #single(sql: string): Promise<DuckDBResult> {
    const result = await this.#connection.run(sql);
    if (result.statementType === StatementType.INVALID) throw noStatement();
    return result;
  }

  /** Runs every statement of `sql` but the last to its end, and the last one, with the parameters, by `start`. */
  async #last(
    sql: string,
    parameters: Parameters | undefined,
    start: (prepared: DuckDBPreparedStatement) => Promise<DuckDBResult>,
  ): Promise<DuckDBResult> {
    const statements = await this.#statementsOf(sql);
    for (let index = 0; index < statements.count - 1; index++) {
      await withPrepared(await statements.prepare(index), (prepared) => prepared.run());
    }
    return withPrepared(await statements.prepare(statements.count - 1), (prepared) => {
      if (parameters !== undefined) bind(prepared, parameters);
      return start(prepared);
    });
  }

  async #statementsOf(sql: string): Promise<DuckDBExtractedStatements> {
    try {
      return await this.#connection.extractStatements(sql);
    } catch (error) {
      const failure = toLakeError(error);
      // A text without any statement is what the bindings refuse without a reason.
      if (failure.code !== "engine") throw failure;
      throw noStatement(error);
    }
  }

  /** Runs `work`, interrupting the engine when the signal fires, and turns its errors into ours. */
  async #guard<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    throwIfCancelled(signal);
    if (this.#closed) throw new LakeError("internal", "session-closed", "the session is closed");
    let stop = (): void => {};
    const onAbort = (): void => {
      stop = repeatInterrupt(this.#connection);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } catch (error) {
      throw toLakeError(error, signal);
    } finally {
      this.#running.delete(running);
      signal?.removeEventListener("abort", onAbort);
      stop();
    }
  }

  /** See {@link ChunkSource}. One guard for many chunks: what is allocated for each hastens collections. */
  async #pull(running: RunningQuery, take: (chunk: DuckDBDataChunk) => boolean): Promise<boolean> {
    const { result, options, statement } = running;
    const isMore = await this.#guard(options.signal, async () => {
      running.ahead ??= await result.fetchChunk();
      for (;;) {
        const chunk = running.ahead;
        if (chunk === null || chunk.rowCount === 0) return false;
        // The engine makes the next chunk while this one is taken.
        const ahead = result.fetchChunk();
        try {
          if (!take(chunk)) return true;
        } finally {
          running.ahead = await ahead;
        }
        throwIfCancelled(options.signal);
      }
    });
    if (isMore) return true;
    // A stream that fails ends like one that is exhausted: the fetch gives no chunk and no error.
    // The failure shows in the result, whose type becomes invalid.
    if (result.returnType !== ResultReturnType.INVALID) return false;
    throwIfCancelled(options.signal);
    if (statement !== this.#statements) {
      throw new LakeError(
        "internal",
        "stream-superseded",
        "the next statement of the session ended this stream",
        {
          hint: "Read a stream to its end, or close it, before the session's next statement.",
        },
      );
    }
    throw await this.#reasonOfFailure(running);
  }

  /**
   * Why a stream broke off. The bindings do not hand over that text, so a SELECT runs once more
   * with its rows thrown away, which meets the same error. Nothing else is run twice.
   */
  async #reasonOfFailure({ sql, options, isSelect }: RunningQuery): Promise<LakeError> {
    const failure = new LakeError("internal", "stream-failed", "the query failed while its rows were read");
    const statements = await this.#guard(options.signal, () => this.#statementsOf(sql));
    if (!isSelect || statements.count !== 1) return failure;
    try {
      await this.#run(`EXPLAIN ANALYZE ${sql}`, options);
      return failure;
    } catch (error) {
      return toLakeError(error, options.signal);
    }
  }

  /** Stops a stream that is not read to its end and lets go of what the engine holds for it. */
  async #abandon({ result, statement }: RunningQuery): Promise<void> {
    if (this.#closed || statement !== this.#statements) return;
    const stop = repeatInterrupt(this.#connection);
    try {
      await this.#guard(undefined, async () => {
        for (;;) {
          const chunk = await result.fetchChunk();
          if (chunk === null || chunk.rowCount === 0) return;
        }
      });
    } finally {
      stop();
    }
  }
}

/** A statement that is bound and has not begun to run. */
interface BoundStatement {
  readonly sql: string;
  readonly prepared: DuckDBPreparedStatement;
}

/** A query whose rows are being read. */
interface RunningQuery {
  readonly sql: string;
  readonly options: RunOptions;
  /** Its number among the session's statements. */
  readonly statement: number;
  readonly result: DuckDBResult;
  /** The chunk fetched last, when it is not taken yet; null at the end. */
  ahead?: DuckDBDataChunk | null;
  /** Asked before the first row: a result that failed has forgotten it. */
  readonly isSelect: boolean;
}

function noStatement(cause?: unknown): LakeError {
  return new LakeError("invalid-input", "sql-empty", "there is no SQL statement to run", { cause });
}

/** Interrupts now and again until the returned function is called. */
function repeatInterrupt(connection: DuckDBConnection): () => void {
  connection.interrupt();
  const timer = setInterval(() => connection.interrupt(), INTERRUPT_INTERVAL_MS);
  return () => clearInterval(timer);
}

async function withPrepared<T>(
  prepared: DuckDBPreparedStatement,
  work: (prepared: DuckDBPreparedStatement) => Promise<T>,
): Promise<T> {
  try {
    return await work(prepared);
  } finally {
    prepared.destroySync();
  }
}

/** @throws LakeError `invalid-input` for a parameter the statement does not have. */
function bind(prepared: DuckDBPreparedStatement, parameters: Parameters): void {
  try {
    prepared.bind(isPositional(parameters) ? [...parameters] : { ...parameters });
  } catch (error) {
    throw new LakeError(
      "invalid-input",
      "sql-parameters",
      `the statement does not take these parameters: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
}

function isPositional(parameters: Parameters): parameters is readonly DuckDBValue[] {
  return Array.isArray(parameters);
}
