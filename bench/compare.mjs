// Speed as a ratio: ours and a named peer, measured in turn in one run, their answers compared.
import { isDeepStrictEqual } from "node:util";

/**
 * Measures one piece of work: wall time in milliseconds, and the answer, which `answerOf` may look up
 * (and clean up after) once the clock has stopped.
 */
export function timed(work, answerOf = (result) => result) {
  return async () => {
    const start = performance.now();
    const result = await work();
    const ms = performance.now() - start;
    return { ms, answer: await answerOf(result) };
  };
}

/**
 * Runs both sides in turn, ours first: warm-ups that count for nothing, then `runs` rounds.
 *
 * @param ours, peer give `{ms, answer}`; see `timed`
 * @throws Error when a round's answers differ
 */
export async function compare({ line, ours, peer, runs, warmups, target }) {
  const times = { ours: [], peer: [] };
  for (let round = -warmups; round < runs; round++) {
    const mine = await ours();
    const theirs = await peer();
    if (!isDeepStrictEqual(mine.answer, theirs.answer)) {
      throw new Error(
        `${line}: the answers differ\nours: ${shown(mine.answer)}\npeer: ${shown(theirs.answer)}`,
      );
    }
    if (round < 0) continue;
    times.ours.push(mine.ms);
    times.peer.push(theirs.ms);
  }
  return judged({ line, unit: "ms", ours: summary(times.ours), peer: summary(times.peer), target });
}

/** One figure against a limit of its own: for what has no peer. `values` in `unit`. */
export function figure({ line, unit, values, target }) {
  return judged({ line, unit, ours: summary(values), target });
}

/** At most `times` the peer's median, or `orMs` milliseconds more where that is larger. */
export function atMost(times, { orMs } = {}) {
  return { kind: "ratio", times, orMs };
}

export function under(limit) {
  return { kind: "limit", limit };
}

export function atLeast(limit) {
  return { kind: "least", limit };
}

/** Whether the medians meet the target; undefined without one. */
export function isMet({ ours, peer, target }) {
  if (target === undefined) return undefined;
  if (target.kind === "limit") return ours.median < target.limit;
  if (target.kind === "least") return ours.median >= target.limit;
  const { times, orMs } = target;
  return ours.median <= Math.max(peer.median * times, orMs === undefined ? 0 : peer.median + orMs);
}

/** Median, least and greatest of at least one value. */
export function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const median = (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2;
  return { median, min: sorted[0], max: sorted.at(-1), values };
}

function judged(result) {
  const ratio = result.peer === undefined ? undefined : result.ours.median / result.peer.median;
  return { ...result, ratio, met: isMet(result) };
}

function shown(answer) {
  return JSON.stringify(answer, (_, value) => (typeof value === "bigint" ? String(value) : value))?.slice(
    0,
    2_000,
  );
}
