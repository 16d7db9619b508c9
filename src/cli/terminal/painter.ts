import { type ProgressState, renderProgress } from "./progress.js";

const APPEARS_AFTER_MS = 1000;
const REPAINT_EVERY_MS = 100;
const CLEAR_LINE = "\r\u001b[K";

/** The part of a terminal stream that painting needs. */
export interface Canvas {
  readonly columns?: number;
  write(text: string): unknown;
}

/** What is known about the work now, the time aside. */
export type ProgressSource = () => Omit<ProgressState, "elapsedMs">;

/**
 * Repaints one line on a terminal while work goes on: after a second, ten times a second, and gone
 * when `work` ends, however it ends. Without a canvas it paints nothing.
 */
export async function withProgress<T>(
  canvas: Canvas | undefined,
  source: ProgressSource,
  work: (clear: () => void) => Promise<T>,
): Promise<T> {
  if (canvas === undefined) return work(() => {});
  const started = performance.now();
  let painted = false;
  const paint = (): void => {
    const elapsedMs = performance.now() - started;
    if (elapsedMs < APPEARS_AFTER_MS) return;
    canvas.write(`\r${renderProgress({ ...source(), elapsedMs }, (canvas.columns ?? 80) - 1)}\u001b[K`);
    painted = true;
  };
  const timer = setInterval(paint, REPAINT_EVERY_MS);
  const clear = (): void => {
    clearInterval(timer);
    if (painted) canvas.write(CLEAR_LINE);
    painted = false;
  };
  try {
    return await work(clear);
  } finally {
    clear();
  }
}
