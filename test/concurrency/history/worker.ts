import { existsSync, readdirSync } from "node:fs";
import path from "node:path";
import { isLakeError, messageOf } from "../../../core/index.js";
import type { CallOptions, ObjectPath, ObjectStore, PutIfAbsentResult } from "../../../object-store/index.js";
import { openStore } from "../../../object-store/index.js";
import { type Lake, openLake } from "../../../src/index.js";
import { drawnFaults, type FaultPlan, type FaultRates, FaultyStore } from "../../support/faulty-store.js";
import { seededRandom } from "../seeded-random.js";
import { Compactor } from "./compaction.js";
import { JournalWriter, type Outcome, readJournal } from "./journal.js";
import { idOf, type Operation, type OperationMix, operationOf } from "./operations.js";
import { folderOf, type HistoryPlace } from "./place.js";
import { statementOf } from "./statement.js";

// A process that runs transactions on one table, on a store that fails, and keeps a journal of them.
// Usage: node worker.js CONFIG, JSON of a WorkerConfig. A process that takes over a journal goes on after its
// last transaction.

export interface WorkerConfig {
  readonly place: HistoryPlace;
  readonly table: string;
  readonly journal: string;
  readonly seed: number;
  /** Which worker it is, from 0. */
  readonly worker: number;
  /** Workers that there are. */
  readonly workers: number;
  /** How often the worker was started before. */
  readonly life: number;
  /** Transactions that it runs in all its lives. */
  readonly transactions: number;
  readonly mix: OperationMix;
  readonly rates: FaultRates;
  /** Rows that the table began with. */
  readonly firstRows: number;
}

/** Ids that only merges bring into the table, and more than one of them. */
const UNKNOWN_IDS = 60;

/** A table's store: what is put into its log is in the journal before. */
class JournaledStore extends FaultyStore {
  readonly #onPut: (version: number, txnId: string) => void;

  constructor(store: ObjectStore, plan: FaultPlan, onPut: (version: number, txnId: string) => void) {
    super(store, plan);
    this.#onPut = onPut;
  }

  override putIfAbsent(at: ObjectPath, data: Uint8Array, options?: CallOptions): Promise<PutIfAbsentResult> {
    const version = /^_delta_log\/(\d{20})\.json$/.exec(at)?.[1];
    if (version !== undefined) {
      const txnId = /"txnId":"([^"]+)"/.exec(Buffer.from(data).toString("utf8"))?.[1];
      this.#onPut(Number(version), txnId ?? "");
    }
    return super.putIfAbsent(at, data, options);
  }
}

async function run(config: WorkerConfig): Promise<void> {
  const { place, seed, worker, workers, life, transactions, mix, rates, firstRows } = config;
  const done = existsSync(config.journal)
    ? readJournal(config.journal).filter(({ at }) => at === "begin").length
    : 0;
  const journal = new JournalWriter(config.journal);
  const plan = drawnFaults(seededRandom(seed * 1_000_003 + worker * 1_009 + life), rates);
  // Nobody asks for a transaction before the process has opened its lake.
  let isOpen = false;
  let current: Operation | undefined;
  let puts = 0;
  const open = (uri: string): FaultyStore =>
    new JournaledStore(
      openStore(uri, { s3: place.s3 }),
      (call, at) => (isOpen ? plan(call, at) : { wait: 0, fault: "none" }),
      (version, txnId) => {
        if (current === undefined) return;
        puts++;
        journal.write({ at: "put", op: current.op, version, txnId });
      },
    );
  const lake = await openLake(place.lake, { threads: 1, memoryLimit: "300MB", openStore: open });
  const compactor = new Compactor(lake, open);
  try {
    const { location } = await lake.table(config.table);
    const log = path.join(folderOf(place, location), "_delta_log");
    isOpen = true;
    const knownIds = Array.from({ length: firstRows + UNKNOWN_IDS }, (_, at) => idOf(0, at));
    for (let index = done; index < transactions; index++) {
      const op = index * workers + worker + 1;
      const newest = newestVersion(log);
      const operation = operationOf(seed, op, mix, knownIds, newest);
      journal.write({ at: "begin", operation, newest });
      current = operation;
      puts = 0;
      const outcome = await outcomeOf(
        () => perform(lake, compactor, config.table, location, operation),
        () => puts,
      );
      current = undefined;
      journal.write({ at: "end", op, newest: newestVersion(log), outcome });
    }
  } finally {
    isOpen = false;
    await compactor.close();
    await lake.close();
    journal.close();
  }
}

/** Runs a transaction to its end, whatever that is. */
async function perform(
  lake: Lake,
  compactor: Compactor,
  table: string,
  location: string,
  operation: Operation,
): Promise<Outcome> {
  if (operation.kind === "compact") return compactor.compact(table, location, operation.files);
  const [report] = await (await lake.sql(statementOf(operation, table))).toArray();
  const version = report?.["version"];
  return { status: "done", version: version === undefined ? undefined : Number(version) };
}

/** What is certain about a transaction, as the program's answer has it. */
async function outcomeOf(work: () => Promise<Outcome>, puts: () => number): Promise<Outcome> {
  try {
    return await work();
  } catch (error) {
    const message = messageOf(error);
    if (!isLakeError(error)) return { status: "unknown", kind: "none", code: "not-a-lake-error", message };
    // Only a store that did not answer leaves it open what became of an entry that was put.
    const isOpen = error.kind === "unavailable" && error.code !== "commit-outcome" && puts() > 0;
    return { status: isOpen ? "unknown" : "failed", kind: error.kind, code: error.code, message };
  }
}

function newestVersion(log: string): number {
  const versions = readdirSync(log).flatMap((name) =>
    /^\d{20}\.json$/.test(name) ? [Number.parseInt(name, 10)] : [],
  );
  return Math.max(-1, ...versions);
}

// The documented border: the argument is a WorkerConfig of this version of the tests.
const config: WorkerConfig = JSON.parse(process.argv[2] ?? "{}");
await run(config);
