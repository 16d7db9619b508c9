import type { Session } from "../../engine/index.js";

export interface Progress {
  readonly phase: "detect" | "fetch" | "write" | "commit";
  /** 0 to 1, where it can be told. */
  readonly fraction?: number;
  readonly rows?: bigint;
  /** Bytes of the sources that are read, or fetched. */
  readonly bytes?: number;
  readonly totalBytes?: number;
}

export type ProgressListener = (progress: Progress) => void;

/** How often a running statement is asked how far it is. */
const POLL_MS = 100;

/** Turns the engine's percentages into progress over all sources. */
export class ProgressMeter {
  readonly #listener: ProgressListener | undefined;

  constructor(listener: ProgressListener | undefined) {
    this.#listener = listener;
  }

  report(progress: Progress): void {
    this.#listener?.(progress);
  }

  /** Reports while `work` runs in the session: the source's share of all bytes, as far as it has got. */
  async during<T>(
    session: Session,
    share: { readonly doneBytes: number; readonly sourceBytes: number; readonly totalBytes: number },
    work: () => Promise<T>,
  ): Promise<T> {
    if (this.#listener === undefined) return work();
    const { doneBytes, sourceBytes, totalBytes } = share;
    const report = (): void => {
      const bytes = doneBytes + (sourceBytes * Math.max(0, session.progressPercent)) / 100;
      this.report({ phase: "write", bytes, totalBytes, fraction: totalBytes === 0 ? 1 : bytes / totalBytes });
    };
    const timer = setInterval(report, POLL_MS);
    try {
      report();
      return await work();
    } finally {
      clearInterval(timer);
    }
  }
}
