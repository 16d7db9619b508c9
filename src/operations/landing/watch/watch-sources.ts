import { type Clock, delay, isLakeError, type LakeError } from "../../../../core/index.js";
import { type BatchLimits, filesToLand, firstBatch, type SeenFile } from "./settled-files.js";

/** What a watch did, as it goes. `R` is the report of a landing. */
export type WatchEvent<R> =
  | { readonly kind: "landed"; readonly files: number; readonly report: R }
  /** The file cannot land as it is. It is left out until it changes. */
  | { readonly kind: "set-aside"; readonly file: string; readonly error: LakeError }
  /** A landing, or a look after the first, failed for a reason that may pass; it is tried again. */
  | { readonly kind: "retrying"; readonly error: LakeError; readonly inMs: number }
  /** Every file that was found has landed or was set aside, but for those that are still being written. */
  | { readonly kind: "caught-up"; readonly growing: number };

export interface WatchOptions extends BatchLimits {
  /** Milliseconds between two looks when there is nothing to do. */
  readonly pollMs: number;
  /** A file that was written to so lately, in milliseconds, may not be whole. */
  readonly settleMs: number;
  /** The watch ends, and throws nothing, when this fires. */
  readonly signal?: AbortSignal | undefined;
}

/** What a watch is made of. */
export interface Watched<R> {
  /** The files that are there now. None may be none. */
  readonly look: (signal: AbortSignal | undefined) => Promise<readonly SeenFile[]>;
  /**
   * Lands files in commits of their own; those that have landed as they are, it passes over. It throws a LakeError
   * whose context names the `file` that is at fault.
   */
  readonly land: (paths: readonly string[], signal: AbortSignal | undefined) => Promise<R>;
  readonly clock: Clock;
}

/** After so many failures in a row that might have passed, the watch gives up. */
const MAX_FAILURES = 10;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 60_000;

/**
 * Lands files as they come, until the signal fires. The next look waits for whoever reads the events, and for the
 * landing: a source that is faster than the table is only further behind.
 *
 * What it remembers between looks only saves work. What has landed is in the table's ledger, so a watch that is
 * stopped, or dies, goes on where it was.
 *
 * @throws LakeError what is no single file's fault; what might pass, when it did not.
 */
export async function* watchSources<R>(
  { look, land, clock }: Watched<R>,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<R>> {
  const { signal, pollMs, settleMs } = options;
  const done = new Map<string, string>();
  let before: ReadonlyMap<string, string> = new Map();
  let failures = 0;
  let looks = 0;
  let failedLooks = 0;
  let toldGrowing: number | undefined;
  try {
    while (signal?.aborted !== true) {
      const seen = await tryLook(look, looks > 0, signal);
      if (seen.status === "failed") {
        if (++failedLooks >= MAX_FAILURES) throw seen.error;
        const inMs = pauseAfter(failedLooks);
        yield { kind: "retrying", error: seen.error, inMs };
        await delay(inMs, signal);
        continue;
      }
      looks++;
      failedLooks = 0;
      const { found } = seen;
      const { ready, growing } = filesToLand(found, done, before, clock.now(), settleMs);
      before = new Map(found.map(({ path, stamp }) => [path, stamp]));
      forget(done, before);
      const batch = firstBatch(ready, options);
      if (batch.length === 0) {
        if (toldGrowing !== growing) yield { kind: "caught-up", growing };
        toldGrowing = growing;
        await delay(pollMs, signal);
        continue;
      }
      const outcome = await landBatch(land, batch, signal);
      if (outcome.status === "landed") {
        failures = 0;
        toldGrowing = undefined;
        for (const { path, stamp } of batch) done.set(path, stamp);
        yield { kind: "landed", files: batch.length, report: outcome.report };
      } else if (outcome.status === "set-aside") {
        toldGrowing = undefined;
        done.set(outcome.file.path, outcome.file.stamp);
        yield { kind: "set-aside", file: outcome.file.path, error: outcome.error };
      } else {
        if (++failures >= MAX_FAILURES) throw outcome.error;
        const inMs = pauseAfter(failures);
        if (!outcome.quietly) yield { kind: "retrying", error: outcome.error, inMs };
        await delay(outcome.quietly ? Math.min(pollMs, inMs) : inMs, signal);
      }
    }
  } catch (error) {
    if (signal?.aborted === true && isLakeError(error, "cancelled")) return;
    throw error;
  }
}

function pauseAfter(failures: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}

type Seen =
  | { readonly status: "seen"; readonly found: readonly SeenFile[] }
  | { readonly status: "failed"; readonly error: LakeError };

/** A first look that fails tells that the sources cannot be looked at; a later one may fail for a store that rests. */
async function tryLook(
  look: Watched<unknown>["look"],
  hasSeen: boolean,
  signal: AbortSignal | undefined,
): Promise<Seen> {
  try {
    return { status: "seen", found: await look(signal) };
  } catch (error) {
    if (hasSeen && isLakeError(error, "unavailable")) return { status: "failed", error };
    throw error;
  }
}

type BatchOutcome<R> =
  | { readonly status: "landed"; readonly report: R }
  | { readonly status: "set-aside"; readonly file: SeenFile; readonly error: LakeError }
  /** `quietly`: nothing is wrong, a file only changed or went while it was read. */
  | { readonly status: "retry"; readonly error: LakeError; readonly quietly: boolean };

async function landBatch<R>(
  land: Watched<R>["land"],
  batch: readonly SeenFile[],
  signal: AbortSignal | undefined,
): Promise<BatchOutcome<R>> {
  try {
    return {
      status: "landed",
      report: await land(
        batch.map(({ path }) => path),
        signal,
      ),
    };
  } catch (error) {
    if (!isLakeError(error) || error.kind === "cancelled") throw error;
    const file = batch.find(({ path }) => path === error.context["file"]);
    if (isPassing(error)) return { status: "retry", error, quietly: error.code === "source-changed" };
    // A file of which there is no trace any more has been deleted since the look.
    if (file !== undefined && error.kind === "not-found") return { status: "retry", error, quietly: true };
    if (file !== undefined && isOfFile(error)) return { status: "set-aside", file, error };
    throw error;
  }
}

function isPassing({ kind, code }: LakeError): boolean {
  return kind === "conflict" || kind === "unavailable" || code === "source-changed";
}

function isOfFile({ kind }: LakeError): boolean {
  return (
    kind === "invalid-input" || kind === "unsupported" || kind === "corrupt" || kind === "already-exists"
  );
}

/** Forgets files that are gone: a watch may run for years. */
function forget(done: Map<string, string>, found: ReadonlyMap<string, string>): void {
  for (const path of done.keys()) if (!found.has(path)) done.delete(path);
}
