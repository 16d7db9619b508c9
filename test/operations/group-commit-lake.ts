import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import {
  type AdoptedFile,
  type CallOptions,
  LocalStore,
  type ObjectPath,
  type ObjectStore,
  type PutIfAbsentResult,
  type PutOptions,
} from "../../object-store/index.js";
import { type Lake, openLake } from "../../src/index.js";
import { type FaultPlan, FaultyStore } from "../support/faulty-store.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** An entry of a table's log, below the table's folder. */
export const ENTRY = /^_delta_log\/\d{20}\.json$/;

type Seen = "entries" | "adopted";

/** Holds entries on their way to a log of a table, while it is closed. */
export class Gate {
  /** How many entries may pass. */
  #passes = Number.POSITIVE_INFINITY;
  /** Those at the gate, in the order in which they came. */
  #held: (() => void)[] = [];
  /** How many entries have come, and how often files have become objects of a table, since it was closed. */
  readonly #seen: Record<Seen, number> = { entries: 0, adopted: 0 };
  #waits: { readonly what: Seen; readonly count: number; readonly done: () => void }[] = [];

  close(): void {
    this.#passes = 0;
    this.#seen.entries = 0;
    this.#seen.adopted = 0;
  }

  open(): void {
    this.let(Number.POSITIVE_INFINITY);
  }

  /** Lets so many entries pass, now or when they come. */
  let(entries: number): void {
    this.#passes += entries;
    for (const each of this.#held.splice(0, this.#passes)) {
      this.#passes--;
      each();
    }
  }

  /** Until there have been so many since the gate was closed. */
  until(what: Seen, count: number): Promise<void> {
    return new Promise((done) => {
      this.#waits.push({ what, count, done });
      this.#tell();
    });
  }

  async pass(): Promise<void> {
    const passing = new Promise<void>((resolve) => this.#held.push(resolve));
    this.let(0);
    this.saw("entries");
    await passing;
  }

  saw(what: Seen): void {
    this.#seen[what]++;
    this.#tell();
  }

  #tell(): void {
    const done = this.#waits.filter(({ what, count }) => this.#seen[what] >= count);
    this.#waits = this.#waits.filter((wait) => !done.includes(wait));
    for (const wait of done) wait.done();
  }
}

class GatedStore extends LocalStore {
  readonly #gate: Gate;

  constructor(root: string, gate: Gate) {
    super(root);
    this.#gate = gate;
  }

  override async putIfAbsent(
    object: ObjectPath,
    data: Uint8Array,
    options?: PutOptions,
  ): Promise<PutIfAbsentResult> {
    if (ENTRY.test(object)) await this.#gate.pass();
    return super.putIfAbsent(object, data, options);
  }

  override async adopt(files: readonly AdoptedFile[], options?: CallOptions): Promise<void> {
    await super.adopt(files, options);
    this.#gate.saw("adopted");
  }
}

export interface GatedLake {
  readonly lake: Lake;
  readonly gate: Gate;
  /** The same lake, as another process has it: without the gate. */
  readonly other: Lake;
}

/**
 * A lake with a table `t`, in a new folder; it goes when the running test is over.
 *
 * @param faults what goes wrong before and behind the gate
 */
export async function gatedLake(create: string, faults?: FaultPlan): Promise<GatedLake> {
  const folder = path.join(await temporaryFolder(), "lake");
  const gate = new Gate();
  const openStore = (uri: string): ObjectStore => {
    const store = new GatedStore(uri.startsWith("file:") ? fileURLToPath(uri) : uri, gate);
    return faults === undefined ? store : new FaultyStore(store, faults);
  };
  const lake = await openLake(folder, { openStore });
  const other = await openLake(folder, { threads: 1 });
  onTestFinished(async () => {
    await lake.close();
    await other.close();
  });
  await run(lake, create);
  return { lake, gate, other };
}

export async function run(lake: Lake, sql: string): Promise<void> {
  await (await lake.sql(sql)).close();
}

/**
 * Starts an insert whose entry waits at the gate, then others, which wait for it.
 *
 * @returns what all of them promise, once the gate may be opened
 */
export async function behindOne<T>(
  gate: Gate,
  first: () => Promise<T>,
  others: readonly (() => Promise<T>)[],
): Promise<readonly Promise<T>[]> {
  gate.close();
  const begun = [first()];
  await gate.until("entries", 1);
  begun.push(...others.map((each) => each()));
  // Whoever fails before the gate is opened is looked at later.
  for (const each of begun) each.catch(() => {});
  await gate.until("adopted", begun.length);
  // What comes between the files and the queue takes some turns of the loop.
  for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate);
  return begun;
}

export async function rowsOf(lake: Lake, sql: string): Promise<unknown[]> {
  return (await lake.sql(sql)).toArray();
}

/** Nothing is wrong with the table, and nothing lies about. */
export async function expectSoundTable(lake: Lake, table = "t"): Promise<void> {
  expect((await (await lake.table(table)).fsck()).findings).toEqual([]);
}
