import { LakeError, newUuid } from "../../core/index.js";
import {
  type Alteration,
  type CommitOutcome,
  type PlannedChange,
  type Protocol,
  planAlteration,
  type Snapshot,
} from "../../table-format/index.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { ResolvedTable } from "../table-resolver.js";
import { afterCommit } from "./after-commit.js";
import { checkRows } from "./check-rows.js";
import { prepareRowTracking } from "./row-tracking-backfill.js";
import { nameNotes, protocolNotes, stagedChange, type TableChangeContext } from "./table-change.js";

/**
 * A change is planned again when another writer changes the table meanwhile, and after each step that
 * prepares it; this often at most.
 */
const MAX_ATTEMPTS = 8;

/** What is not rewritten, where a person might think so. */
const NOTES: Readonly<Record<string, string>> = {
  "DROP COLUMNS": "data files still hold the values: older versions show them",
  "CLUSTER BY": "files that are there are not rewritten",
};

/**
 * Changes what a table is: its properties, columns, rules or features. Existing rows are checked first
 * where the change makes a rule for them.
 *
 * @throws LakeError `not-found`, `invalid-input` or `unsupported` for a change that cannot be; `conflict`
 *   when other writers kept changing the table.
 */
export async function alterTable(
  context: TableChangeContext,
  resolved: ResolvedTable,
  alteration: Alteration,
  signal?: AbortSignal,
): Promise<TableChangeReport> {
  const { table, label } = resolved;
  const added = new Set<string>();
  let protocol: Protocol | undefined;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const read = await table.snapshot(undefined, signal);
    table.checkWritable(read);
    const change = planAlteration(stateOf(read), alteration, newUuid);
    if (change === undefined) return unchanged(label, read);
    const prepared = change.needsRowIds
      ? await prepareRowTracking(table, read, change, signal)
      : ({ status: "ready" } as const);
    if (prepared.status === "committed") {
      protocol = prepared.protocol ?? protocol;
      for (const feature of prepared.featuresAdded) added.add(feature);
      continue;
    }
    if (prepared.status === "ready") {
      if (change.check !== undefined) await checkRows(context.rows, resolved, read, change.check, signal);
      const outcome = await table.commit(read, stagedChange(change), signal);
      if (outcome.status === "committed") {
        await afterCommit(context, table, outcome, change.metadata ?? read.metadata);
        for (const feature of change.featuresAdded) added.add(feature);
        return report(label, outcome, change, change.protocol ?? protocol, added);
      }
    }
    context.logger.warn(`${label} was changed by another writer meanwhile; planning the change again`);
  }
  throw new LakeError(
    "conflict",
    "alter-conflict",
    `${label} was changed by other writers ${MAX_ATTEMPTS} times meanwhile`,
    { hint: "The change was not committed. Run it again." },
  );
}

function stateOf(read: Snapshot): Parameters<typeof planAlteration>[0] {
  const { schema, metadata, protocol, state } = read;
  return { schema, metadata, protocol, domains: state.domains };
}

function report(
  label: string,
  outcome: Extract<CommitOutcome, { status: "committed" }>,
  change: PlannedChange,
  protocol: Protocol | undefined,
  added: ReadonlySet<string>,
): TableChangeReport {
  const featuresAdded = [...added].sort();
  const { operation } = change;
  const note = NOTES[operation];
  return {
    table: label,
    version: outcome.version,
    operation,
    changed: true,
    featuresAdded,
    notes: [
      ...protocolNotes(protocol, featuresAdded),
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
