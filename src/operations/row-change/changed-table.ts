import { LakeError } from "../../../core/index.js";
import { quoteIdentifier } from "../../../engine/index.js";
import { isAppendOnly, type Snapshot, type TableRead } from "../../../table-format/index.js";
import { hidesMetadata, METADATA_COLUMN } from "../../scan/metadata-column.js";
import type { PlannedScan } from "../../sql/query-planner.js";
import { parseTarget } from "../../table-resolver.js";

/** What expressions of a statement call the table that it changes: its alias, else its own name. */
export function calledSql(label: string, alias: string | undefined): string {
  if (alias !== undefined) return quoteIdentifier(alias);
  const target = parseTarget(label);
  return quoteIdentifier(target.kind === "name" ? target.name.name : "target");
}

/**
 * Refuses a table whose rows cannot be changed.
 *
 * @param done what would be done to them: `deleted`
 * @throws LakeError `invalid-input` for an append-only table, `unsupported` for one with a column that takes the
 *   place of the one that tells where a row lies.
 */
export function checkChangeable(label: string, snapshot: Snapshot, done: string): void {
  if (isAppendOnly(snapshot.metadata.configuration)) {
    throw new LakeError(
      "invalid-input",
      "append-only",
      `${label} is append-only: its rows cannot be ${done}`,
      { hint: "Set delta.appendOnly to false first." },
    );
  }
  if (hidesMetadata(snapshot.schema)) {
    throw new LakeError(
      "unsupported",
      "metadata-column",
      `rows of ${label} cannot be ${done}: it has a column called ${METADATA_COLUMN}`,
      { context: { column: METADATA_COLUMN }, hint: "Rename the column first; that needs column mapping." },
    );
  }
}

/**
 * What a statement read of the table that it changes. It replaces the files in which it found rows to change, so
 * that other writers took rows from these is told by the files; where subqueries read the table too, it matters
 * that rows are gone from any. Pure.
 *
 * @param location of the table
 */
export function readsOf(scans: readonly PlannedScan[], location: string): TableRead[] {
  const own = scans.filter((scan) => scan.location === location);
  return own.map(({ predicate }) => ({ predicate, removals: own.length > 1 }));
}
