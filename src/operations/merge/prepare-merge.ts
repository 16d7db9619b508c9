import { newUuid } from "../../../core/index.js";
import {
  type EvolvedTable,
  type Snapshot,
  serializeSchema,
  type TableRead,
  violationOf,
} from "../../../table-format/index.js";
import type { ResolvedTable } from "../../table-resolver.js";
import { checkChangeable } from "../row-change/changed-table.js";
import { leavingRowsFrom } from "../row-change/kept-rows.js";
import { RowChangeWork, type RowChangeWrites, tellsChanges } from "../row-change/row-change-work.js";
import type { RowChangeContext } from "../table-change.js";
import type { PreparedChange } from "../table-operation.js";
import {
  type ChangedRows,
  type ChangeScope,
  changeRows,
  replacedRows,
  updatedRowsSelect,
} from "./changed-rows.js";
import { type ClausePlan, planClause } from "./clause-plan.js";
import { type InsertedRows, insertRows } from "./inserted-rows.js";
import { findCandidates } from "./match-candidates.js";
import { type Found, findRows } from "./match-rows.js";
import { mergeCounts, mergeReport, stagedMerge } from "./merge-commit.js";
import { evolvedByMerge } from "./merge-evolution.js";
import type { MergeOptions, MergeReport } from "./merge-options.js";
import type { MergeSession } from "./merge-session.js";
import { loadSource, type MergeSource } from "./merge-source.js";

/** Makes a merge against one version of the table. */
export async function prepareMerge(
  context: RowChangeContext,
  target: ResolvedTable,
  merge: MergeSession,
  read: Snapshot,
  options: MergeOptions,
): Promise<PreparedChange<MergeReport>> {
  const { clauses } = options;
  const source = await loadSource(merge, options.source);
  const evolved =
    options.evolve === true ? evolvedByMerge(target.label, read, clauses, source.columns) : undefined;
  const snapshot = evolved === undefined ? read : read.withMetadata(evolved.metadata);
  const marker = newUuid();
  const plans = planClauses(merge, snapshot, evolved, source, options, { marker, now: context.clock.now() });
  const found = await search(merge, read, source, options);
  const updates = plans.filter(({ when }) => when !== "not-matched");
  const deletes = clauses.flatMap(({ action }, number) => (action.kind === "delete" ? [number] : []));
  const scope: ChangeScope = { merge, snapshot, source };
  const changed = await changeRows(scope, updates, deletes);
  if (changed.matched.count > 0n) checkChangeable(target.label, read, "merged");
  const inserts = plans.filter(({ when }) => when === "not-matched");
  const isTold = tellsChanges(snapshot.metadata) && changed.matched.count > 0n;
  try {
    const inserted = await insertRows(merge, snapshot, source, inserts, isTold);
    const { rows } = inserted;
    const known = { sourceRows: source.rows, filesRead: found.filesRead, inserted: rows };
    const counts = mergeCounts(clauses, changed.counts, known);
    if (changed.matched.count === 0n && rows === 0n) {
      const result = mergeReport(target.label, read.version, counts, undefined);
      return { status: "nothing", result };
    }
    const writeTarget = { table: target.table, schema: snapshot.schema, metadata: snapshot.metadata };
    const work = new RowChangeWork(merge.session, snapshot, writeTarget, context.clock, merge.signal);
    const writes = await writeRows(work, scope, changed, inserted);
    const metadata = metadataAfter(snapshot, evolved, inserted);
    const reads = readsOf(merge, found, target.location, read, options);
    return {
      status: "staged",
      staged: stagedMerge(options, writes, counts, { evolved, metadata }, reads),
      files: work,
      result: ({ version }) => mergeReport(target.label, version, counts, writes),
    };
  } catch (error) {
    throw violationOf(error, marker) ?? (await merge.explain(error));
  }
}

function planClauses(
  { names }: MergeSession,
  { schema, metadata, protocol }: Snapshot,
  evolved: EvolvedTable | undefined,
  source: MergeSource,
  { clauses, evolve = false }: MergeOptions,
  write: { readonly marker: string; readonly now: number },
): ClausePlan[] {
  const table = { schema, configuration: metadata.configuration, protocol: evolved?.protocol ?? protocol };
  const scope = { table, source: source.columns, sourceName: names.source, evolve, ...write };
  return clauses.flatMap((clause, number) =>
    clause.action.kind === "delete" ? [] : [planClause(clause, number, scope)],
  );
}

async function search(
  merge: MergeSession,
  snapshot: Snapshot,
  source: MergeSource,
  options: MergeOptions,
): Promise<Found> {
  const candidates = await findCandidates(merge, snapshot, source, options.on);
  return findRows({ merge, snapshot, source, options, candidates });
}

async function writeRows(
  work: RowChangeWork,
  scope: ChangeScope,
  changed: ChangedRows,
  inserted: InsertedRows,
): Promise<RowChangeWrites> {
  const { matched } = changed;
  const replaced = await replacedRows(scope, changed);
  return work.write({
    leaving: matched.count === 0n ? undefined : matched,
    replaced,
    arriving: inserted.select === undefined ? [] : [{ select: inserted.select }],
    updatesRows: replaced !== undefined,
    changes: async () => toldChanges(scope, changed, inserted),
  });
}

/** What the change data feed is told (PROTOCOL.md, "Change Data Files"). */
async function toldChanges(
  { merge, snapshot }: ChangeScope,
  { matched, updates, counts }: ChangedRows,
  inserted: InsertedRows,
): Promise<string[]> {
  const { session, signal } = merge;
  const some = updates.filter(({ number }) => counts.has(number));
  const numbers = ["NULL", ...some.map(({ number }) => number)].join(", ");
  const leaving = await leavingRowsFrom(session, snapshot, matched, matched.files, signal);
  const selects = [
    `SELECT r.*, CASE WHEN m.gl_clause IN (${numbers}) THEN 'update_preimage' ELSE 'delete' END AS _change_type FROM ${leaving}`,
  ];
  if (some.length > 0) {
    const updated = await updatedRowsSelect(merge, snapshot, matched, some, matched.files);
    selects.push(`SELECT *, 'update_postimage' AS _change_type FROM (${updated})`);
  }
  if (inserted.select !== undefined) {
    selects.push(`SELECT *, 'insert' AS _change_type FROM (${inserted.select})`);
  }
  return selects;
}

function metadataAfter(
  { schema, metadata }: Snapshot,
  evolved: EvolvedTable | undefined,
  inserted: InsertedRows,
): Snapshot["metadata"] | undefined {
  if (inserted.schema === schema) return evolved?.metadata;
  return { ...metadata, schemaString: serializeSchema(inserted.schema) };
}

/**
 * What was read of the table: as the target, where a row that is gone was in a file that is replaced, or kept a row of
 * the source from being inserted; and by its own name, where it went elsewhere. A version that is told in the query
 * does not change.
 */
function readsOf(
  merge: MergeSession,
  found: Found,
  location: string,
  read: Snapshot,
  { clauses }: MergeOptions,
): TableRead[] {
  const inserts = clauses.some(({ when }) => when === "not-matched");
  const asTarget = found.reads.map((predicate) => ({ predicate, removals: inserts }));
  const byName = merge.otherScans
    .filter((scan) => scan.location === location && scan.version >= read.version)
    .map(({ predicate }) => ({ predicate, removals: true }));
  return [...asTarget, ...byName];
}
