import { quoteIdentifier, type Session } from "../../../engine/index.js";
import { findField, type Snapshot } from "../../../table-format/index.js";
import { fileTableName } from "../../scan/file-groups.js";
import { FILE_NUMBER, METADATA_COLUMN, materializedRowColumns } from "../../scan/metadata-column.js";
import { scanRelation } from "../../scan/scan-relation.js";
import type { MatchedFile } from "./file-edits.js";
import type { MatchedRows } from "./matched-rows.js";

/** The columns beside the table's that rewritten files hold: ids and commit versions of rows that had them. */
export function materializedColumns({ metadata }: Snapshot): string[] {
  return materializedRowColumns(metadata.configuration).map(({ column }) => column);
}

/** The column that tells the ordinal of the file that a row was in; a name that the table does not have. */
export function originColumn(snapshot: Snapshot): string {
  return freeName(snapshot, "gl_origin");
}

/** A name that no column of the table has. */
export function freeName(snapshot: Snapshot, name: string): string {
  return findField(snapshot.schema, name) === undefined ? name : freeName(snapshot, `${name}_`);
}

/**
 * A SELECT of the rows of some files that stay: the table's columns, {@link materializedColumns} and
 * {@link originColumn}.
 */
export async function keptRowsSelect(
  session: Session,
  snapshot: Snapshot,
  matched: MatchedRows,
  files: readonly MatchedFile[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const columns = snapshot.schema.fields.map(({ name }) => `r.${quoteIdentifier(name)}`);
  const extra = materializedRowColumns(snapshot.metadata.configuration).map(
    ({ column, member }) => `r.${METADATA_COLUMN}.${member} AS ${quoteIdentifier(column)}`,
  );
  const rows = await rowsOf(session, "gl_kept", snapshot, matched, files, signal);
  const list = [...columns, ...extra, `o.ordinal AS ${quoteIdentifier(originColumn(snapshot))}`].join(", ");
  // An anti join and no NOT EXISTS: that the engine plans with all rows of the files in memory.
  return `SELECT ${list} FROM ${rows}
    ANTI JOIN ${matched.matchedRelation(files)} AS m ON m.ordinal = o.ordinal AND m.row_index = ${rowIndex}`;
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
  return `SELECT r.* FROM ${await leavingRowsFrom(session, snapshot, matched, matched.files, signal)}`;
}

/**
 * What follows FROM for the rows of some files that leave the table: `r` has the table's columns and `_metadata`
 * as they were, `m` what was kept of the row when it was found, and the `ordinal` of its file.
 */
export async function leavingRowsFrom(
  session: Session,
  snapshot: Snapshot,
  matched: MatchedRows,
  files: readonly MatchedFile[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const rows = await rowsOf(session, "gl_leaving", snapshot, matched, files, signal);
  return `${rows} JOIN ${matched.matchedRelation(files)} AS m
    ON m.ordinal = o.ordinal AND m.row_index = ${rowIndex}`;
}

/** Of a row of the relation `r`. */
const rowIndex = `r.${METADATA_COLUMN}.row_index`;

/**
 * What follows FROM for all rows of some files: `r`, with the table's columns and `_metadata`, and `o` with the
 * `ordinal` of the file.
 *
 * @param name under which the session keeps what it needs; of one name there is one relation at a time
 */
async function rowsOf(
  session: Session,
  name: string,
  snapshot: Snapshot,
  matched: MatchedRows,
  files: readonly MatchedFile[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const request = {
    snapshot,
    columns: "all",
    predicate: { kind: "constant", value: true },
    files: matched.isFileSql(files),
    withMetadata: true,
    withFileNumbers: true,
  } as const;
  const { sql } = await scanRelation(session, name, request, signal);
  // Rows are told by the number of their file, which costs less than its name and which every snapshot has its own of.
  const ordinals = `(SELECT f.position, o.ordinal FROM ${fileTableName(name)} AS f
    JOIN ${matched.filesRelation(files)} AS o ON o.file = f.file_path)`;
  return `(${sql}) AS r JOIN ${ordinals} AS o ON o.position = r.${METADATA_COLUMN}.${FILE_NUMBER}`;
}
