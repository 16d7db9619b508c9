import type { Snapshot, StagedCommit } from "../../../table-format/index.js";

/** Rows that a caller wants to add to a table, as they are staged. */
export interface Append {
  /** The version that it was made against. */
  readonly read: Snapshot;
  readonly staged: StagedCommit;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Whether a change does nothing but add files, whatever else the table holds, so that it may share a commit with
 * others like it. What an identity column gives out is part of the metadata, so a change that takes such values is
 * none; row ids and the time in the log are given when the entry is made, to the files of all. Pure.
 */
export function isBlindAppend({
  protocol,
  metadata,
  adds,
  replaces,
  changes = [],
  domains = [],
  reads = [],
  dataChange,
}: StagedCommit): boolean {
  return (
    protocol === undefined &&
    metadata === undefined &&
    replaces.kind === "none" &&
    changes.length === 0 &&
    domains.length === 0 &&
    reads.length === 0 &&
    dataChange !== false &&
    adds.length > 0 &&
    // A file that has row ids was in the table before.
    adds.every((add) => add.dataChange && add.baseRowId === undefined)
  );
}
