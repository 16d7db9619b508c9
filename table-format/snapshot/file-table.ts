import { type Engine, quoteIdentifier, type Session } from "../../engine/index.js";

/**
 * The live files of one version as a table of the engine, visible to every session: columns `path`
 * (URI-encoded, as in the log), `size`, `modification_time`, `partition_values`, `stats`, `tags`,
 * `deletion_vector` (a struct as the log has it, or NULL), `base_row_id`, `default_row_commit_version`,
 * `clustering_provider`.
 */
export class FileTable {
  readonly #engine: Engine;
  /** The engine's name of the table, quoted. */
  readonly relation: string;
  readonly count: number;
  readonly sizeInBytes: bigint;
  #users = 0;
  #retired = false;
  #dropped = false;

  private constructor(engine: Engine, relation: string, count: number, sizeInBytes: bigint) {
    this.#engine = engine;
    this.relation = relation;
    this.count = count;
    this.sizeInBytes = sizeInBytes;
  }

  /** Makes the table that `fill` creates under the name it is given; nothing of it is left when that fails. */
  static async make(
    engine: Engine,
    session: Session,
    fill: (relation: string) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<FileTable> {
    const relation = await newName(engine, session);
    try {
      await fill(relation);
      const [totals] = await session.rows(
        `SELECT count(*) AS files, coalesce(sum(size), 0)::BIGINT AS bytes FROM ${relation}`,
        { signal },
      );
      return new FileTable(engine, relation, Number(totals?.["files"]), BigInt(String(totals?.["bytes"])));
    } catch (error) {
      await session.execute(`DROP TABLE IF EXISTS ${relation}`);
      throw error;
    }
  }

  /** Keeps the table until it is given back; `false` when it is gone. */
  lend(): boolean {
    if (this.#dropped) return false;
    this.#users++;
    return true;
  }

  async giveBack(): Promise<void> {
    this.#users--;
    await this.#dropIfUnused();
  }

  async retire(): Promise<void> {
    this.#retired = true;
    await this.#dropIfUnused();
  }

  async #dropIfUnused(): Promise<void> {
    if (!this.#retired || this.#users > 0 || this.#dropped) return;
    this.#dropped = true;
    await this.#engine.withSession((session) => session.execute(`DROP TABLE IF EXISTS ${this.relation}`));
  }
}

/** The schema of the engine's database where file tables live, away from a user's own names. */
const FILE_TABLE_SCHEMA = "grizzly_files";
let fileTables = 0;

/** Making it in two sessions at once is a conflict for one of them, so each engine does so once. */
const schemas = new WeakMap<Engine, Promise<unknown>>();

async function newName(engine: Engine, session: Session): Promise<string> {
  const making =
    schemas.get(engine) ?? session.execute(`CREATE SCHEMA IF NOT EXISTS memory.${FILE_TABLE_SCHEMA}`);
  schemas.set(engine, making);
  try {
    await making;
  } catch (error) {
    schemas.delete(engine);
    throw error;
  }
  return `memory.${FILE_TABLE_SCHEMA}.${quoteIdentifier(`files_${++fileTables}`)}`;
}
