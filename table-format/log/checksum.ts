import type { JsonValue } from "../../core/index.js";
import {
  type CallOptions,
  isObjectAbsent,
  type ObjectPath,
  type ObjectStore,
  objectPath,
} from "../../object-store/index.js";
import type { Action, DomainMetadata, Metadata, Protocol, SetTransaction } from "./actions.js";
import { type ParsedChecksum, parseChecksum, serializeChecksum } from "./checksum-text.js";
import { usesInCommitTimestamps } from "./in-commit-timestamps.js";
import { LOG_FOLDER } from "./log-path.js";
import type { Version } from "./version.js";

/**
 * What a `.crc` file says of one version (PROTOCOL.md, "Version Checksum File Schema"). The histograms
 * and the list of all files, which are optional, are neither read nor written.
 */
export interface VersionChecksum {
  /** The transaction that made the version; a random id of its writer. */
  readonly txnId: string | undefined;
  /** Bytes of all live files. */
  readonly tableSizeBytes: bigint;
  /** Live files. */
  readonly numFiles: bigint;
  /** Milliseconds since the epoch; there if and only if the table has in-commit timestamps. */
  readonly inCommitTimestamp: bigint | undefined;
  /** All of them, or `undefined` when the writer left them out. */
  readonly setTransactions: readonly SetTransaction[] | undefined;
  /** All live ones, or `undefined` when the writer left them out. */
  readonly domainMetadata: readonly DomainMetadata[] | undefined;
  readonly metadata: Metadata;
  readonly protocol: Protocol;
  /** Rows that deletion vectors take away; `undefined` when the writer left it out. */
  readonly numDeletedRecords: bigint | undefined;
  /** Live files that have a deletion vector; `undefined` when the writer left it out. */
  readonly numDeletionVectors: bigint | undefined;
}

/** What replaying a version tells, as far as a checksum says it too. */
export interface VersionTotals {
  readonly txnId?: string | undefined;
  readonly inCommitTimestamp?: bigint | undefined;
  readonly tableSizeBytes: bigint;
  readonly numFiles: bigint;
  readonly numDeletedRecords: bigint | undefined;
  readonly numDeletionVectors: bigint | undefined;
  readonly metadata: Metadata;
  readonly protocol: Protocol;
  readonly transactions: Iterable<SetTransaction>;
  readonly domains: Iterable<DomainMetadata>;
}

/** More of them would make the file, which is written with every commit, as long as a checkpoint. */
const MOST_TRANSACTIONS = 100;
const MOST_DOMAINS = 100;

export function checksumPath(of: Version): ObjectPath {
  return objectPath(`${LOG_FOLDER}/${of.toString().padStart(20, "0")}.crc`);
}

/** The checksum of a version that was replayed. Pure. */
export function checksumOf(totals: VersionTotals): VersionChecksum {
  const { transactions, domains, ...rest } = totals;
  const hasVectors = hasDeletionVectors(totals.protocol);
  return {
    ...rest,
    txnId: totals.txnId,
    inCommitTimestamp: usesInCommitTimestamps(totals) ? totals.inCommitTimestamp : undefined,
    setTransactions: atMost(MOST_TRANSACTIONS, [...transactions]),
    domainMetadata: atMost(
      MOST_DOMAINS,
      [...domains].filter((domain) => !domain.removed),
    ),
    numDeletedRecords: hasVectors ? totals.numDeletedRecords : undefined,
    numDeletionVectors: hasVectors ? totals.numDeletionVectors : undefined,
  };
}

/**
 * The checksum of version 0 from the actions of its commit; `undefined` when they do not make a table or
 * cannot be added up. Pure.
 */
export function firstChecksum(actions: readonly Action[]): VersionChecksum | undefined {
  const metadata = actions.findLast((action) => action.kind === "metaData")?.metaData;
  const protocol = actions.findLast((action) => action.kind === "protocol")?.protocol;
  if (metadata === undefined || protocol === undefined) return undefined;
  const empty = checksumOf({
    tableSizeBytes: 0n,
    numFiles: 0n,
    numDeletedRecords: 0n,
    numDeletionVectors: 0n,
    metadata,
    protocol,
    transactions: [],
    domains: [],
  });
  return nextChecksum(empty, actions);
}

/**
 * The checksum of a version from the one before it and the actions of its commit; `undefined` when it
 * cannot be told from these: what was not counted before, a remove that states no size, a path that the
 * commit adds twice or in one form only. Pure.
 *
 * It counts, and knows no file by name. So it is right only for a commit whose adds are of files that were
 * not live and whose removes are of files that were, as PROTOCOL.md, "Add File and Remove File" has it: an
 * add that repeats a live file (to give it statistics, say) needs {@link checksumOf} instead.
 */
