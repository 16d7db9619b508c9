import type { Clock } from "../../../core/index.js";
import type { Engine, Session } from "../../../engine/index.js";
import { type ObjectStore, objectPath } from "../../../object-store/index.js";
import type { FoundFile, LandedFile } from "../../../src/operations/landing/ledger/landed-file.js";
import {
  type Ledger,
  openLedger,
  type StagedLedger,
  type StageOptions,
} from "../../../src/operations/landing/ledger/ledger.js";
import { LEDGER_FOLDER } from "../../../src/operations/landing/ledger/ledger-version.js";
import {
  type CommitOutcome,
  DeltaTable,
  type Snapshot,
  type StagedCommit,
} from "../../../table-format/index.js";
import { pathsOf } from "../../support/object-stores.js";

const COMMIT: StagedCommit = {
  operation: "WRITE",
  operationParameters: { mode: "Append" },
  operationMetrics: {},
  adds: [],
  replaces: { kind: "none" },
  engineInfo: "test",
};

const CREATE: StagedCommit = {
  ...COMMIT,
  operation: "CREATE TABLE",
  protocol: {
    minReaderVersion: 1,
    minWriterVersion: 2,
    readerFeatures: undefined,
    writerFeatures: undefined,
  },
  metadata: {
    id: "table-id",
    name: undefined,
    description: undefined,
    provider: "parquet",
    formatOptions: {},
    schemaString: '{"type":"struct","fields":[{"name":"a","type":"long","nullable":true,"metadata":{}}]}',
    partitionColumns: [],
    configuration: {},
    createdTime: undefined,
  },
};

/** A clock that stands still until it is moved. */
export class StoppedClock implements Clock {
  #now = Date.UTC(2026, 10, 20);

  now(): number {
    return this.#now;
  }

  forward(ms: number): void {
    this.#now += ms;
  }
}

export const HOUR = 3_600_000;

/** A real table without rows, whose commits name versions of its ledger. */
export class LedgerTable {
  readonly clock = new StoppedClock();
  readonly store: ObjectStore;
  readonly #engine: Engine;
  readonly #session: Session;

  private constructor(store: ObjectStore, engine: Engine, session: Session) {
    this.store = store;
    this.#engine = engine;
    this.#session = session;
  }

  static async create(
    store: ObjectStore,
    engine: Engine,
    session: Session,
    configuration: Readonly<Record<string, string>> = {},
  ): Promise<LedgerTable> {
    const table = new LedgerTable(store, engine, session);
    const metadata = CREATE.metadata && { ...CREATE.metadata, configuration };
    await table.#delta().commit(undefined, { ...CREATE, metadata });
    return table;
  }

  /** As a process sees it that has not looked at it before. */
  snapshot(): Promise<Snapshot> {
    return this.#delta().snapshot();
  }

  ledger(read: Snapshot): Promise<Ledger> {
    return openLedger(read.folder, read, { clock: this.clock });
  }

  async stage(
    read: Snapshot,
    landed: readonly LandedFile[],
    options: StageOptions = {},
  ): Promise<StagedLedger> {
    return (await this.ledger(read)).stage(this.#session, landed, options);
  }

  commit(read: Snapshot, staged: StagedLedger): Promise<CommitOutcome> {
    return this.#delta().commit(read, { ...COMMIT, transactions: [staged.transaction] });
  }

  /** Stages, commits and tidies. */
  async land(landed: readonly LandedFile[], options: StageOptions = {}): Promise<void> {
    const read = await this.snapshot();
    const staged = await this.stage(read, landed, options);
    const outcome = await this.commit(read, staged);
    if (outcome.status !== "committed") throw new Error("nobody else lands files here");
    await staged.tidy();
  }

  async compare(found: readonly FoundFile[]): Promise<Verdicts> {
    const ledger = await this.ledger(await this.snapshot());
    const { fresh, unchanged, touched } = await ledger.compare(this.#session, found);
    return { fresh, unchanged, touched };
  }

  /** Names of the files in the ledger's folder. */
  async files(): Promise<string[]> {
    const paths = await pathsOf(this.store.list(`${LEDGER_FOLDER}/`));
    return paths.map((path) => path.slice(LEDGER_FOLDER.length + 1));
  }

  file(name: string): ReturnType<typeof objectPath> {
    return objectPath(`${LEDGER_FOLDER}/${name}`);
  }

  #delta(): DeltaTable {
    return new DeltaTable({ store: this.store, engine: this.#engine });
  }
}

export interface Verdicts {
  readonly fresh: readonly FoundFile[];
  readonly unchanged: readonly FoundFile[];
  readonly touched: readonly { readonly found: FoundFile; readonly landed: LandedFile }[];
}

/** A file by number, as its `edition` is. */
export function landedFile(number: number, edition = 0): LandedFile {
  return {
    uri: `file:///data/it's%20${number % 7}/part-${String(number).padStart(7, "0")}.jsonl`,
    size: 200 + ((number * 31 + edition) % 400),
    modificationTime: 1_763_600_000_000 + number * 13 + edition,
    hash: `${(number * 16_777_619 + edition).toString(16)}`.padStart(32, "0"),
  };
}

export function landedFiles(from: number, count: number, edition = 0): LandedFile[] {
  return Array.from({ length: count }, (_, index) => landedFile(from + index, edition));
}

export function found({ uri, size, modificationTime }: LandedFile): FoundFile {
  return { uri, size, modificationTime };
}
