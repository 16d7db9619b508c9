import { setMaxListeners } from "node:events";
import { cancelledError } from "../../core/index.js";

export interface SlotLimits {
  /** At a time. */
  readonly requests: number;
  /** At a time, of all requests together. One that is larger goes alone. */
  readonly bytes: number;
}

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Lets so many requests go at a time, of all who ask. Who waits is taken in turn, one request of each, so that one who
 * asks for much does not hold up the others.
 */
export class RequestSlots {
  readonly #limits: SlotLimits;
  /** By who asked, in the order in which they are next. */
  readonly #waiting = new Map<object, Waiting[]>();
  #requests = 0;
  #bytes = 0;

  constructor(limits: SlotLimits) {
    this.#limits = limits;
  }

  /**
   * Does the work when there is room for it.
   *
   * @param bytes that it holds in memory
   * @throws LakeError `cancelled` as soon as the signal fires while it waits, or what the work throws.
   */
  async run<T>(
    owner: object,
    bytes: number,
    signal: AbortSignal | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    await this.#turn(owner, bytes, signal);
    try {
      return await work();
    } finally {
      this.#requests--;
      this.#bytes -= bytes;
      this.#next();
    }
  }

  #turn(owner: object, bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(cancelledError(signal));
      const waiting: Waiting = {
        bytes,
        start: () => {
          signal?.removeEventListener("abort", giveUp);
          this.#requests++;
          this.#bytes += bytes;
          resolve();
        },
      };
      const giveUp = (): void => {
        this.#remove(owner, waiting);
        if (signal !== undefined) reject(cancelledError(signal));
        this.#next();
      };
      signal?.addEventListener("abort", giveUp, { once: true });
      const queue = this.#waiting.get(owner);
      if (queue === undefined) this.#waiting.set(owner, [waiting]);
      else queue.push(waiting);
      this.#next();
    });
  }

  #next(): void {
    for (;;) {
      const [owner, queue] = this.#waiting.entries().next().value ?? [];
      const first = queue?.[0];
      if (owner === undefined || queue === undefined || first === undefined || !this.#hasRoom(first)) return;
      queue.shift();
      // To the end of the order.
      this.#waiting.delete(owner);
      if (queue.length > 0) this.#waiting.set(owner, queue);
      first.start();
    }
  }

  #hasRoom({ bytes }: Waiting): boolean {
    if (this.#requests === 0) return true;
    return this.#requests < this.#limits.requests && this.#bytes + bytes <= this.#limits.bytes;
  }

  #remove(owner: object, waiting: Waiting): void {
    const queue = this.#waiting.get(owner)?.filter((other) => other !== waiting) ?? [];
    if (queue.length > 0) this.#waiting.set(owner, queue);
    else this.#waiting.delete(owner);
  }
}

/** Every request of a query listens to its signal: that they are many is no leak, of which Node would warn. */
export function expectListeners(signal: AbortSignal | undefined): void {
  if (signal !== undefined) setMaxListeners(0, signal);
}
