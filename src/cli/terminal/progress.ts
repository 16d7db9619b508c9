import { bytesText, countText, durationText } from "./amounts.js";
import { displayWidth, truncate } from "./text.js";

/** How far a piece of work is. */
export interface ProgressState {
  /** What is being done: `reading`, `writing`. */
  readonly label: string;
  readonly elapsedMs: number;
  /** 0 to 1; absent when nobody can tell. */
  readonly fraction?: number | undefined;
  readonly rows?: bigint | undefined;
  readonly bytes?: number | undefined;
  readonly totalBytes?: number | undefined;
}

const BAR_WIDTH = 24;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** One line of at most `width` columns; what does not fit is left out from the right. */
export function renderProgress(state: ProgressState, width: number): string {
  let line = "";
  for (const part of parts(state)) {
    const longer = line === "" ? part : `${line}  ${part}`;
    if (displayWidth(longer) > width) return line === "" ? truncate(part, width) : line;
    line = longer;
  }
  return line;
}

function parts(state: ProgressState): string[] {
  const { elapsedMs, rows, bytes, totalBytes } = state;
  const fraction = state.fraction === undefined ? undefined : Math.min(1, Math.max(0, state.fraction));
  const shown = [state.label];
  if (fraction !== undefined)
    shown.push(`${bar(fraction)} ${String(Math.floor(fraction * 100)).padStart(3)}%`);
  shown.push(
    fraction === undefined || fraction === 0
      ? durationText(elapsedMs)
      : `${durationText((elapsedMs * (1 - fraction)) / fraction)} left`,
  );
  if (rows !== undefined) shown.push(`${countText(rows)} rows`);
  if (bytes !== undefined) {
    shown.push(
      totalBytes === undefined ? bytesText(bytes) : `${bytesText(bytes)} of ${bytesText(totalBytes)}`,
    );
  }
  const rate = rateText(state);
  if (rate !== undefined) shown.push(rate);
  return shown;
}

function rateText({ elapsedMs, rows, bytes }: ProgressState): string | undefined {
  if (elapsedMs <= 0) return undefined;
  if (bytes !== undefined) return `${bytesText((bytes * 1000) / elapsedMs)}/s`;
  if (rows !== undefined) return `${countText(Math.round((Number(rows) * 1000) / elapsedMs))} rows/s`;
  return undefined;
}

function bar(fraction: number): string {
  const eighths = Math.round(fraction * BAR_WIDTH * 8);
  const filled = "█".repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? "");
  return `▕${filled.padEnd(BAR_WIDTH)}▏`;
}
