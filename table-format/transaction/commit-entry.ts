import type { JsonObject } from "../../core/index.js";
import type { Action, Metadata, Protocol, RemoveFile } from "../log/actions.js";
import type { Version } from "../log/version.js";
import { writerFeatures } from "../protocol/features.js";
import { isolationLevelOf } from "./isolation.js";
import { assignRowIds } from "./row-ids.js";
import type { LiveFile, StagedCommit } from "./staged-commit.js";

/** What an entry of the log depends on beside what was staged: where in the log it comes to stand. */
export interface EntryPlace {
  readonly target: Version;
  readonly readVersion: Version | undefined;
  /** Those of the version that was read; `undefined` for a table that is to be created. */
  readonly protocol: Protocol | undefined;
  readonly metadata: Metadata | undefined;
  /** The greatest row id given out by the version that `target` follows. */
  readonly rowIdHighWaterMark: bigint;
  /** When the version that `target` follows was committed, in milliseconds since the epoch. */
  readonly previousTimestamp: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly txnId: string;
}

/**
 * The actions of a commit at its place in the log. Pure.
 *
 * @param removes the live files that the commit replaces
 */
export function commitEntryActions(
  staged: StagedCommit,
  removes: readonly LiveFile[],
  place: EntryPlace,
): readonly Action[] {
  const { timestamp, inCommitTimestamp, metadata } = commitTime(staged, place);
  const protocol = staged.protocol ?? place.protocol;
  const tracksRows = protocol !== undefined && writerFeatures(protocol).includes("rowTracking");
  const { adds, domain } = tracksRows
    ? assignRowIds(staged.adds, place.target, place.rowIdHighWaterMark)
    : { adds: staged.adds, domain: undefined };
  const domains = [...(staged.domains ?? []), ...(domain === undefined ? [] : [domain])];
  const entry: Action[] = [
    {
      kind: "commitInfo",
      commitInfo: {
        ...(inCommitTimestamp ? { inCommitTimestamp: BigInt(timestamp) } : {}),
        ...commitInfo(staged, removes, place, timestamp),
      },
    },
  ];
  if (staged.protocol !== undefined) entry.push({ kind: "protocol", protocol: staged.protocol });
  if (metadata !== undefined) entry.push({ kind: "metaData", metaData: metadata });
  for (const domainMetadata of domains) entry.push({ kind: "domainMetadata", domainMetadata });
  for (const txn of staged.transactions ?? []) entry.push({ kind: "txn", txn });
  for (const file of removes) entry.push({ kind: "remove", remove: removeOf(file, timestamp, staged) });
  for (const add of adds) entry.push({ kind: "add", add });
  for (const cdc of staged.changes ?? []) entry.push({ kind: "cdc", cdc });
  return entry;
}

interface CommitTime {
  readonly timestamp: number;
  readonly inCommitTimestamp: boolean;
  readonly metadata: Metadata | undefined;
}

/**
 * When the commit happens. Where the table keeps its time in the log, each commit is later than the one
 * before it, and the commit that turns that on says from which version on it holds (PROTOCOL.md,
 * "In-Commit Timestamps").
 */
function commitTime(staged: StagedCommit, place: EntryPlace): CommitTime {
  const configuration = (staged.metadata ?? place.metadata)?.configuration;
  if (!keepsTimeInLog(configuration)) {
    return { timestamp: place.now, inCommitTimestamp: false, metadata: staged.metadata };
  }
  const timestamp =
    place.previousTimestamp === undefined ? place.now : Math.max(place.now, place.previousTimestamp + 1);
  const before = keepsTimeInLog(place.metadata?.configuration);
  if (staged.metadata === undefined || before || place.metadata === undefined) {
    return { timestamp, inCommitTimestamp: true, metadata: staged.metadata };
  }
  const enabled = {
    "delta.inCommitTimestampEnablementVersion": String(place.target),
    "delta.inCommitTimestampEnablementTimestamp": String(timestamp),
  };
  const metadata = {
    ...staged.metadata,
    configuration: { ...staged.metadata.configuration, ...enabled },
  };
  return { timestamp, inCommitTimestamp: true, metadata };
}

/** Whether the commits of a table with these properties state their time (`delta.enableInCommitTimestamps`). */
export function keepsTimeInLog(configuration: Metadata["configuration"] | undefined): boolean {
  return configuration?.["delta.enableInCommitTimestamps"]?.toLowerCase() === "true";
}

function commitInfo(
  staged: StagedCommit,
  removes: readonly LiveFile[],
  place: EntryPlace,
  timestamp: number,
): JsonObject {
  const removedBytes = removes.reduce((total, file) => total + file.size, 0n);
  const replaced =
    removes.length === 0
      ? {}
      : { numRemovedFiles: String(removes.length), numRemovedBytes: String(removedBytes) };
  return {
    timestamp: BigInt(timestamp),
    operation: staged.operation,
    operationParameters: staged.operationParameters,
    ...(place.readVersion === undefined ? {} : { readVersion: place.readVersion }),
    isolationLevel: isolationLevelOf(staged, (place.metadata ?? staged.metadata)?.configuration),
    isBlindAppend: isBlindAppend(staged),
    operationMetrics: { ...replaced, ...staged.operationMetrics },
    ...staged.provenance,
    engineInfo: staged.engineInfo,
    txnId: place.txnId,
  };
}

/** Whether what is added rests on nothing that the table holds: other writers take no notice of it then. */
function isBlindAppend({ adds, replaces, reads = [] }: StagedCommit): boolean {
  return replaces.kind === "none" && reads.length === 0 && adds.every((add) => add.dataChange);
}

function removeOf(file: LiveFile, timestamp: number, staged: StagedCommit): RemoveFile {
  const { path, size, partitionValues, tags, deletionVector, baseRowId, defaultRowCommitVersion } = file;
  return {
    path,
    deletionTimestamp: BigInt(timestamp),
    dataChange: staged.dataChange !== false,
    extendedFileMetadata: true,
    partitionValues,
    size,
    tags,
    deletionVector,
    baseRowId,
    defaultRowCommitVersion,
  };
}
