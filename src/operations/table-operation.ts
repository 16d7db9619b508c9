import { LakeError } from "../../core/index.js";
import type { Snapshot, StagedCommit } from "../../table-format/index.js";
import type { ResolvedTable } from "../table-resolver.js";

/** A change of one table, that can be made against any version of it and more than once. */
export interface TableOperation<R> {
  /** As messages call it: `UPDATE`. */
  readonly name: string;
  /**
   * How often it is made at most when other writers change what it read; default ten times. More is for operations
   * of which only one at a time can win, and that are cheap to make again: each waits a while first.
   */
  readonly attempts?: number | undefined;
  /**
   * Makes the change against one version: reads rows, and writes files beside the log. When it throws, none of
   * its files are left.
   *
   * @param read the version that it stands on; `undefined` when there is no table yet
   * @throws LakeError whatever is wrong with the change itself; `not-found` when it needs a table.
   */
  prepare(read: Snapshot | undefined): Promise<PreparedChange<R>>;
}

/** What an operation came to against one version. */
export type PreparedChange<R> =
  /** There is nothing to commit. */
  | { readonly status: "nothing"; readonly result: R }
  | {
      readonly status: "staged";
      readonly staged: StagedCommit;
      readonly files: WrittenBeside;
      readonly result: (landed: Landed) => R;
    };

/** The files of a change that is not in the log. */
export interface WrittenBeside {
  /** Removes them: no commit holds them, and none will. */
  discard(): Promise<void>;
}

/** Where a change came to stand. */
export interface Landed {
  /** Within a transaction that is still open: the version that the change would make now. */
  readonly version: bigint;
  /** Live files that the commit replaced. */
  readonly filesRemoved: number;
}

/**
 * By which a job that runs twice writes once: a commit holds the application's id and version, and one whose
 * version is not above the last is skipped (PROTOCOL.md, "Transaction Identifiers").
 */
export interface ApplicationTransaction {
  readonly appId: string;
  readonly version: bigint;
}

export interface RunOptions {
  readonly application?: ApplicationTransaction | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What became of an operation that was run. */
export type OperationOutcome<R> =
  | { readonly status: "done"; readonly result: R }
  /** The application had committed this version, or a later one, before. Nothing was written. */
  | { readonly status: "skipped"; readonly version: bigint; readonly committedVersion: bigint };

/** Runs operations on tables: each in a commit of its own, or together in one transaction. */
export interface OperationRunner {
  /**
   * @throws LakeError what {@link TableOperation.prepare} throws; `conflict` when other writers kept changing
   *   what the operation had read; `unsupported` for a table with a feature that this release does not write.
   */
  run<R>(
    target: ResolvedTable,
    operation: TableOperation<R>,
    options?: RunOptions,
  ): Promise<OperationOutcome<R>>;
}

/** The result of an operation that was run for no application, and so cannot have been skipped. */
export function doneOnly<R>(outcome: OperationOutcome<R>): R {
  if (outcome.status === "done") return outcome.result;
  throw new LakeError("internal", "operation-skipped", "an operation of no application was skipped");
}
