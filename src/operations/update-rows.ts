import { newUuid } from "../../core/index.js";
import type { Parameters, Session } from "../../engine/index.js";
import {
  type RowRules,
  type Snapshot,
  type StagedCommit,
  type TableRead,
  violationOf,
} from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import type { Update } from "../sql/dml/row-statements.js";
import type { ResolvedTable } from "../table-resolver.js";
import type { WriteTarget } from "./data-files.js";
import { planAssignments } from "./row-change/assignments.js";
import { calledSql, checkChangeable, readsOf } from "./row-change/changed-table.js";
import { filesOf } from "./row-change/file-edits.js";
import { leavingRowsSelect } from "./row-change/kept-rows.js";
import { MatchedRows } from "./row-change/matched-rows.js";
import { fileActions, RowChangeWork, type RowChangeWrites } from "./row-change/row-change-work.js";
import { findUpdatedRows, type UpdatedRows, updatedRowsSelect } from "./row-change/updated-rows.js";
import type { RowChangeContext } from "./table-change.js";
import type { TableOperation } from "./table-operation.js";

export interface UpdateOptions extends Omit<Update, "table"> {
  /** Values for `?`, `$1` (array) or `$name` (record) in the expressions and the condition. */
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface UpdateReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  readonly rowsUpdated: bigint;
  readonly filesAdded: number;
  /** Files of which no row is left where it was. */
  readonly filesRemoved: number;
  /** Files that stay and got a deletion vector. */
  readonly filesMarked: number;
  /** Files whose rows were written again, the updated ones among them. */
  readonly filesRewritten: number;
}

/**
 * Gives the rows for which a condition is TRUE other values: only files that can hold one are read, and only those
 * that do are changed. Where the table has deletion vectors (`delta.enableDeletionVectors`) the rows are marked in
 * them and written to other files, else their files are rewritten. Rows keep their ids. Each expression is evaluated
 * once for each row. One commit, or none when no row was found.
 *
 * @throws LakeError `invalid-input` for a column or expression that cannot be, a value that does not fit its column,
 *   a row that breaks a constraint, and for an append-only table.
 */
export function updateOperation(
  context: RowChangeContext,
  { table, label, location }: ResolvedTable,
  { alias, set, where, parameters, signal }: UpdateOptions,
): TableOperation<UpdateReport> {
  return {
    name: "UPDATE",
    prepare: async (read) => {
      const snapshot = read ?? (await table.snapshot(undefined, signal));
      checkChangeable(label, snapshot, "updated");
      const request = {
        assignments: planAssignments(snapshot, set),
        condition: where,
        called: calledSql(label, alias),
        marker: newUuid(),
        now: context.clock.now(),
      };
      const updated = await findUpdatedRows(context.rows, { label, snapshot }, request, {
        parameters,
        signal,
      });
      const { session } = updated.plan;
      try {
        const { matched, rules } = updated;
        if (matched.count === 0n) return { status: "nothing", result: nothingUpdated(label, snapshot) };
        const target: WriteTarget = { table, schema: snapshot.schema, metadata: snapshot.metadata };
        const work = new RowChangeWork(session, snapshot, target, context.clock, signal);
        const writes = await explained(rules, () => writeUpdate(work, session, snapshot, updated, signal));
        return {
          status: "staged",
          staged: stagedUpdate(writes, matched, where, readsOf(updated.plan.scans, location)),
          files: work,
          result: ({ version }) => reportOf(label, version, writes, matched),
        };
      } finally {
        await MatchedRows.drop(session);
        await context.rows.release(updated.plan);
      }
    },
  };
}

function writeUpdate(
  work: RowChangeWork,
  session: Session,
  snapshot: Snapshot,
  updated: UpdatedRows,
  signal: AbortSignal | undefined,
): Promise<RowChangeWrites> {
  const { matched, assigned } = updated;
  const { partitionColumns } = snapshot.metadata;
  return work.write({
    leaving: matched,
    replaced: {
      select: (files) => updatedRowsSelect(session, snapshot, updated, files, signal),
      count: (file) => file.matched,
      moves: updated.rules.columns.some(
        ({ kind, field }) =>
          partitionColumns.includes(field.name) &&
          (kind !== "source" || assigned.some(({ path }) => path[0] === field.name)),
      ),
    },
    arriving: [],
    updatesRows: true,
    changes: async () => {
      const before = await leavingRowsSelect(session, snapshot, matched, signal);
      const after = await updatedRowsSelect(session, snapshot, updated, matched.files, signal);
      return [
        `SELECT *, 'update_preimage' AS _change_type FROM (${before})`,
        `SELECT *, 'update_postimage' AS _change_type FROM (${after})`,
      ];
    },
  });
}

async function explained<T>(rules: RowRules, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw violationOf(error, rules.marker) ?? error;
  }
}

function stagedUpdate(
  writes: RowChangeWrites,
  matched: MatchedRows,
  where: string | undefined,
  reads: readonly TableRead[],
): StagedCommit {
  const { edits, marked, keptRows, changes } = writes;
  const actions = fileActions(writes);
  const had = filesOf(edits, "mark").filter(({ add }) => add.deletionVector !== undefined).length;
  const removedVectors = edits.filter(({ file }) => file.add.deletionVector !== undefined).length;
  return {
    operation: "UPDATE",
    operationParameters: { predicate: JSON.stringify(where === undefined ? [] : [where]) },
    operationMetrics: {
      numRemovedFiles: String(edits.length - marked.length),
      numAddedFiles: String(actions.adds.length - marked.length),
      numUpdatedRows: String(matched.count),
      numCopiedRows: String(keptRows),
      numDeletionVectorsAdded: String(marked.length),
      numDeletionVectorsUpdated: String(had),
      numDeletionVectorsRemoved: String(removedVectors),
      numAddedChangeFiles: String(changes.length),
    },
    ...actions,
    changes,
    reads,
    engineInfo: ENGINE_INFO,
  };
}

function reportOf(
  label: string,
  version: bigint,
  writes: RowChangeWrites,
  matched: MatchedRows,
): UpdateReport {
  const { edits, marked } = writes;
  return {
    table: label,
    version,
    rowsUpdated: matched.count,
    filesAdded: fileActions(writes).adds.length - marked.length,
    filesRemoved: filesOf(edits, "remove").length,
    filesMarked: marked.length,
    filesRewritten: filesOf(edits, "rewrite").length,
  };
}

function nothingUpdated(label: string, { version }: Snapshot): UpdateReport {
  return {
    table: label,
    version,
    rowsUpdated: 0n,
    filesAdded: 0,
    filesRemoved: 0,
    filesMarked: 0,
    filesRewritten: 0,
  };
}
