import type { ObjectStore } from "../../object-store/index.js";
import type { Action } from "../log/actions.js";
import {
  checksumOf,
  firstChecksum,
  nextChecksum,
  readChecksum,
  type VersionChecksum,
} from "../log/checksum.js";
import { type Version, version } from "../log/version.js";
import type { Snapshot } from "../snapshot/snapshot.js";

/** A commit that is in the log. */
export interface CommittedEntry {
  readonly version: Version;
  readonly actions: readonly Action[];
}

/**
 * The checksum of a commit, from the one of the version before it; `undefined` where that is not there or
 * does not tell enough. One request at most.
 */
export async function checksumAfter(
  store: ObjectStore,
  entry: CommittedEntry,
  known: { readonly version: Version; readonly checksum: VersionChecksum } | undefined,
  signal?: AbortSignal,
): Promise<VersionChecksum | undefined> {
  if (entry.version === 0n) return firstChecksum(entry.actions);
  if (repeatsLiveFiles(entry.actions)) return undefined;
  const before = version(entry.version - 1n);
  if (known?.version === before) return nextChecksum(known.checksum, entry.actions);
  const read = await readChecksum(store, before, { signal });
  return read?.status === "valid" ? nextChecksum(read.checksum, entry.actions) : undefined;
}

/** Whether adds may be of files that are live already, as those that only tell more of a file are. Pure. */
function repeatsLiveFiles(actions: readonly Action[]): boolean {
  const removes = actions.some((action) => action.kind === "remove");
  return !removes && actions.some((action) => action.kind === "add" && !action.add.dataChange);
}

/** The checksum of a version that is replayed. */
export async function checksumOfSnapshot(
  snapshot: Snapshot,
  entry: CommittedEntry,
  signal?: AbortSignal,
): Promise<VersionChecksum> {
  const { metadata, protocol, state, folder } = snapshot;
  const info = entry.actions.find((action) => action.kind === "commitInfo")?.commitInfo ?? {};
  const { txnId, inCommitTimestamp } = info;
  return snapshot.withFiles(
    (files) =>
      folder.engine.withSession(async (session) => {
        const [row] = await session.rows(
          `SELECT count(deletion_vector) AS vectors, coalesce(sum(deletion_vector.cardinality), 0)::BIGINT AS deleted FROM ${files.relation}`,
          { signal },
        );
        return checksumOf({
          txnId: typeof txnId === "string" ? txnId : undefined,
          inCommitTimestamp:
            typeof inCommitTimestamp === "bigint" || typeof inCommitTimestamp === "number"
              ? BigInt(inCommitTimestamp)
              : undefined,
          tableSizeBytes: files.sizeInBytes,
          numFiles: BigInt(files.count),
          numDeletedRecords: BigInt(String(row?.["deleted"] ?? 0)),
          numDeletionVectors: BigInt(String(row?.["vectors"] ?? 0)),
          metadata,
          protocol,
          transactions: state.transactions.values(),
          domains: state.domains.values(),
        });
      }),
    signal,
  );
}
