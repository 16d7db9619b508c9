import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { LakeError, stringifyJson } from "../core/index.js";
import { toLakeError } from "./errors.js";
import { Session } from "./session.js";
import { makeSpillDirectory, removeSpillDirectory } from "./spill-directory.js";

export interface EngineOptions {
  /** DuckDB's limit on its own memory, `"4GB"`; default 80% of the machine's. */
  readonly memoryLimit?: string | undefined;
  /**
   * Where work that outgrows the limit spills. Default: a folder of this engine's own under the
   * operating system's temporary folder, readable by this user only and gone after `close`.
   */
  readonly tempDirectory?: string | undefined;
  /** Worker threads; default one per core, and more for work that asks for them. */
  readonly threads?: number | undefined;
  /** Optimizers to switch off, DuckDB's names. Set once: the setting is the instance's. */
  readonly disabledOptimizers?: readonly string[] | undefined;
}

// Settings of a connection, not of the instance. The engine keeps no progress unless the bar is
// on; "print" keeps the bar itself off the terminal.
const CONNECTION_SETTINGS = "SET enable_progress_bar = true; SET enable_progress_bar_print = false";

/** One in-process DuckDB. Extensions are never fetched; the time zone is UTC. */
export class Engine {
  readonly #instance: DuckDBInstance;
  readonly #threadsAreChosen: boolean;
  #usualThreads: number | undefined;
  /** What the latest work has asked for. */
  #extraThreads: number | undefined;
  readonly #sessions = new Set<Session>();
  readonly #ownSpillDirectory: string | undefined;
  #closed = false;

  private constructor(
    instance: DuckDBInstance,
    ownSpillDirectory: string | undefined,
    threadsAreChosen: boolean,
  ) {
    this.#instance = instance;
    this.#ownSpillDirectory = ownSpillDirectory;
    this.#threadsAreChosen = threadsAreChosen;
  }

  /** @throws LakeError `invalid-input` when an option is not one DuckDB takes. */
  static async open(options: EngineOptions = {}): Promise<Engine> {
    const ownSpillDirectory = options.tempDirectory === undefined ? makeSpillDirectory() : undefined;
    const config: Record<string, string> = {
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      allow_community_extensions: "false",
      temp_directory: options.tempDirectory ?? ownSpillDirectory ?? "",
    };
    if (options.memoryLimit !== undefined) config["memory_limit"] = options.memoryLimit;
    if (options.threads !== undefined) config["threads"] = String(options.threads);
    if (options.disabledOptimizers !== undefined)
      config["disabled_optimizers"] = options.disabledOptimizers.join(",");
    try {
      const instance = await DuckDBInstance.create(":memory:", config);
      // The time zone is a setting of ICU, which the instance knows only once it is open.
      await usingConnection(instance, (connection) => connection.run("SET GLOBAL TimeZone = 'UTC'"));
      return new Engine(instance, ownSpillDirectory, options.threads !== undefined);
    } catch (error) {
      if (ownSpillDirectory !== undefined) removeSpillDirectory(ownSpillDirectory);
      const failure = toLakeError(error);
      if (failure.code !== "engine") throw failure;
      // The bindings refuse a setting without saying which or why.
      throw new LakeError(
        "invalid-input",
        "engine-option",
        `DuckDB does not take the options ${stringifyJson(options)}`,
        {
          cause: error,
        },
      );
    }
  }

  /**
   * Sets the worker threads for the work that begins now: `count` at least, or as many as there usually
   * are; their number stays when it was an option. More threads than cores slow queries down, and a
   * change costs tens of milliseconds, so it is left to the next work to take extra threads back.
   */
  async useThreads(count?: number): Promise<void> {
    if (this.#threadsAreChosen || count === this.#extraThreads) return;
    this.#extraThreads = count;
    await usingConnection(this.#instance, async (connection) => {
      this.#usualThreads ??= await currentThreads(connection);
      await connection.run(`SET GLOBAL threads = ${Math.max(this.#usualThreads, count ?? 0)}`);
    });
  }

  /** A session of its own for `work`, closed when `work` settles. */
  async withSession<T>(work: (session: Session) => Promise<T>): Promise<T> {
    const session = await this.acquire();
    try {
      return await work(session);
    } finally {
      await this.release(session);
    }
  }

  /**
   * A new session. There is no pool: a connection costs a fraction of a millisecond, and a used one
   * would carry its temporary tables, variables and settings to the next user.
   */
  async acquire(): Promise<Session> {
    if (this.#closed) throw new LakeError("internal", "engine-closed", "the engine is closed");
    try {
      const connection = await this.#instance.connect();
      await connection.run(CONNECTION_SETTINGS);
      const session = new Session(connection);
      this.#sessions.add(session);
      return session;
    } catch (error) {
      throw toLakeError(error);
    }
  }

  /** Ends a session; a statement it still runs is interrupted. */
  async release(session: Session): Promise<void> {
    this.#sessions.delete(session);
    await session.close();
  }

  /** Ends every session and removes the spill directory, when it is the engine's own. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#sessions].map((session) => this.release(session)));
    this.#instance.closeSync();
    if (this.#ownSpillDirectory !== undefined) removeSpillDirectory(this.#ownSpillDirectory);
  }
}

async function currentThreads(connection: DuckDBConnection): Promise<number> {
  const result = await connection.runAndReadAll("SELECT current_setting('threads')");
  return Number(result.getRows()[0]?.[0]);
}

async function usingConnection(
  instance: DuckDBInstance,
  work: (connection: DuckDBConnection) => Promise<unknown>,
): Promise<void> {
  const connection = await instance.connect();
  try {
    await work(connection);
  } finally {
    connection.closeSync();
  }
}
