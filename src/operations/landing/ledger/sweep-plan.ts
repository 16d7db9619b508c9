import type { LedgerHead } from "./ledger-head.js";
import { timeOfLedger, versionOfHead, versionOfSegment } from "./ledger-version.js";
import { RETENTION_MS } from "./segment-plan.js";

/** Whether files that nobody reads are to be looked for again. Pure. */
export function isSweepDue({ sweptAt }: LedgerHead, now: number): boolean {
  return now - sweptAt >= RETENTION_MS || sweptAt > now;
}

/** A version of a ledger that has been committed. */
export interface CommittedLedger {
  readonly version: bigint;
  /** The version that it stands on. */
  readonly base: bigint | undefined;
  readonly head: LedgerHead;
}

/**
 * The files of a ledger's folder that nobody reads any more, once a version has been committed. Pure.
 *
 * Whatever is older and not of this version belongs to a version before, or was left by a landing that did not come to
 * its commit. A landing whose commit is still to come wants none of it: it stands on a version before this one, so there
 * is a conflict, or its files are newer. What readers of versions before may want stays: heads until a later one is
 * an hour old, segments until they have been retired for an hour.
 *
 * @param names of the files in the folder
 * @param now milliseconds since the epoch
 */
export function planSweep(names: readonly string[], committed: CommittedLedger, now: number): string[] {
  const { version, base, head } = committed;
  const isOld = (made: bigint): boolean => made < version && timeOfLedger(made) <= now - RETENTION_MS;
  const wanted = new Set([...head.segments, ...head.retired].map(({ name }) => name));
  const oldHeads = names
    .flatMap((name) => versionOfHead(name) ?? [])
    .filter(isOld)
    .sort((a, b) => (a < b ? -1 : 1));
  const lastOldHead = oldHeads.at(-1);
  return names.filter((name) => {
    const ofHead = versionOfHead(name);
    if (ofHead !== undefined) return isOld(ofHead) && ofHead !== lastOldHead && ofHead !== base;
    const ofSegment = versionOfSegment(name);
    return ofSegment !== undefined && isOld(ofSegment) && !wanted.has(name);
  });
}
