import {
  type EvolvedTable,
  foldCase,
  type Snapshot,
  type SourceColumn,
} from "../../../table-format/index.js";
import type { MergeClause } from "../../sql/dml/row-statements.js";
import { evolvedTable } from "../insert/evolve-schema.js";
import { stateOf } from "../table-change.js";

/**
 * The table with the columns and fields of the source that clauses mention, by `*` or by name; `undefined` when it
 * has them all. As in delta-spark a column joins that an assignment names and the source has.
 *
 * @throws LakeError `invalid-input` naming a column that cannot join the table.
 */
export function evolvedByMerge(
  label: string,
  read: Snapshot,
  clauses: readonly MergeClause[],
  source: readonly SourceColumn[],
): EvolvedTable | undefined {
  const mentioned = mentionedColumns(clauses, source);
  const { changed, ...evolved } = evolvedTable(label, stateOf(read), [mentioned], "merge");
  return changed ? evolved : undefined;
}

/** The columns of the source that clauses give to columns of the same name. Pure. */
function mentionedColumns(
  clauses: readonly MergeClause[],
  source: readonly SourceColumn[],
): readonly SourceColumn[] {
  const named = new Set<string>();
  for (const { action } of clauses) {
    if (action.kind === "delete") continue;
    const said = action.kind === "update" ? action.set : action.values;
    if (said === "all") return source;
    for (const { column } of said) named.add(foldCase(column[0] ?? ""));
  }
  return source.filter(({ name }) => named.has(foldCase(name)));
}
