import { LakeError } from "../../core/index.js";
import { type Engine, quoteIdentifier } from "../../engine/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import type { Metadata, Protocol, SetTransaction } from "../log/actions.js";
import type { LogSegment } from "../log/segment.js";
import type { Version } from "../log/version.js";
import { parseSchema, type StructType } from "../schema/index.js";
import { replayFiles, type TableState } from "./replay.js";

/** The folder of one table: a store whose root is that folder, the engine that replays its log. */
export interface TableFolder {
  readonly store: ObjectStore;
  readonly engine: Engine;
}

/**
 * One version of a table, immutable. Cheap to make: its list of files is replayed when first asked
 * for, into a table of the engine, never into the JavaScript heap.
 */
export class Snapshot {
  readonly folder: TableFolder;
  readonly segment: LogSegment;
  readonly state: TableState;
  readonly schema: StructType;
  #files: Promise<FileTable> | undefined;

  constructor(folder: TableFolder, segment: LogSegment, state: TableState) {
    this.folder = folder;
    this.segment = segment;
    this.state = state;
    this.schema = parseSchema(state.metadata.schemaString);
  }

  get version(): Version {
    return this.segment.version;
  }

  get metadata(): Metadata {
    return this.state.metadata;
  }

  get protocol(): Protocol {
    return this.state.protocol;
  }

  get transactions(): ReadonlyMap<string, SetTransaction> {
    return this.state.transactions;
  }

  /** When this version was committed: the file's own time, in milliseconds since the epoch. */
  get timestamp(): number {
    const last = this.segment.commits.at(-1) ?? this.segment.checkpoint?.files[0];
    if (last === undefined) throw new LakeError("internal", "empty-segment", "a segment holds no file");
    return last.lastModified;
  }

  /** Lends the file table to `work`; it stays until `work` is done, whatever {@link retire} says. */
  async withFiles<T>(work: (files: FileTable) => Promise<T>, signal?: AbortSignal): Promise<T> {
    this.#files ??= this.#replay(signal).catch((error: unknown) => {
      this.#files = undefined;
      throw error;
    });
    const files = await this.#files;
    files.lend();
    try {
      return await work(files);
    } finally {
      await files.giveBack();
    }
  }

  /** Frees the file table as soon as nobody uses it. The snapshot may still be used: it replays again. */
  async retire(): Promise<void> {
    const files = this.#files;
    this.#files = undefined;
    await (await files)?.retire();
  }

  async #replay(signal: AbortSignal | undefined): Promise<FileTable> {
    const { engine, store } = this.folder;
    return engine.withSession(async (session) => {
      const relation = await newFileTableName(session);
      await replayFiles(session, store, this.segment, relation, store.uri, signal);
      const [totals] = await session.rows(
        `SELECT count(*) AS files, coalesce(sum(size), 0)::BIGINT AS bytes FROM ${relation}`,
        { signal },
      );
      return new FileTable(engine, relation, Number(totals?.["files"]), BigInt(String(totals?.["bytes"])));
    });
  }
}

/**
 * The live files of one version as a table of the engine, visible to every session: columns `path`
 * (URI-encoded, as in the log), `size`, `modification_time`, `partition_values`, `stats`, `tags`.
 */
export class FileTable {
  readonly #engine: Engine;
  /** The engine's name of the table, quoted. */
  readonly relation: string;
  readonly count: number;
  readonly sizeInBytes: bigint;
  #users = 0;
  #retired = false;

  constructor(engine: Engine, relation: string, count: number, sizeInBytes: bigint) {
    this.#engine = engine;
    this.relation = relation;
    this.count = count;
    this.sizeInBytes = sizeInBytes;
  }

  lend(): void {
    this.#users++;
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
    if (!this.#retired || this.#users > 0) return;
    await this.#engine.withSession((session) => session.execute(`DROP TABLE IF EXISTS ${this.relation}`));
  }
}

/** The schema of the engine's database where file tables live, away from a user's own names. */
const FILE_TABLE_SCHEMA = "grizzly_files";
let fileTables = 0;

async function newFileTableName(session: { execute(sql: string): Promise<number> }): Promise<string> {
  await session.execute(`CREATE SCHEMA IF NOT EXISTS memory.${FILE_TABLE_SCHEMA}`);
  return `memory.${FILE_TABLE_SCHEMA}.${quoteIdentifier(`files_${++fileTables}`)}`;
}
