import { delay, type JsonObject, LakeError, newUuid, throwIfCancelled } from "../../core/index.js";
import type { ObjectStore } from "../../object-store/index.js";
import {
  type Action,
  type AddFile,
  type Metadata,
  type PartitionValues,
  type Protocol,
  parseCommit,
  type SetTransaction,
  serializeCommit,
} from "../log/actions.js";
import { commitEntry } from "../log/committer.js";
import { commitPath } from "../log/log-path.js";
import { nextVersion, type Version, version } from "../log/version.js";
import { type Conflict, findConflict } from "./conflict.js";

/** Which live files a commit replaces. */
export type Replaced =
  | { readonly kind: "none" }
  | { readonly kind: "all" }
  /** The files of the partitions that the added files belong to. */
  | { readonly kind: "partitions"; readonly partitions: readonly PartitionValues[] };

/** A live file, as far as removing it needs to know. */
export interface LiveFile {
  readonly path: string;
  readonly size: bigint;
  /** As the log spells them. */
  readonly partitionValues: PartitionValues;
  /** The same values as we would spell them: writers differ in how (`1.5` and `1.50`, zones of timestamps). */
  readonly partition: PartitionValues;
}

/** What a transaction wants the log to say. Nothing in it depends on the version it will get. */
export interface StagedCommit {
  readonly operation: string;
  readonly operationParameters: JsonObject;
  readonly operationMetrics: Readonly<Record<string, string>>;
  /** Anything else for `commitInfo`. */
  readonly provenance?: JsonObject | undefined;
  readonly protocol?: Protocol | undefined;
  readonly metadata?: Metadata | undefined;
  readonly adds: readonly AddFile[];
  readonly replaces: Replaced;
  readonly transactions?: readonly SetTransaction[] | undefined;
  readonly engineInfo: string;
}

export type CommitOutcome =
  | {
      readonly status: "committed";
      readonly version: Version;
      readonly filesRemoved: number;
      readonly attempts: number;
    }
  | { readonly status: "conflict"; readonly conflict: Conflict; readonly version: Version };

/** What a transaction stands on. `readVersion` undefined: the table does not exist yet. */
export interface CommitBase {
  readonly store: ObjectStore;
  readonly readVersion: Version | undefined;
  /** The live files to replace at a version, for a commit that replaces some. */
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
  const { store } = base;
  const txnId = newUuid();
  const scope = {
    creates: base.readVersion === undefined,
    appIds: new Set((staged.transactions ?? []).map((transaction) => transaction.appId)),
  };
  let follows = base.readVersion;
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    throwIfCancelled(signal);
    const target = follows === undefined ? version(0) : nextVersion(follows);
    const removes = await removesFor(base, staged, follows, signal);
    const entry = buildEntry(staged, removes, base, txnId);
    const result = await commitEntry(
      store,
      commitPath(target),
      new TextEncoder().encode(entry),
      hasTxnId(txnId),
    );
    if (result.status === "committed") {
      return { status: "committed", version: target, filesRemoved: removes.length, attempts: attempt };
    }
    // Catch up with every commit there is: each must be one that ours may follow.
    let winner: Version = target;
    for (;;) {
      const actions = await readCommit(store, winner, signal);
      if (actions === undefined) break;
      const conflict = findConflict(scope, actions);
      if (conflict !== undefined) return { status: "conflict", conflict, version: winner };
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
export function replacedFiles(live: readonly LiveFile[], replaces: Replaced): readonly LiveFile[] {
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
  staged: StagedCommit,
  follows: Version | undefined,
  signal: AbortSignal | undefined,
): Promise<readonly LiveFile[]> {
  if (staged.replaces.kind === "none" || follows === undefined) return [];
  return replacedFiles(await base.liveFiles(follows, signal), staged.replaces);
}

function buildEntry(
  staged: StagedCommit,
  removes: readonly LiveFile[],
  base: CommitBase,
  txnId: string,
): string {
  const timestamp = BigInt(base.now());
  const replaced =
    removes.length === 0
      ? {}
      : { numRemovedFiles: String(removes.length), numRemovedBytes: String(sum(removes)) };
  const info: JsonObject = {
    timestamp,
    operation: staged.operation,
    operationParameters: staged.operationParameters,
    ...(base.readVersion === undefined ? {} : { readVersion: base.readVersion }),
    isolationLevel: "WriteSerializable",
    isBlindAppend: staged.replaces.kind === "none",
    operationMetrics: { ...staged.operationMetrics, ...replaced },
    ...staged.provenance,
    engineInfo: staged.engineInfo,
    txnId,
  };
  const actions: Action[] = [{ kind: "commitInfo", commitInfo: info }];
  if (staged.protocol !== undefined) actions.push({ kind: "protocol", protocol: staged.protocol });
  if (staged.metadata !== undefined) actions.push({ kind: "metaData", metaData: staged.metadata });
  for (const txn of staged.transactions ?? []) actions.push({ kind: "txn", txn });
  for (const { path, size, partitionValues } of removes) {
    const remove = {
      path,
      deletionTimestamp: timestamp,
      dataChange: true,
      extendedFileMetadata: true,
      partitionValues,
      size,
    } as const;
    actions.push({ kind: "remove", remove });
  }
  for (const add of staged.adds) actions.push({ kind: "add", add });
  return serializeCommit(actions);
}

function sum(files: readonly LiveFile[]): bigint {
  return files.reduce((total, file) => total + file.size, 0n);
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
