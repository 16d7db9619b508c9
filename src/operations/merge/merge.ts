import { hidesMetadata } from "../../scan/metadata-column.js";
import type { ResolvedTable } from "../../table-resolver.js";
import { checkChangeable } from "../row-change/changed-table.js";
import type { RowChangeContext } from "../table-change.js";
import type { TableOperation } from "../table-operation.js";
import { checkClauses, isInsertOnly } from "./merge-clauses.js";
import { mergeNames } from "./merge-names.js";
import type { MergeOptions, MergeReport } from "./merge-options.js";
import { MergeSession } from "./merge-session.js";
import { prepareMerge } from "./prepare-merge.js";

export type { MergeOptions, MergeReport } from "./merge-options.js";

/**
 * Updates, deletes and inserts rows by how those of a source match them. The source is read once; of the table only
 * files that can hold a match, and of them the columns of the condition; then the files of the rows that change.
 * One commit, or none when no row changes.
 *
 * @throws LakeError `invalid-input` for clauses and expressions that cannot be, for a row that matches several of
 *   the source, for an append-only table whose rows would change, and for a row that breaks a rule of the table.
 */
export function mergeOperation(
  context: RowChangeContext,
  target: ResolvedTable,
  options: MergeOptions,
): TableOperation<MergeReport> {
  return {
    name: "MERGE",
    prepare: async (read) => {
      const snapshot = read ?? (await target.table.snapshot(undefined, options.signal));
      checkClauses(options.clauses);
      // New rows need no place that old ones have.
      if (hidesMetadata(snapshot.schema) && !isInsertOnly(options.clauses)) {
        checkChangeable(target.label, snapshot, "merged");
      }
      const names = mergeNames(target.label, options);
      return snapshot.folder.engine.withSession((session) => {
        const merge = new MergeSession(session, context.rows, names, options);
        return prepareMerge(context, target, merge, snapshot, options);
      });
    },
  };
}
