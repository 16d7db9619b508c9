import { LakeError, newUuid } from "../../core/index.js";
import {
  type Alteration,
  type PlannedChange,
  type Protocol,
  planAlteration,
  READS_EVERYTHING,
  type Snapshot,
} from "../../table-format/index.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { ResolvedTable } from "../table-resolver.js";
import { AutoCommit } from "./auto-commit.js";
import { checkRows } from "./check-rows.js";
import { checkNoRawFiles, dropsRawFiles } from "./drop-raw-files-feature.js";
import { filesWithoutRowIds, prepareRowTracking } from "./row-tracking-backfill.js";
import { nameNotes, protocolNotes, type RowChangeContext, stagedChange, stateOf } from "./table-change.js";
import { doneOnly, type TableOperation } from "./table-operation.js";

/** What is not rewritten, where a person might think so. */
const NOTES: Readonly<Record<string, string>> = {
  "DROP COLUMNS": "data files still hold the values: older versions show them",
  "CLUSTER BY": "files that are there are not rewritten",
};

export interface AlterOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Changes what a table is: its properties, columns, rules or features. Existing rows are checked first where
 * the change makes a rule for them. It is one commit, unless the rows that are there need row ids first:
 * then some commits before it prepare the table.
 *
 * @throws LakeError `not-found`, `invalid-input` or `unsupported` for a change that cannot be; `conflict`
 *   when other writers kept changing the table.
 */
export async function alterTable(
  context: RowChangeContext,
  resolved: ResolvedTable,
  alteration: Alteration,
  signal?: AbortSignal,
): Promise<TableChangeReport> {
  const before = await prepareTable(resolved, alteration, signal);
  const operation = alterOperationAfter(before, context, resolved, alteration, { signal });
  return doneOnly(await new AutoCommit(context).run(resolved, operation, { signal }));
}

/**
 * The same as one operation, for a runner of any kind.
 *
 * @throws LakeError `unsupported` `several-commits` on `prepare` for a change that takes more than one commit.
 */
export function alterOperation(
  context: RowChangeContext,
  resolved: ResolvedTable,
  alteration: Alteration,
  options: AlterOptions = {},
): TableOperation<TableChangeReport> {
  return alterOperationAfter(UNPREPARED, context, resolved, alteration, options);
}

/** What commits before the change itself did to the table's protocol. */
interface Preparation {
  readonly protocol: Protocol | undefined;
  readonly featuresAdded: readonly string[];
}

const UNPREPARED: Preparation = { protocol: undefined, featuresAdded: [] };

function alterOperationAfter(
  before: Preparation,
  { rows }: RowChangeContext,
  { table, label }: ResolvedTable,
  alteration: Alteration,
  { signal }: AlterOptions,
): TableOperation<TableChangeReport> {
  return {
    name: "ALTER TABLE",
    prepare: async (read) => {
      const snapshot = read ?? (await table.snapshot(undefined, signal));
      const change = planAlteration(stateOf(snapshot), alteration, newUuid);
      if (change === undefined) return { status: "nothing", result: unchanged(label, snapshot) };
      if (change.needsRowIds && (await filesWithoutRowIds(table, snapshot, signal)).length > 0) {
        throw severalCommits(label);
      }
      if (change.check !== undefined) await checkRows(rows, { label, snapshot }, change.check, signal);
      const opens = dropsRawFiles(snapshot, change);
      if (opens) await checkNoRawFiles(label, snapshot, signal);
      const staged = stagedChange(change);
      return {
        status: "staged",
        // A file that another writer lands meanwhile may be raw.
        staged: opens ? { ...staged, reads: READS_EVERYTHING } : staged,
        files: { discard: async () => {} },
        result: ({ version }) => report(label, version, change, before),
      };
    },
  };
}

/** Each step is planned on the version that the one before it made, or another writer; so many at most. */
const MAX_STEPS = 8;

/** Makes the commits that the change needs before its own. */
async function prepareTable(
  { table, label }: ResolvedTable,
  alteration: Alteration,
  signal: AbortSignal | undefined,
): Promise<Preparation> {
  let protocol: Protocol | undefined;
  const added = new Set<string>();
  for (let step = 0; step < MAX_STEPS; step++) {
    const read = await table.snapshot(undefined, signal);
    table.checkWritable(read);
    const change = planAlteration(stateOf(read), alteration, newUuid);
    const prepared =
      change?.needsRowIds === true ? await prepareRowTracking(table, read, change, signal) : undefined;
    if (prepared === undefined || prepared.status === "ready") return { protocol, featuresAdded: [...added] };
    if (prepared.status === "lost-race") continue;
    protocol = prepared.protocol ?? protocol;
    for (const feature of prepared.featuresAdded) added.add(feature);
  }
  throw new LakeError(
    "conflict",
    "alter-conflict",
    `${label} was changed by other writers ${MAX_STEPS} times while its rows got their row ids`,
    { hint: "The change was not committed. Run it again." },
  );
}

function report(
  label: string,
  version: bigint,
  change: PlannedChange,
  before: Preparation,
): TableChangeReport {
  const featuresAdded = [...new Set([...before.featuresAdded, ...change.featuresAdded])].sort();
  const { operation } = change;
  const note = NOTES[operation];
  return {
    table: label,
    version,
    operation,
    changed: true,
    featuresAdded,
    notes: [
      ...protocolNotes(change.protocol ?? before.protocol, featuresAdded),
      ...(operation === "ADD COLUMNS" ? nameNotes(change) : []),
      ...(note === undefined ? [] : [note]),
    ],
  };
}

function unchanged(label: string, read: Snapshot): TableChangeReport {
  return {
    table: label,
    version: read.version,
    operation: "",
    changed: false,
    featuresAdded: [],
    notes: ["there was nothing to change"],
  };
}

function severalCommits(label: string): LakeError {
  return new LakeError(
    "unsupported",
    "several-commits",
    `delta.enableRowTracking cannot be set on ${label} as part of a transaction: its rows get their row ids first, in commits of their own`,
    { hint: "Set the property by itself, outside of a transaction." },
  );
}
