import { isLakeError, LakeError } from "../../core/index.js";

/**
 * What to report when Ctrl-C stopped a command: an error whose message is `interrupted`, with `outcome`
 * when the command itself stopped and so knows what it left behind. Any other error is given back.
 */
export function interruption(error: unknown, signal: AbortSignal, outcome?: string): unknown {
  if (isLakeError(error, "cancelled") && !error.code.startsWith("cli-")) {
    return interrupted(outcome === undefined ? "interrupted" : `interrupted; ${outcome}`, error);
  }
  // A stream that the signal destroyed throws an error of its own.
  if (signal.aborted && !isLakeError(error)) return interrupted("interrupted", error);
  return error;
}

function interrupted(message: string, cause: unknown): LakeError {
  return new LakeError("cancelled", "cli-interrupted", message, { cause });
}
