import { setTimeout as wait } from "node:timers/promises";

/** How often a paced stream moves, at most: its pieces are what flows in this time. */
const STEP_MS = 2;

/**
 * Lets bytes flow at a rate. Each moment is reckoned from the beginning, so timers that fire late shift nothing: byte
 * `n` is let through `n / bytesPerSecond` seconds after the beginning, or as soon after that as this process runs.
 */
export class Pace {
  readonly #bytesPerMs: number;
  readonly #signal: AbortSignal;
  readonly #begin = performance.now();

  constructor(bytesPerSecond: number, signal: AbortSignal) {
    this.#bytesPerMs = bytesPerSecond / 1000;
    this.#signal = signal;
  }

  /** Where the next piece ends that begins at byte `from`: one step further, or where the stream should be by now. */
  end(from: number): number {
    const due = (performance.now() - this.#begin) * this.#bytesPerMs;
    return Math.ceil(Math.max(from + STEP_MS * this.#bytesPerMs, due));
  }

  /** Resolves when byte `end` is due. @throws the signal's reason */
  async until(end: number): Promise<void> {
    const left = this.#begin + end / this.#bytesPerMs - performance.now();
    // A timer takes whole milliseconds; what is due within half of one is due now.
    if (left >= 0.5) await wait(Math.round(left), undefined, { signal: this.#signal });
  }
}
