import { randomInt } from "node:crypto";
import { newUuid } from "../../../../core/index.js";
import { type ObjectPath, objectPath } from "../../../../object-store/index.js";

// A version of a ledger is the time it was made at, in milliseconds, and 20 random bits below: above its base's, and
// no other writer's.

const RANDOM_BITS = 20n;
const RANDOM_VALUES = 2 ** 20;

/** Below a table's folder. Vacuum passes over folders that begin with `_`. */
export const LEDGER_FOLDER = "_grizzly/ledger";

const HEAD_NAME = /^(\d{20})\.json$/;
const SEGMENT_NAME = /^(\d{20})-[0-9a-f-]{36}\.parquet$/;

/** @param now milliseconds since the epoch */
export function newLedgerVersion(
  base: bigint | undefined,
  now: number,
  random = randomInt(RANDOM_VALUES),
): bigint {
  const byTime = (BigInt(now) << RANDOM_BITS) + BigInt(random);
  if (base === undefined || byTime > base) return byTime;
  // The clock of another machine was ahead.
  return base + 1n + BigInt(random);
}

/** When a version was made, in milliseconds since the epoch. */
export function timeOfLedger(version: bigint): number {
  return Number(version >> RANDOM_BITS);
}

export function headPath(version: bigint): ObjectPath {
  return objectPath(`${LEDGER_FOLDER}/${padded(version)}.json`);
}

/** A name for the segment that is written with a version, which no other writer has. */
export function newSegmentName(version: bigint): string {
  return `${padded(version)}-${newUuid()}.parquet`;
}

export function segmentPath(name: string): ObjectPath {
  return objectPath(`${LEDGER_FOLDER}/${name}`);
}

/** The version in the name of a head; `undefined` for any other file. */
export function versionOfHead(name: string): bigint | undefined {
  return versionIn(HEAD_NAME, name);
}

/** The version in the name of a segment; `undefined` for any other file. */
export function versionOfSegment(name: string): bigint | undefined {
  return versionIn(SEGMENT_NAME, name);
}

function versionIn(pattern: RegExp, name: string): bigint | undefined {
  const digits = pattern.exec(name)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}

const padded = (version: bigint): string => version.toString().padStart(20, "0");
