import type { WrittenFile } from "../../../formats/index.js";
import { type ChangeFile, changesOfCommit, type Snapshot } from "../../../table-format/index.js";
import type { QueryPlanner } from "../../sql/query-planner.js";
import { SCANNED } from "../../table.js";
import type { ResolvedTable } from "../../table-resolver.js";
import { adoptFiles, removeFiles, type WriteTarget, writeDataFiles } from "../data-files.js";
import type { WrittenBeside } from "../table-operation.js";

/** Change files of a statement that wrote none, for the log would have told its changes. */
export interface ToldChanges {
  readonly changes: readonly ChangeFile[];
  readonly files: WrittenBeside;
}

/**
 * Writes out what a commit that is not in the log changes (PROTOCOL.md, "Change Data Files").
 *
 * @param after the version that the commit makes
 */
export async function tellChanges(
  planner: QueryPlanner,
  { table, label }: ResolvedTable,
  after: Snapshot,
  signal: AbortSignal | undefined,
): Promise<ToldChanges> {
  const feed = await changesOfCommit(after, signal);
  const written: WrittenFile[] = [];
  const files: WrittenBeside = { discard: () => removeFiles({ table }, written) };
  try {
    const plan = await planner.planOver(
      { label, snapshot: feed.wholeFiles, changes: feed },
      `SELECT * EXCLUDE (_commit_version, _commit_timestamp) FROM ${SCANNED}`,
      { signal },
    );
    try {
      const target: WriteTarget = { table, schema: after.schema, metadata: after.metadata };
      const options = { extraColumns: ["_change_type"], folder: "_change_data", signal };
      written.push(...(await writeDataFiles(plan.session, target, plan.sql, options)));
      const adopted = await adoptFiles(plan.session, target, written, signal);
      const changes = adopted.map(
        ({ path, partitionValues, file }): ChangeFile => ({
          path,
          partitionValues,
          size: file.sizeBytes,
          dataChange: false,
        }),
      );
      return { changes, files };
    } finally {
      await planner.release(plan);
    }
  } catch (error) {
    await files.discard();
    throw error;
  } finally {
    await feed.wholeFiles.retire();
  }
}
