import { cancelledError, throwIfCancelled } from "../../core/index.js";
import { onAbort } from "./abort-listeners.js";

/** A number of permits, lent in the order in which they are asked for. */
export class Permits {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs `work` with a permit. @throws LakeError `cancelled` when the signal fires before there is one. */
  async with<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    await this.#acquire(signal);
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  async #acquire(signal: AbortSignal | undefined): Promise<void> {
    throwIfCancelled(signal);
    if (this.#free > 0) {
      this.#free--;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const take = (): void => {
        forget();
        resolve();
      };
      this.#waiting.add(take);
      const forget = onAbort(signal, () => {
        this.#waiting.delete(take);
        if (signal !== undefined) reject(cancelledError(signal));
      });
    });
  }

  /** The permit goes to who has waited longest. */
  #release(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(next);
    next();
  }
}
