import type { JsonValue } from "../../core/index.js";
import type { Action, AddFile, CommitInfo, PartitionValues, RemoveFile } from "../log/actions.js";
import type { Version } from "../log/version.js";

/** A commit that is in the log already, at a version that another transaction wanted. */
export interface WinningCommit {
  readonly version: Version;
  readonly actions: readonly Action[];
  readonly info: CommitInfo;
}

/** Who won, as far as the commit tells: every field of `commitInfo` is optional. */
export interface Winner {
  readonly version: Version;
  /** `UPDATE`, `MERGE`, ... */
  readonly operation: string | undefined;
  /** `Apache-Spark/4.0.0 Delta-Lake/4.0.0`, `delta-rs.0.25.0`, ... */
  readonly writer: string | undefined;
  /** Milliseconds since the epoch. */
  readonly timestamp: number | undefined;
}

/** A file that a commit added or removed, with what the commit says of the rows in it. */
export interface ChangedFile {
  readonly change: "added" | "removed";
  /** As the action has it. */
  readonly path: string;
  readonly partitionValues: PartitionValues;
  readonly stats: string | undefined;
}

export function winningCommit(version: Version, actions: readonly Action[]): WinningCommit {
  const info = actions.find((action) => action.kind === "commitInfo")?.commitInfo ?? {};
  return { version, actions, info };
}

export function winnerOf({ version, info }: WinningCommit): Winner {
  return {
    version,
    operation: textOf(info["operation"]),
    writer: textOf(info["engineInfo"]) ?? textOf(info["clientVersion"]),
    timestamp: millisecondsOf(info["inCommitTimestamp"]) ?? millisecondsOf(info["timestamp"]),
  };
}

/** The id by which a writer knows its commit again (PROTOCOL.md, "Commit Provenance Information"). */
export function txnIdOf({ info }: WinningCommit): string | undefined {
  return textOf(info["txnId"]);
}

/** The time that the commit states as binding (PROTOCOL.md, "In-Commit Timestamps"). */
export function inCommitTimestampOf({ info }: WinningCommit): number | undefined {
  return millisecondsOf(info["inCommitTimestamp"]);
}

/** `version 12 (UPDATE by Apache-Spark/4.0.0)`, for messages. */
export function winnerText({ version, operation, writer }: Winner): string {
  const by = writer === undefined ? "" : `by ${writer}`;
  const known = [operation, by].filter((part) => part !== undefined && part !== "").join(" ");
  return known === "" ? `version ${version}` : `version ${version} (${known})`;
}

export function addedFile({ path, partitionValues, stats }: AddFile): ChangedFile {
  return { change: "added", path, partitionValues, stats };
}

export function removedFile({ path, partitionValues, stats }: RemoveFile): ChangedFile {
  return { change: "removed", path, partitionValues, stats };
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

function millisecondsOf(value: JsonValue | undefined): number | undefined {
  return typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined;
}
