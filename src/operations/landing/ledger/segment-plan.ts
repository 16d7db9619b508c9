import type { LandedFile } from "./landed-file.js";
import { EMPTY_HEAD, type LedgerHead, type LedgerSegment, type RetiredSegment } from "./ledger-head.js";

/** Entries in a head, at most: it is written whole by every landing. */
export const MOST_RECENT = 256;

/** Readers of an earlier version are done with it after that time; milliseconds. */
export const RETENTION_MS = 3_600_000;

/** The next version of a ledger, as it is to be written. */
export interface LedgerPlan {
  /** Entries for the head. */
  readonly recent: readonly LandedFile[];
  /** Segments that stay, from the oldest to the newest. */
  readonly kept: readonly LedgerSegment[];
  /** The segment that is written, newer than those that stay; `undefined` without one. */
  readonly written:
    | {
        /** Its newest entries; a URI is in them once. */
        readonly entries: readonly LandedFile[];
        /** Segments whose entries it takes in, from the oldest to the newest. */
        readonly merged: readonly LedgerSegment[];
      }
    | undefined;
  readonly retired: readonly RetiredSegment[];
}

export interface PlanOptions {
  /** Whether the ledger begins anew: nothing that landed before counts. */
  readonly reset: boolean;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * What a ledger becomes when files land. Pure.
 *
 * Entries gather in the head until there are more than {@link MOST_RECENT}, then become a segment. It takes in the
 * segments before it for as long as it is no smaller than the next of them: every entry that is written again comes to
 * lie in a segment of twice the size at least. So of n entries there are log2(n / 256) segments at most, and each entry
 * is written that often.
 */
export function planLedger(
  base: LedgerHead,
  landed: readonly LandedFile[],
  options: PlanOptions,
): LedgerPlan {
  const { segments, recent } = options.reset ? EMPTY_HEAD : base;
  const retired = base.retired.filter(({ at }) => at > options.now - RETENTION_MS);
  const dropped = options.reset ? base.segments : [];
  const entries = newestOf([...recent, ...landed]);
  if (entries.length <= MOST_RECENT) {
    return {
      recent: entries,
      kept: segments,
      written: undefined,
      retired: [...retired, ...asRetired(dropped, options)],
    };
  }
  const kept = [...segments];
  const merged: LedgerSegment[] = [];
  let size = entries.length;
  for (let next = kept.at(-1); next !== undefined && next.entries <= size; next = kept.at(-1)) {
    kept.pop();
    merged.unshift(next);
    size += next.entries;
  }
  return {
    recent: [],
    kept,
    written: { entries, merged },
    retired: [...retired, ...asRetired([...dropped, ...merged], options)],
  };
}

function asRetired(segments: readonly LedgerSegment[], { now }: PlanOptions): RetiredSegment[] {
  return segments.map(({ name }) => ({ name, at: now }));
}

/** The last entry of each URI. */
function newestOf(entries: readonly LandedFile[]): LandedFile[] {
  return [...new Map(entries.map((entry) => [entry.uri, entry])).values()];
}
