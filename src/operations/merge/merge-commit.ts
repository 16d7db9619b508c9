import { stringifyJson } from "../../../core/index.js";
import type { EvolvedTable, Metadata, StagedCommit, TableRead } from "../../../table-format/index.js";
import { ENGINE_INFO } from "../../product.js";
import type { MergeClause } from "../../sql/dml/row-statements.js";
import { filesOf } from "../row-change/file-edits.js";
import { fileActions, type RowChangeWrites } from "../row-change/row-change-work.js";
import { type ClauseKind, clausesOf } from "./merge-clauses.js";
import type { MergeOptions, MergeReport } from "./merge-options.js";

/** Rows that a merge changed, by what was done to them and why. */
export interface MergeCounts {
  readonly sourceRows: bigint;
  /** Files of the table in which matches were looked for. */
  readonly filesRead: number;
  readonly inserted: bigint;
  readonly matchedUpdated: bigint;
  readonly matchedDeleted: bigint;
  readonly lonelyUpdated: bigint;
  readonly lonelyDeleted: bigint;
}

/** Adds up rows by the number of the clause that they were changed by. Pure. */
export function mergeCounts(
  clauses: readonly MergeClause[],
  changed: ReadonlyMap<number, bigint>,
  known: Pick<MergeCounts, "sourceRows" | "filesRead" | "inserted">,
): MergeCounts {
  const of = (when: "matched" | "not-matched-by-source", kind: "update" | "delete"): bigint =>
    clausesOf(clauses, when)
      .filter(({ clause }) => clause.action.kind === kind)
      .reduce((sum, { number }) => sum + (changed.get(number) ?? 0n), 0n);
  return {
    ...known,
    matchedUpdated: of("matched", "update"),
    matchedDeleted: of("matched", "delete"),
    lonelyUpdated: of("not-matched-by-source", "update"),
    lonelyDeleted: of("not-matched-by-source", "delete"),
  };
}

/** The commit, its parameters and metrics as delta-spark names them. Pure. */
export function stagedMerge(
  { on, clauses }: Pick<MergeOptions, "on" | "clauses">,
  writes: RowChangeWrites,
  counts: MergeCounts,
  changed: { readonly evolved: EvolvedTable | undefined; readonly metadata: Metadata | undefined },
  reads: readonly TableRead[],
): StagedCommit {
  const { edits, marked, keptRows, changes } = writes;
  const actions = fileActions(writes);
  const removed = edits.length - marked.length;
  const had = edits.filter(({ file }) => file.add.deletionVector !== undefined).length;
  const again = filesOf(edits, "mark").filter(({ add }) => add.deletionVector !== undefined).length;
  const updated = counts.matchedUpdated + counts.lonelyUpdated;
  const metrics = {
    numSourceRows: counts.sourceRows,
    numTargetRowsInserted: counts.inserted,
    numTargetRowsUpdated: updated,
    numTargetRowsMatchedUpdated: counts.matchedUpdated,
    numTargetRowsNotMatchedBySourceUpdated: counts.lonelyUpdated,
    numTargetRowsDeleted: counts.matchedDeleted + counts.lonelyDeleted,
    numTargetRowsMatchedDeleted: counts.matchedDeleted,
    numTargetRowsNotMatchedBySourceDeleted: counts.lonelyDeleted,
    numTargetRowsCopied: keptRows,
    numOutputRows: counts.inserted + updated + keptRows,
    numTargetFilesAdded: actions.adds.length - marked.length,
    numTargetFilesRemoved: removed,
    numTargetBytesAdded: sizeOf(actions.adds) - sizeOf(marked),
    numTargetBytesRemoved: sizeOf(edits.map(({ file }) => file.add)) - sizeOf(marked),
    numTargetDeletionVectorsAdded: marked.length,
    numTargetDeletionVectorsUpdated: again,
    numTargetDeletionVectorsRemoved: had,
    numTargetChangeFilesAdded: changes.length,
  };
  return {
    operation: "MERGE",
    operationParameters: {
      predicate: stringifyJson([on]),
      matchedPredicates: predicatesText(clauses, "matched"),
      notMatchedPredicates: predicatesText(clauses, "not-matched"),
      notMatchedBySourcePredicates: predicatesText(clauses, "not-matched-by-source"),
    },
    operationMetrics: Object.fromEntries(
      Object.entries(metrics).map(([name, value]) => [name, String(value)]),
    ),
    ...(changed.evolved === undefined || changed.evolved.featuresAdded.length === 0
      ? {}
      : { protocol: changed.evolved.protocol }),
    ...(changed.metadata === undefined ? {} : { metadata: changed.metadata }),
    domains: changed.evolved?.domains,
    ...actions,
    changes,
    reads,
    engineInfo: ENGINE_INFO,
  };
}

function predicatesText(clauses: readonly MergeClause[], when: ClauseKind): string {
  const own = clausesOf(clauses, when).map(({ clause: { condition, action } }) => ({
    ...(condition === undefined ? {} : { predicate: condition }),
    actionType: action.kind,
  }));
  return stringifyJson(own);
}

function sizeOf(files: readonly { readonly size: bigint }[]): bigint {
  return files.reduce((sum, { size }) => sum + size, 0n);
}

export function mergeReport(
  table: string,
  version: bigint,
  counts: MergeCounts,
  writes: RowChangeWrites | undefined,
): MergeReport {
  const { edits = [], marked = [] } = writes ?? {};
  const adds = writes === undefined ? 0 : fileActions(writes).adds.length - marked.length;
  return {
    table,
    version,
    sourceRows: counts.sourceRows,
    rowsInserted: counts.inserted,
    rowsUpdated: counts.matchedUpdated + counts.lonelyUpdated,
    rowsDeleted: counts.matchedDeleted + counts.lonelyDeleted,
    filesRead: counts.filesRead,
    filesAdded: adds,
    filesRemoved: filesOf(edits, "remove").length,
    filesMarked: marked.length,
    filesRewritten: filesOf(edits, "rewrite").length,
  };
}
