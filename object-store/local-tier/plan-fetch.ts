import { bytesOf, endOf, type SpanSet, spanFrom, without } from "./byte-spans.js";
import type { ByteSpan } from "./object-lease.js";

/** What is fetched for what is missing. */
export interface FetchRules {
  /** Bytes between two spans that are fetched along, rather than asked for twice. */
  readonly maxGap: number;
  /** Of the bytes that are missing: as many may be fetched along, all gaps together. */
  readonly gapShare: number;
  /** Bytes that may be fetched along where that share is less. */
  readonly freeGap: number;
  /** Bytes of one request. */
  readonly maxRequest: number;
}

const KIB = 1024;

/**
 * A request waits 20 to 50 ms for its first byte, in which a stream of 50 to 90 MB/s brings 1 to 4.5 MB; but some thirty
 * wait at the same time, so that one more costs as much as 32 to 140 KiB. Fetching a gap is worth it up to there. All
 * gaps together stay below a tenth of what is needed, so that what is fetched beside footers is at most 1.1 times that.
 * A part of 8 MiB takes 90 to 160 ms: smaller ones would mostly wait, larger ones leave streams without work.
 */
export const FETCH_RULES: FetchRules = {
  maxGap: 64 * KIB,
  gapShare: 0.1,
  freeGap: 16 * KIB,
  maxRequest: 8 * KIB * KIB,
};

/** Parts begin at multiples of this, the size of a page of memory and of a block on most disks. */
const ALIGNED = 4 * KIB;

/** Spans of the missing bytes, from the one to the other, that are asked for together. */
interface Run {
  readonly first: number;
  readonly last: number;
}

/**
 * Pure: the requests that bring what is missing, in ascending order, each byte in one of them. Gaps are bridged where
 * this saves a request, the smallest first; none that holds a byte which is at hand or on its way. Runs that are longer
 * than a request are cut into equal parts.
 *
 * @param taken what is at hand or on its way: nothing of `missing`
 */
export function planFetch(missing: SpanSet, taken: SpanSet, rules: FetchRules = FETCH_RULES): SpanSet {
  const requestsFor = (length: number): number => Math.ceil(length / rules.maxRequest);
  let free = Math.max(rules.freeGap, Math.floor(bytesOf(missing) * rules.gapShare));
  const lengthOf = ({ first, last }: Run): number => endOf(missing[last]) - (missing[first]?.offset ?? 0);
  // The run of a span, kept at its first and at its last span.
  const runs = missing.map((_, index): Run => ({ first: index, last: index }));
  for (const { after, length } of gapsOf(missing, taken, rules.maxGap)) {
    if (length > free) break;
    const [left, right] = [runs[after], runs[after + 1]];
    if (left === undefined || right === undefined) continue;
    const joined: Run = { first: left.first, last: right.last };
    if (requestsFor(lengthOf(joined)) >= requestsFor(lengthOf(left)) + requestsFor(lengthOf(right))) continue;
    runs[joined.first] = joined;
    runs[joined.last] = joined;
    free -= length;
  }
  const requests: ByteSpan[] = [];
  for (let at = 0; at < missing.length; at++) {
    const run = runs[at];
    if (run === undefined) break;
    requests.push(...parts(missing[run.first]?.offset ?? 0, endOf(missing[run.last]), rules.maxRequest));
    at = run.last;
  }
  return requests;
}

/** The gaps that may be bridged, the smallest first; each by the number of the span that it follows. */
function gapsOf(missing: SpanSet, taken: SpanSet, maxGap: number): { after: number; length: number }[] {
  const gaps = missing
    .slice(1)
    .map((span, after) => spanFrom(endOf(missing[after]), span.offset))
    .map((gap, after) => ({ gap, after, length: gap.length }))
    .filter(({ length }) => length <= maxGap);
  const untouched = new Set(
    without(
      gaps.map(({ gap }) => gap),
      taken,
    ).map(({ offset, length }) => `${offset} ${length}`),
  );
  return gaps
    .filter(({ gap }) => untouched.has(`${gap.offset} ${gap.length}`))
    .sort((a, b) => a.length - b.length || a.after - b.after);
}

function parts(start: number, end: number, maxRequest: number): ByteSpan[] {
  const count = Math.ceil((end - start) / maxRequest);
  const even = Math.ceil((end - start) / count);
  const length = Math.min(Math.ceil(even / ALIGNED) * ALIGNED, Math.max(even, maxRequest));
  return Array.from({ length: count }, (_, index) =>
    spanFrom(Math.min(start + index * length, end), Math.min(start + (index + 1) * length, end)),
  ).filter((part) => part.length > 0);
}
