import { LakeError } from "../../core/index.js";
import type { ByteSpan } from "./object-lease.js";

/** Bytes of an object as spans in ascending order, none empty, none touching the next. */
export type SpanSet = readonly ByteSpan[];

/**
 * The bytes of some spans, as far as the object reaches.
 *
 * @param size bytes of the object
 * @throws LakeError `internal` when a number of a span is not a whole number from 0 up.
 */
export function spanSet(spans: readonly ByteSpan[], size: number): SpanSet {
  const inside = spans.map(({ offset, length }) => {
    const end = offset + length;
    if (!(offset >= 0 && length >= 0 && Number.isSafeInteger(offset) && Number.isSafeInteger(end))) {
      throw new LakeError("internal", "byte-span", `no span of bytes: ${length} from ${offset}`);
    }
    return spanFrom(Math.min(offset, size), Math.min(end, size));
  });
  return merged(inside.sort((a, b) => a.offset - b.offset));
}

/** The bytes that are in one of both. */
export function union(a: SpanSet, b: SpanSet): SpanSet {
  if (a.length === 0) return b;
  if (b.length === 0) return a;
  return merged([...a, ...b].sort((x, y) => x.offset - y.offset));
}

/** The bytes of the first that are not in the second. */
export function without(from: SpanSet, taken: SpanSet): SpanSet {
  const left: ByteSpan[] = [];
  let next = 0;
  for (const span of from) {
    let start = span.offset;
    const end = endOf(span);
    // What ends before this span ends before every later one.
    while (next < taken.length && endOf(taken[next]) <= start) next++;
    for (let at = next; at < taken.length; at++) {
      const hole = taken[at];
      if (hole === undefined || hole.offset >= end) break;
      if (hole.offset > start) left.push(spanFrom(start, hole.offset));
      start = Math.max(start, endOf(hole));
    }
    if (start < end) left.push(spanFrom(start, end));
  }
  return left;
}

export function bytesOf(spans: SpanSet): number {
  return spans.reduce((sum, { length }) => sum + length, 0);
}

/** Where a span ends; of no span, 0. */
export function endOf(span: ByteSpan | undefined): number {
  return span === undefined ? 0 : span.offset + span.length;
}

export function spanFrom(start: number, end: number): ByteSpan {
  return { offset: start, length: end - start };
}

/** @param spans in the order of their offsets */
function merged(spans: readonly ByteSpan[]): SpanSet {
  const result: ByteSpan[] = [];
  for (const span of spans) {
    if (span.length === 0) continue;
    const last = result.at(-1);
    if (last === undefined || span.offset > endOf(last)) result.push(span);
    else result[result.length - 1] = spanFrom(last.offset, Math.max(endOf(last), endOf(span)));
  }
  return result;
}
