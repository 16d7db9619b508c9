import { type Logger, messageOf } from "../../core/index.js";
import type { CommitOutcome, DeltaTable, Metadata } from "../../table-format/index.js";

/**
 * Does what a commit leaves to be done: its checksum, and where they are due a checkpoint and the cleanup of
 * the log. The commit stands whatever becomes of it: a failure is told, and the next commit makes up for it.
 */
export async function afterCommit(
  { logger }: { readonly logger: Logger },
  table: DeltaTable,
  outcome: Extract<CommitOutcome, { status: "committed" }>,
  metadata: Metadata | undefined,
): Promise<void> {
  for (const { what, cause } of await table.maintain(outcome, metadata?.configuration ?? {})) {
    logger.warn(`version ${outcome.version} is committed; its ${what} failed: ${messageOf(cause)}`);
  }
}
