import type { Parameters } from "../../engine/index.js";
import type { Snapshot, StagedCommit, TableRead } from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import { type PlannedQuery, withoutRewrittenText } from "../sql/query-planner.js";
import { SCANNED } from "../table.js";
import type { ResolvedTable } from "../table-resolver.js";
import type { WriteTarget } from "./data-files.js";
import { calledSql, checkChangeable, readsOf } from "./row-change/changed-table.js";
import { type FileEdit, filesOf, type MatchedFile } from "./row-change/file-edits.js";
import { leavingRowsSelect } from "./row-change/kept-rows.js";
import { MatchedRows } from "./row-change/matched-rows.js";
import { fileActions, RowChangeWork, type RowChangeWrites } from "./row-change/row-change-work.js";
import { everyFile } from "./row-change/whole-files.js";
import type { RowChangeContext } from "./table-change.js";
import type { PreparedChange, TableOperation } from "./table-operation.js";

export interface DeleteOptions {
  /** What the condition calls the table; default its own name. */
  readonly alias?: string | undefined;
  /** A condition over the table's columns; rows for which it is TRUE go. Default every row. */
  readonly where?: string | undefined;
  /** Values for `?`, `$1` (array) or `$name` (record) in the condition. */
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface DeleteReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  readonly rowsDeleted: bigint;
  readonly filesRemoved: number;
  /** Files that stay and got a deletion vector. */
  readonly filesMarked: number;
  /** Files whose remaining rows were written to another file. */
  readonly filesRewritten: number;
}

/**
 * Deletes rows: only files that can hold one are read. A file of which nothing is left goes; of another the
 * rows are marked in a deletion vector where the table has them (`delta.enableDeletionVectors`), else the rows
 * that stay are written again, with their row ids where the table tracks them. One commit, or none when no row
 * was found.
 *
 * @throws LakeError `invalid-input` for a condition that cannot be, and for an append-only table.
 */
export function deleteOperation(
  context: RowChangeContext,
  { table, label, location }: ResolvedTable,
  { alias, where, parameters, signal }: DeleteOptions = {},
): TableOperation<DeleteReport> {
  return {
    name: "DELETE",
    prepare: async (read) => {
      const snapshot = read ?? (await table.snapshot(undefined, signal));
      checkChangeable(label, snapshot, "deleted");
      const all = where === undefined ? await everyFile(snapshot, signal) : undefined;
      if (all !== undefined) return deletedWhole(label, snapshot, all);
      const condition = where === undefined ? "" : ` WHERE (${where}\n)`;
      const found = await context.rows.planOver(
        { label, snapshot },
        `SELECT _metadata.file_path AS file, _metadata.row_index AS row_index FROM ${SCANNED} AS ${calledSql(label, alias)}${condition}`,
        { parameters, signal, toTell: true },
      );
      try {
        const matched = await findRows(found, snapshot, signal);
        if (matched.count === 0n) return { status: "nothing", result: nothingDeleted(label, snapshot) };
        const target: WriteTarget = { table, schema: snapshot.schema, metadata: snapshot.metadata };
        const work = new RowChangeWork(found.session, snapshot, target, context.clock, signal);
        const writes = await work.write({
          leaving: matched,
          arriving: [],
          updatesRows: false,
          changes: async () => {
            const leaving = await leavingRowsSelect(found.session, snapshot, matched, signal);
            return [`SELECT *, 'delete' AS _change_type FROM (${leaving})`];
          },
        });
        const reads = readsOf(found.scans, location);
        return {
          status: "staged",
          staged: stagedDelete(writes, matched.count, where, reads),
          files: work,
          result: ({ version }) => reportOf(label, version, writes.edits, matched.count),
        };
      } finally {
        await MatchedRows.drop(found.session);
        await context.rows.release(found);
      }
    },
  };
}

/** Deletes all rows of the files: the log alone changes. */
function deletedWhole(
  label: string,
  snapshot: Snapshot,
  files: readonly MatchedFile[],
): PreparedChange<DeleteReport> {
  if (files.length === 0) return { status: "nothing", result: nothingDeleted(label, snapshot) };
  const count = files.reduce((sum, { matched }) => sum + matched, 0n);
  const edits = files.map((file): FileEdit => ({ kind: "remove", file }));
  const writes = { edits, marked: [], kept: [], keptRows: 0n, replaced: [], arrived: [], changes: [] };
  const reads: TableRead[] = [{ predicate: { kind: "constant", value: true }, removals: false }];
  return {
    status: "staged",
    staged: stagedDelete(writes, count, undefined, reads),
    files: { discard: async () => {} },
    result: ({ version }) => reportOf(label, version, edits, count),
  };
}

async function findRows(
  { session, sql, parameters, explain }: PlannedQuery,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<MatchedRows> {
  try {
    return await MatchedRows.find(session, snapshot, { sql, parameters: { parameters, signal } }, signal);
  } catch (error) {
    throw withoutRewrittenText(await explain(error));
  }
}

function stagedDelete(
  writes: RowChangeWrites,
  count: bigint,
  where: string | undefined,
  reads: readonly TableRead[],
): StagedCommit {
  const { edits, kept, keptRows, changes } = writes;
  const again = filesOf(edits, "mark");
  const had = again.filter(({ add }) => add.deletionVector !== undefined).length;
  const gone = edits.length - again.length;
  const removedVectors = edits.filter(({ file }) => file.add.deletionVector !== undefined).length;
  return {
    operation: "DELETE",
    operationParameters: { predicate: JSON.stringify(where === undefined ? [] : [where]) },
    operationMetrics: {
      numRemovedFiles: String(gone),
      numAddedFiles: String(kept.length),
      numCopiedRows: String(keptRows),
      numDeletedRows: String(count),
      numDeletionVectorsAdded: String(again.length),
      numDeletionVectorsUpdated: String(had),
      numDeletionVectorsRemoved: String(removedVectors),
      numAddedChangeFiles: String(changes.length),
    },
    ...fileActions(writes),
    changes,
    reads,
    engineInfo: ENGINE_INFO,
  };
}

function reportOf(label: string, version: bigint, edits: readonly FileEdit[], count: bigint): DeleteReport {
  return {
    table: label,
    version,
    rowsDeleted: count,
    filesRemoved: filesOf(edits, "remove").length,
    filesMarked: filesOf(edits, "mark").length,
    filesRewritten: filesOf(edits, "rewrite").length,
  };
}

function nothingDeleted(label: string, { version }: Snapshot): DeleteReport {
  return { table: label, version, rowsDeleted: 0n, filesRemoved: 0, filesMarked: 0, filesRewritten: 0 };
}
