import { cp } from "node:fs/promises";
import path from "node:path";
import { expect } from "vitest";
import { openStore } from "../../object-store/index.js";
import { HaltingStore, Life } from "../support/halting-store.js";
import { LakeOfTransactions } from "../support/lake-of-transactions.js";
import { temporaryFolder } from "../support/temporary-folder.js";

/** One process that works on a copy of a lake until it is done or stops. */
export interface Worker {
  readonly lake: LakeOfTransactions;
  readonly life: Life;
}

/** A lake with two tables, and copies of it to work on. */
export class CrashScene {
  readonly #folder: string;
  readonly #original: string;
  #copies = 0;

  private constructor(folder: string, original: string) {
    this.#folder = folder;
    this.#original = original;
  }

  /** @param prepare makes the two tables `a` and `b` */
  static async make(prepare: (lake: LakeOfTransactions) => Promise<void>): Promise<CrashScene> {
    const folder = await temporaryFolder();
    const original = path.join(folder, "original");
    const lake = await LakeOfTransactions.open(original);
    await prepare(lake);
    await lake.close();
    return new CrashScene(folder, original);
  }

  /** @param of a lake to copy; default the first one */
  async copy(of: string = this.#original): Promise<string> {
    const to = path.join(this.#folder, `copy-${this.#copies++}`);
    await cp(of, to, { recursive: true });
    return to;
  }
}

/** A process on a lake. */
export async function worker(folder: string): Promise<Worker> {
  const life = new Life();
  const lake = await LakeOfTransactions.open(folder, (uri) => new HaltingStore(openStore(uri), life));
  return { lake, life };
}

/**
 * Lets `work` stop before each of its writes in turn, then lets `look` see what is left, each time in a copy of
 * the lake.
 *
 * @param before is run whole, and gives what `work` does and counts as its writes
 * @returns what was found after so many writes, the last time after all of them
 */
export async function atEachWrite<T>(
  scene: CrashScene,
  from: string | undefined,
  before: (worker: Worker) => Promise<() => Promise<unknown>>,
  look: (folder: string, writes: readonly string[]) => Promise<T>,
): Promise<T[]> {
  const found: T[] = [];
  for (let writes = 0; ; writes++) {
    const folder = await scene.copy(from);
    const { lake, life } = await worker(folder);
    const work = await before({ lake, life });
    life.writes.length = 0;
    life.endAfter(writes);
    const isDone = await Promise.race([work().then(() => true), life.stopped.then(() => false)]);
    expect(life.writes.length, life.writes.join("\n")).toBeLessThanOrEqual(writes);
    found.push(await look(folder, life.writes));
    if (isDone) return found;
  }
}