export function nextChecksum(
  previous: VersionChecksum,
  actions: readonly Action[],
): VersionChecksum | undefined {
  let { metadata, protocol, tableSizeBytes, numFiles, txnId, inCommitTimestamp } = previous;
  txnId = undefined;
  inCommitTimestamp = undefined;
  const transactions = keyed(previous.setTransactions, (txn) => txn.appId);
  const domains = keyed(previous.domainMetadata, (domain) => domain.domain);
  // Before a table had the feature it had no deletion vectors, whatever its checksum left out.
  const before = hasDeletionVectors(previous.protocol) ? undefined : 0n;
  let vectors = previous.numDeletionVectors ?? before;
  let deleted = previous.numDeletedRecords ?? before;
  const added = new Set<string>();
  const removed = new Set<string>();

  for (const action of actions) {
    switch (action.kind) {
      case "add":
      case "remove": {
        const file = action.kind === "add" ? action.add : action.remove;
        const sign = action.kind === "add" ? 1n : -1n;
        const seen = action.kind === "add" ? added : removed;
        // A remove without a size is read as one of 0 bytes.
        if (seen.has(file.path) || (action.kind === "remove" && file.size === 0n)) return undefined;
        seen.add(file.path);
        numFiles += sign;
        tableSizeBytes += sign * file.size;
        if (file.deletionVector === undefined) break;
        vectors = vectors === undefined ? undefined : vectors + sign;
        deleted = deleted === undefined ? undefined : deleted + sign * file.deletionVector.cardinality;
        break;
      }
      case "metaData":
        metadata = action.metaData;
        break;
      case "protocol":
        protocol = action.protocol;
        break;
      case "txn":
        transactions?.set(action.txn.appId, action.txn);
        break;
      case "domainMetadata":
        if (action.domainMetadata.removed) domains?.delete(action.domainMetadata.domain);
        else domains?.set(action.domainMetadata.domain, action.domainMetadata);
        break;
      case "commitInfo":
        txnId = textOf(action.commitInfo["txnId"]);
        inCommitTimestamp = wholeOf(action.commitInfo["inCommitTimestamp"]);
        break;
      default:
        break;
    }
  }
  const counts = [numFiles, tableSizeBytes, vectors ?? 0n, deleted ?? 0n];
  if (counts.some((count) => count < 0n)) return undefined;
  if (usesInCommitTimestamps({ metadata, protocol }) && inCommitTimestamp === undefined) return undefined;
  const next = checksumOf({
    txnId,
    inCommitTimestamp,
    tableSizeBytes,
    numFiles,
    numDeletedRecords: deleted,
    numDeletionVectors: vectors,
    metadata,
    protocol,
    transactions: transactions?.values() ?? [],
    domains: domains?.values() ?? [],
  });
  return {
    ...next,
    setTransactions: transactions === undefined ? undefined : next.setTransactions,
    domainMetadata: domains === undefined ? undefined : next.domainMetadata,
  };
}

/**
 * The checksum file of a version; `undefined` when there is none.
 *
 * @throws LakeError of the store, but not for an absent or a broken file.
 */
export async function readChecksum(
  store: ObjectStore,
  of: Version,
  options?: CallOptions,
): Promise<ParsedChecksum | undefined> {
  try {
    return parseChecksum(new TextDecoder().decode(await store.get(checksumPath(of), options)));
  } catch (error) {
    if (isObjectAbsent(error)) return undefined;
    throw error;
  }
}

/** What became of a checksum file. None of it is a failure of the commit, which is already in the log. */
export type ChecksumWritten =
  | { readonly status: "created" }
  /** Another writer was first, and its file stays (PROTOCOL.md, "Writer Requirements"). */
  | { readonly status: "exists" }
  | { readonly status: "failed"; readonly cause: unknown };

/** Writes the checksum of a version whose commit is in the log, unless there is one. Never throws. */
export async function writeChecksum(
  store: ObjectStore,
  of: Version,
  checksum: VersionChecksum,
  options?: CallOptions,
): Promise<ChecksumWritten> {
  try {
    const data = new TextEncoder().encode(serializeChecksum(checksum));
    // One that a crash of the machine leaves torn is no valid JSON, and is not believed.
    return await store.putIfAbsent(checksumPath(of), data, { ...options, durable: false });
  } catch (cause) {
    return { status: "failed", cause };
  }
}

function hasDeletionVectors(protocol: Protocol): boolean {
  return protocol.readerFeatures?.includes("deletionVectors") === true;
}

function atMost<T>(limit: number, items: readonly T[]): readonly T[] | undefined {
  return items.length <= limit ? items : undefined;
}

function keyed<T>(items: readonly T[] | undefined, key: (item: T) => string): Map<string, T> | undefined {
  return items === undefined ? undefined : new Map(items.map((item) => [key(item), item]));
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function wholeOf(value: JsonValue | undefined): bigint | undefined {
  if (typeof value === "bigint") return value;
  return typeof value === "number" && Number.isSafeInteger(value) ? BigInt(value) : undefined;
}
