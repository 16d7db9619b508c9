import { type Clock, LakeError } from "../../../core/index.js";
import { quoteIdentifier, quoteString, type Session } from "../../../engine/index.js";
import { findField, type Snapshot, type StagedCommit, type TableRead } from "../../../table-format/index.js";
import { type QueryRunner, SCANNED, type SessionTable } from "../../table.js";
import type { WriteTarget } from "../data-files.js";
import { checkChangeable } from "../row-change/changed-table.js";
import { leavingRowsSelect } from "../row-change/kept-rows.js";
import { MatchedRows } from "../row-change/matched-rows.js";
import { fileActions, RowChangeWork } from "../row-change/row-change-work.js";
import { SOURCE_FILE_COLUMN } from "./landing-columns.js";

/** A temporary table of the session: files whose former rows leave. */
const REPLACED = "gl_replaced";
/** So many files are named in the statement itself, by which data files are skipped. */
const MOST_NAMED = 100;

/** Former rows of source files, on their way out of a table. */
export interface ReplacedRows {
  readonly rows: bigint;
  readonly work: RowChangeWork;
  readonly actions: Pick<StagedCommit, "replaces" | "adds" | "changes">;
  readonly reads: readonly TableRead[];
}

export interface ReplaceRequest {
  readonly label: string;
  readonly read: Snapshot;
  /** The table with the columns that it will have. */
  readonly target: WriteTarget;
  readonly metadataChanged: boolean;
  /** URIs. */
  readonly files: readonly string[];
  /** Tables of the session with the rows that come, for the change data feed. */
  readonly arriving: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal | undefined;
}

/**
 * Refuses to replace the rows of files in a table that does not tell which they are.
 *
 * @throws LakeError `invalid-input` `source-file-untold`; also for a table whose rows cannot be changed.
 */
export function checkReplaceable(label: string, read: Snapshot, files: readonly string[]): void {
  checkChangeable(label, read, "replaced");
  if (findField(read.schema, SOURCE_FILE_COLUMN)?.type.type === "string") return;
  throw new LakeError(
    "invalid-input",
    "source-file-untold",
    `the former rows of ${files[0]} cannot be told: ${label} has no column ${SOURCE_FILE_COLUMN}, which says what file a row is from`,
    {
      context: { file: files[0] },
      hint: "Land the changed file with --on-change append, or all files anew with --mode overwrite --source-column.",
    },
  );
}

/**
 * Takes the former rows of source files out of a table: those whose `_source_file` they are.
 *
 * @throws LakeError `invalid-input` `source-file-untold` where rows of a file may be among those that do not tell it.
 */
export async function replaceFormerRows(
  rows: QueryRunner,
  session: Session,
  request: ReplaceRequest,
): Promise<ReplacedRows> {
  const { label, read, target, metadataChanged, files, arriving, clock, signal } = request;
  checkReplaceable(label, read, files);
  const snapshot = metadataChanged ? read.withMetadata(target.metadata) : read;
  const column = quoteIdentifier(SOURCE_FILE_COLUMN);
  const { condition, sessionTables } = await isOneOf(session, column, files);
  const found = await rows.planOver(
    { label, snapshot },
    `SELECT _metadata.file_path AS file, _metadata.row_index AS row_index, ${column} AS source_file FROM ${SCANNED} WHERE ${condition}`,
    { signal, session, sessionTables, toTell: true },
  );
  try {
    const select = { sql: found.sql, parameters: { parameters: found.parameters, signal } };
    const matched = await MatchedRows.find(session, read, select, signal);
    await checkAllTold(rows, session, request, matched);
    const work = new RowChangeWork(session, snapshot, target, clock, signal);
    const writes = await work.write({
      leaving: matched,
      arriving: [],
      updatesRows: false,
      changes: async () => {
        const leaving = await leavingRowsSelect(session, snapshot, matched, signal);
        return [
          `SELECT *, 'delete' AS _change_type FROM (${leaving})`,
          ...arriving.map((table) => `SELECT *, 'insert' AS _change_type FROM ${table}`),
        ];
      },
    });
    return {
      rows: matched.count,
      work,
      actions: { ...fileActions(writes), changes: writes.changes },
      reads: found.scans.map(({ predicate }) => ({ predicate, removals: false })),
    };
  } finally {
    if (snapshot !== read) await snapshot.retire();
    await MatchedRows.drop(session);
    await session.execute(`DROP TABLE IF EXISTS ${REPLACED}`);
    await rows.release(found);
  }
}

async function isOneOf(
  session: Session,
  column: string,
  files: readonly string[],
): Promise<{ readonly condition: string; readonly sessionTables: readonly SessionTable[] }> {
  if (files.length <= MOST_NAMED) {
    return { condition: `${column} IN (${files.map(quoteString).join(", ")})`, sessionTables: [] };
  }
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE ${REPLACED} AS SELECT unnest(from_json(${quoteString(JSON.stringify(files))}, '["VARCHAR"]')) AS uri`,
  );
  const sessionTables = [{ name: REPLACED, columns: [{ name: "uri", type: "VARCHAR" }] }];
  return { condition: `${column} IN (SELECT uri FROM ${REPLACED})`, sessionTables };
}

/** A file without former rows may have rows that landed before the table had the column. */
async function checkAllTold(
  rows: QueryRunner,
  session: Session,
  { label, read, files, signal }: ReplaceRequest,
  matched: MatchedRows,
): Promise<void> {
  const told =
    matched.files.length === 0
      ? []
      : await session.rows(`SELECT DISTINCT source_file FROM ${matched.matchedRelation(matched.files)}`, {
          signal,
        });
  const known = new Set(told.map((row) => String(row["source_file"])));
  const untold = files.find((file) => !known.has(file));
  if (untold === undefined) return;
  const query = `SELECT 1 FROM ${SCANNED} WHERE ${quoteIdentifier(SOURCE_FILE_COLUMN)} IS NULL LIMIT 1`;
  const nameless = await rows.planOver({ label, snapshot: read }, query, { signal });
  try {
    const found = await nameless.session.rows(nameless.sql, { parameters: nameless.parameters, signal });
    if (found.length === 0) return;
  } finally {
    await rows.release(nameless);
  }
  throw new LakeError(
    "invalid-input",
    "source-file-untold",
    `the former rows of ${untold} cannot be told: rows of ${label} without a ${SOURCE_FILE_COLUMN} may be among them`,
    {
      context: { file: untold },
      hint: "Land the changed file with --on-change append, or give those rows their file: UPDATE ... SET _source_file = ...",
    },
  );
}
