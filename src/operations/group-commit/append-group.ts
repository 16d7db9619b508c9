import { isDeepStrictEqual } from "node:util";
import type { JsonObject } from "../../../core/index.js";
import {
  hasFeature,
  mergeStatements,
  type Snapshot,
  type StagedCommit,
} from "../../../table-format/index.js";

/** The version that a group is committed on, as far as it decides who is in the group. */
export type GroupBase = Pick<Snapshot, "metadata" | "protocol" | "transactions">;

/** An append as far as it decides the same. */
export interface GroupedAppend {
  readonly read: GroupBase;
  readonly staged: StagedCommit;
}

/** What becomes of the appends that wait. Each is in one of the lists, in the order in which it came. */
export interface Grouping<A> {
  /** They share the next commit. Where all that wait are apart there are none. */
  readonly together: readonly A[];
  /** They were made for another table than there is now: each has to find out by itself whether it may follow. */
  readonly apart: readonly A[];
  readonly later: readonly A[];
}

/** Files in one entry of the log. An append that has more is not held up: it has an entry of its own. */
const MOST_FILES = 10_000;

/**
 * Chooses the appends that share a commit. Pure.
 *
 * One that read an earlier version than `base` was not checked against what came in between. It adds files and no more,
 * so all that can be in its way is another protocol, other metadata, and a commit of its application
 * (PROTOCOL.md, "Transaction Identifiers"). Where these are as they were, it might as well have read `base`.
 */
export function groupAppends<A extends GroupedAppend>(base: GroupBase, waiting: readonly A[]): Grouping<A> {
  const together: A[] = [];
  const apart: A[] = [];
  const later: A[] = [];
  const applications = new Set<string>();
  let files = 0;
  for (const append of waiting) {
    if (!fits(base, append)) {
      apart.push(append);
      continue;
    }
    const { adds } = append.staged;
    const appIds = applicationsOf(append);
    const first = together[0];
    const hasRoom = first === undefined || (files + adds.length <= MOST_FILES && isAlike(first, append));
    // An application's versions go up one commit at a time.
    if (!hasRoom || appIds.some((appId) => applications.has(appId))) {
      later.push(append);
      continue;
    }
    together.push(append);
    files += adds.length;
    for (const appId of appIds) applications.add(appId);
  }
  return { together, apart, later };
}

/** The application ids whose progress an append records. Pure. */
export function applicationsOf({ staged: { transactions = [] } }: GroupedAppend): readonly string[] {
  return transactions.map(({ appId }) => appId);
}

function fits(base: GroupBase, append: GroupedAppend): boolean {
  const { read } = append;
  return (
    isSame(base.metadata, read.metadata) &&
    isSame(base.protocol, read.protocol) &&
    applicationsOf(append).every((appId) =>
      isDeepStrictEqual(base.transactions.get(appId), read.transactions.get(appId)),
    )
  );
}

/** Versions that follow on from each other share what did not change. */
function isSame(one: object, other: object): boolean {
  return one === other || isDeepStrictEqual(one, other);
}

/** Whether one line of the history can tell of both. */
function isAlike({ staged: one }: GroupedAppend, { staged: other }: GroupedAppend): boolean {
  return (
    one.operation === other.operation &&
    one.engineInfo === other.engineInfo &&
    isDeepStrictEqual(one.operationParameters, other.operationParameters)
  );
}

/**
 * The one commit of a group. Its parameters are those of each append, and how many there are; its metrics are the sums.
 * What each one did, and where its rows came from where it says so, is told under `grizzlyAppends`. Pure.
 *
 * @param table `root` is its folder as a URI
 */
export function stagedGroup(
  appends: readonly GroupedAppend[],
  table: { readonly label: string; readonly root: string },
): StagedCommit {
  const [first, ...others] = appends;
  if (first === undefined) throw new RangeError("a group of no appends");
  const { staged, read } = first;
  if (others.length === 0) return staged;
  const merged = mergeStatements(
    appends.map((append) => ({ staged: append.staged, removes: [] })),
    { ...table, tracksRows: hasFeature(read.protocol, "rowTracking") },
  );
  return {
    ...merged,
    operation: staged.operation,
    operationParameters: { ...staged.operationParameters, appends: String(appends.length) },
    provenance: { grizzlyAppends: appends.map(toldOf) },
  };
}

function toldOf({ staged: { operationMetrics, provenance, transactions = [] } }: GroupedAppend): JsonObject {
  return {
    operationMetrics: { ...operationMetrics },
    ...(transactions.length === 0 ? {} : { appIds: transactions.map(({ appId }) => appId) }),
    ...provenance,
  };
}
