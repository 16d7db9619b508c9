import { LakeError } from "../../../core/index.js";
import type { Parameters } from "../../../engine/index.js";
import {
  type CommitOutcome,
  hasFeature,
  isAppendOnly,
  type Snapshot,
  type StagedCommit,
} from "../../../table-format/index.js";
import { ENGINE_INFO } from "../../product.js";
import { hidesMetadata, METADATA_COLUMN } from "../../scan/metadata-column.js";
import type { PlannedQuery } from "../../sql/query-planner.js";
import type { QueryRunner } from "../../table.js";
import type { ResolvedTable } from "../../table-resolver.js";
import { afterCommit } from "../after-commit.js";
import type { WriteTarget } from "../data-files.js";
import type { TableChangeContext } from "../table-change.js";
import { DeleteWork, type DeleteWrites } from "./delete-work.js";
import { MatchedRows } from "./matched-rows.js";
import { type DeleteEdits, filesOf, planDelete } from "./plan-delete.js";

export interface DeleteOptions {
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

/** What a DELETE needs beside the table. */
export interface DeleteContext extends TableChangeContext {
  readonly rows: QueryRunner;
}

/** A DELETE begins again when another writer changes rows meanwhile, this often at most. */
const MAX_LOST_RACES = 10;

/**
 * Deletes rows: only files that can hold one are read. A file of which nothing is left goes; of another the
 * rows are marked in a deletion vector where the table has them (`delta.enableDeletionVectors`), else the rows
 * that stay are written again, with their row ids where the table tracks them. One commit, or none when no row
 * was found.
 *
 * @throws LakeError `invalid-input` for a condition that cannot be, and for an append-only table; `conflict`
 *   when other writers kept changing rows.
 */
export async function deleteRows(
  context: DeleteContext,
  target: ResolvedTable,
  options: DeleteOptions = {},
): Promise<DeleteReport> {
  for (let lost = 0; lost < MAX_LOST_RACES; lost++) {
    const report = await deleteOnce(context, target, options);
    if (report !== undefined) return report;
    context.logger.warn(`${target.label} was changed by another writer meanwhile; deleting again`);
  }
  throw new LakeError(
    "conflict",
    "delete-conflict",
    `${target.label} was changed by other writers ${MAX_LOST_RACES} times while rows were deleted`,
    { hint: "Nothing was committed. Run it again." },
  );
}

/** One try; `undefined` when another writer won. Whatever it wrote is committed or removed when it returns. */
async function deleteOnce(
  context: DeleteContext,
  { table, label }: ResolvedTable,
  { where, parameters, signal }: DeleteOptions,
): Promise<DeleteReport | undefined> {
  const snapshot = await table.snapshot(undefined, signal);
  table.checkWritable(snapshot);
  if (isAppendOnly(snapshot.metadata.configuration)) throw appendOnly(label);
  if (hidesMetadata(snapshot.schema)) throw hiddenMetadata(label);
  const found = await context.rows.planOver(
    { label, snapshot },
    `SELECT _metadata.file_path AS file, _metadata.row_index AS row_index FROM scanned${where === undefined ? "" : ` WHERE (${where}\n)`}`,
    { parameters, signal },
  );
  try {
    const matched = await findRows(found, snapshot, signal);
    if (matched.count === 0n) return nothingDeleted(label, snapshot);
    const { configuration } = snapshot.metadata;
    const plan = planDelete(matched.files, {
      deletionVectors:
        configuration["delta.enableDeletionVectors"] === "true" &&
        hasFeature(snapshot.protocol, "deletionVectors"),
      changeDataFeed: configuration["delta.enableChangeDataFeed"] === "true",
    });
    const target: WriteTarget = { table, schema: snapshot.schema, metadata: snapshot.metadata };
    const work = new DeleteWork(found.session, snapshot, target, matched, context.clock, signal);
    const staged = stagedDelete(await work.write(plan), plan, matched, where);
    const outcome = await work.commit(staged);
    if (outcome.status === "conflict") return undefined;
    await afterCommit(context, table, outcome, snapshot.metadata);
    return reportOf(label, outcome, plan, matched);
  } finally {
    await MatchedRows.drop(found.session);
    await context.rows.release(found);
  }
}

async function findRows(
  { session, sql, parameters, explain }: PlannedQuery,
  snapshot: Snapshot,
  signal: AbortSignal | undefined,
): Promise<MatchedRows> {
  try {
    return await MatchedRows.find(session, snapshot, { sql, parameters: { parameters, signal } }, signal);
  } catch (error) {
    throw await explain(error);
  }
}

function stagedDelete(
  { marked, rewritten, copiedRows, changes }: DeleteWrites,
  { edits }: DeleteEdits,
  matched: MatchedRows,
  where: string | undefined,
): StagedCommit {
  const again = filesOf(edits, "mark");
  const had = again.filter(({ add }) => add.deletionVector !== undefined).length;
  const gone = edits.length - again.length;
  const removedVectors = edits.filter(({ file }) => file.add.deletionVector !== undefined).length;
  return {
    operation: "DELETE",
    operationParameters: { predicate: JSON.stringify(where === undefined ? [] : [where]) },
    operationMetrics: {
      numRemovedFiles: String(gone),
      numAddedFiles: String(rewritten.length),
      numCopiedRows: String(copiedRows),
      numDeletedRows: String(matched.count),
      numDeletionVectorsAdded: String(again.length),
      numDeletionVectorsUpdated: String(had),
      numDeletionVectorsRemoved: String(removedVectors),
      numAddedChangeFiles: String(changes.length),
    },
    adds: [...marked, ...rewritten],
    replaces: { kind: "files", files: edits.map(({ file: { add } }) => ({ ...add, partition: {} })) },
    changes,
    readsRows: true,
    engineInfo: ENGINE_INFO,
  };
}

function reportOf(
  label: string,
  outcome: Extract<CommitOutcome, { status: "committed" }>,
  { edits }: DeleteEdits,
  matched: MatchedRows,
): DeleteReport {
  return {
    table: label,
    version: outcome.version,
    rowsDeleted: matched.count,
    filesRemoved: filesOf(edits, "remove").length,
    filesMarked: filesOf(edits, "mark").length,
    filesRewritten: filesOf(edits, "rewrite").length,
  };
}

function nothingDeleted(label: string, { version }: Snapshot): DeleteReport {
  return { table: label, version, rowsDeleted: 0n, filesRemoved: 0, filesMarked: 0, filesRewritten: 0 };
}

/** Where a row lies is told by a column that the table's own takes the place of. */
function hiddenMetadata(label: string): LakeError {
  return new LakeError(
    "unsupported",
    "metadata-column",
    `rows of ${label} cannot be deleted: it has a column called ${METADATA_COLUMN}`,
    { context: { column: METADATA_COLUMN }, hint: "Rename the column first; that needs column mapping." },
  );
}

function appendOnly(label: string): LakeError {
  return new LakeError(
    "invalid-input",
    "append-only",
    `${label} is append-only: its rows cannot be deleted`,
    {
      hint: "Set delta.appendOnly to false first.",
    },
  );
}
