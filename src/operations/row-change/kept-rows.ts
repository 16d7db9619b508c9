import { quoteIdentifier, type Session } from "../../../engine/index.js";
import type { Snapshot } from "../../../table-format/index.js";
import { METADATA_COLUMN, materializedRowColumns } from "../../scan/metadata-column.js";
import { scanRelation } from "../../scan/scan-relation.js";
import type { MatchedFile } from "./file-edits.js";
import type { MatchedRows } from "./matched-rows.js";

/** The columns beside the table's that rewritten files hold: ids and commit versions of rows that had them. */
export function materializedColumns({ metadata }: Snapshot): string[] {
  return materializedRowColumns(metadata.configuration).map(({ column }) => column);
}

/** A SELECT of the rows of some files that stay, with {@link materializedColumns}. */
export async function keptRowsSelect(
  session: Session,
  snapshot: Snapshot,
  matched: MatchedRows,
  files: readonly MatchedFile[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const extra = materializedRowColumns(snapshot.metadata.configuration).map(
    ({ column, member }) => `${METADATA_COLUMN}.${member} AS ${quoteIdentifier(column)}`,
  );
  const rows = await rowsOf(session, snapshot, matched.isFileSql(files), signal);
  return `SELECT ${["*", ...extra].join(", ")} FROM (${rows}) AS r WHERE NOT ${matched.isMatchedSql(`r.${METADATA_COLUMN}`)}`;
}

/**
 * A SELECT of all rows that leave the table: its columns, and `_metadata`, as they were.
 */
export async function leavingRowsSelect(
  session: Session,
  snapshot: Snapshot,
  matched: MatchedRows,
  signal: AbortSignal | undefined,
): Promise<string> {
  const rows = await rowsOf(session, snapshot, matched.isFileSql(matched.files), signal);
  return `SELECT * FROM (${rows}) AS r WHERE ${matched.isMatchedSql(`r.${METADATA_COLUMN}`)}`;
}

async function rowsOf(
  session: Session,
  snapshot: Snapshot,
  files: string,
  signal: AbortSignal | undefined,
): Promise<string> {
  const request = {
    snapshot,
    columns: "all",
    predicate: { kind: "constant", value: true },
    files,
    withMetadata: true,
  } as const;
  return (await scanRelation(session, "gl_rewritten", request, signal)).sql;
}
