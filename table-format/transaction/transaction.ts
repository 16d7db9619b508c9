import { delay, LakeError, newUuid, throwIfCancelled } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import type { Action, Metadata, PartitionValues, Protocol } from "../log/actions.js";
import { commitEntry } from "../log/committer.js";
import { commitPath } from "../log/log-path.js";
import { parseCommit } from "../log/parse-actions.js";
import { serializeCommit } from "../log/serialize-actions.js";
import { nextVersion, type Version, version } from "../log/version.js";
import { commitEntryActions, keepsTimeInLog } from "./commit-entry.js";
import { type Conflict, conflictScope, findConflict } from "./conflict.js";
import { NO_ROW_IDS, ROW_TRACKING_DOMAIN, rowIdHighWaterMark } from "./row-ids.js";
import type { LiveFile, Replaced, StagedCommit } from "./staged-commit.js";

export type CommitOutcome =
  | {
      readonly status: "committed";
      readonly version: Version;
      /** The entry, as it is in the log. */
      readonly actions: readonly Action[];
      readonly filesRemoved: number;
      readonly attempts: number;
    }
  | { readonly status: "conflict"; readonly conflict: Conflict; readonly version: Version };

/** The version that a transaction read. */
export interface ReadVersion {
  readonly version: Version;
  readonly protocol: Protocol;
  readonly metadata: Metadata;
  /** The greatest row id given out (PROTOCOL.md, "Row Tracking"). */
  readonly rowIdHighWaterMark: bigint;
}

/** What a transaction stands on. */
export interface CommitBase {
  readonly store: ObjectStore;
  /** `undefined`: the table does not exist yet. */
  readonly read: ReadVersion | undefined;
  /** The live files at a version, for a commit that replaces whatever is there. */
  readonly liveFiles: (at: Version, signal?: AbortSignal) => Promise<readonly LiveFile[]>;
  readonly now: () => number;
}

/** Every lost race means that another writer got on; so many in a row are given up. */
const MAX_ATTEMPTS = 1_000;
const LONGEST_BACKOFF_MS = 200;

/**
 * Commits: put-if-absent of the next version; when another writer has it, checks every commit that came
 * in between and tries the next. Only the log entry is built again; data files are written once.
 *
 * @throws LakeError `cancelled` before an entry is in the log, never after; `unavailable` when the store
 *   fails or no attempt won.
 */
export async function commit(
  base: CommitBase,
  staged: StagedCommit,
  signal?: AbortSignal,
): Promise<CommitOutcome> {
  const { store, read } = base;
  const txnId = newUuid();
  const scope = conflictScope(staged, read === undefined, store.uri);
  let follows = read?.version;
  let highWaterMark = read?.rowIdHighWaterMark ?? NO_ROW_IDS;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    throwIfCancelled(signal);
    const target = follows === undefined ? version(0) : nextVersion(follows);
    const removes = await removesFor(base, staged.replaces, follows, signal);
    const actions = commitEntryActions(staged, removes, {
      target,
      readVersion: read?.version,
      protocol: read?.protocol,
      metadata: read?.metadata,
      rowIdHighWaterMark: highWaterMark,
      previousTimestamp: needsPreviousTimestamp(staged, read)
        ? await commitTimestamp(store, follows, signal)
        : undefined,
      now: base.now(),
      txnId,
    });
    const data = new TextEncoder().encode(serializeCommit(actions));
    const result = await commitEntry(store, commitPath(target), data, hasTxnId(txnId));
    if (result.status === "committed") {
      return {
        status: "committed",
        version: target,
        actions,
        filesRemoved: removes.length,
        attempts: attempt,
      };
    }
    // Catch up with every commit there is: each must be one that ours may follow.
    let winner: Version = target;
    for (;;) {
      const won = await readCommit(store, winner, signal);
      if (won === undefined) break;
      const conflict = findConflict(scope, won, store.uri);
      if (conflict !== undefined) return { status: "conflict", conflict, version: winner };
      highWaterMark = latestHighWaterMark(won) ?? highWaterMark;
      follows = winner;
      winner = nextVersion(winner);
    }
    await delay(Math.random() * Math.min(LONGEST_BACKOFF_MS, 2 ** Math.min(attempt, 10)), signal);
  }
  throw new LakeError(
    "conflict",
    "commit-attempts",
    `${store.uri}: ${MAX_ATTEMPTS} attempts to commit all lost to other writers`,
    {
      hint: "Nothing was committed. Run it again when fewer writers are at work.",
    },
  );
}

/** The live files that a commit replaces. Pure. */
export function replacedFiles(
  live: readonly LiveFile[],
  replaces: Exclude<Replaced, { kind: "files" }>,
): readonly LiveFile[] {
  if (replaces.kind === "none") return [];
  if (replaces.kind === "all") return live;
  const wanted = new Set(replaces.partitions.map(partitionKey));
  return live.filter((file) => wanted.has(partitionKey(file.partition)));
}

/** One string a partition, whatever the order of its columns. */
function partitionKey(values: PartitionValues): string {
  return JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

async function removesFor(
  base: CommitBase,
  replaces: Replaced,
  follows: Version | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly LiveFile[]> {
  if (replaces.kind === "files") return replaces.files;
  if (replaces.kind === "none" || follows === undefined) return [];
  return replacedFiles(await base.liveFiles(follows, signal), replaces);
}

function needsPreviousTimestamp(staged: StagedCommit, read: ReadVersion | undefined): boolean {
  return keepsTimeInLog((staged.metadata ?? read?.metadata)?.configuration);
}

/** When a version was committed: as its entry says, else as the store does. Milliseconds since the epoch. */
async function commitTimestamp(
  store: ObjectStore,
  of: Version | undefined,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  if (of === undefined) return undefined;
  const actions = await readCommit(store, of, signal);
  for (const action of actions ?? []) {
    const stated = action.kind === "commitInfo" ? action.commitInfo["inCommitTimestamp"] : undefined;
    if (typeof stated === "number" || typeof stated === "bigint") return Number(stated);
  }
  return (await store.head(commitPath(of), { signal }))?.lastModified;
}

function latestHighWaterMark(actions: readonly Action[]): bigint | undefined {
  const domain = actions.findLast(
    (action) => action.kind === "domainMetadata" && action.domainMetadata.domain === ROW_TRACKING_DOMAIN,
  );
  return domain?.kind === "domainMetadata" ? rowIdHighWaterMark(domain.domainMetadata) : undefined;
}

/** Tells our log entry from another writer's: a random id of ours stands in no entry but ours. */
function hasTxnId(txnId: string): (entry: Uint8Array) => boolean {
  return (entry) => Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength).includes(txnId);
}

/** The actions of one commit; `undefined` when there is none of that version. */
export async function readCommit(
  store: ObjectStore,
  of: Version,
  signal?: AbortSignal,
): Promise<Action[] | undefined> {
  const path = commitPath(of);
  let bytes: Uint8Array;
  try {
    bytes = await store.get(path, { signal });
  } catch (error) {
    if (error instanceof LakeError && error.kind === "not-found") return undefined;
    throw error;
  }
  return parseCommit(new TextDecoder().decode(bytes), path);
}
