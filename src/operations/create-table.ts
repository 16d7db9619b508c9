import { newUuid } from "../../core/index.js";
import { planNewTable, type TableDefinition } from "../../table-format/index.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { ResolvedTable } from "../table-resolver.js";
import { afterCommit } from "./after-commit.js";
import {
  alreadyExists,
  nameNotes,
  protocolNotes,
  stagedChange,
  type TableChangeContext,
} from "./table-change.js";

export interface CreateTableOptions {
  /** Leaves a table that exists as it is; default it is an error. */
  readonly ifNotExists?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates a table without rows, in one commit. `findTarget` is asked once the definition is understood.
 *
 * @param isManaged whether the lake chose the folder
 * @throws LakeError `already-exists`, `invalid-input` for a definition that cannot be.
 */
export async function createTable(
  context: Pick<TableChangeContext, "clock" | "logger">,
  findTarget: () => Promise<ResolvedTable>,
  isManaged: boolean,
  definition: TableDefinition,
  { ifNotExists = false, signal }: CreateTableOptions = {},
): Promise<TableChangeReport> {
  const plan = planNewTable(definition, { now: context.clock.now(), newUuid, isManaged });
  const { table, label } = await findTarget();
  const existing = await table.snapshotIfExists(signal);
  const outcome =
    existing === undefined ? await table.commit(undefined, stagedChange(plan), signal) : undefined;
  if (outcome?.status === "committed") {
    await afterCommit(context, table, outcome, plan.metadata);
    return {
      table: label,
      version: outcome.version,
      operation: plan.operation,
      changed: true,
      featuresAdded: plan.featuresAdded,
      notes: [
        ...(plan.featuresAdded.length === 0 ? [] : protocolNotes(plan.protocol, plan.featuresAdded)),
        ...nameNotes(plan),
      ],
    };
  }
  if (!ifNotExists) throw alreadyExists(label);
  const { version } = existing ?? (await table.snapshot(undefined, signal));
  return {
    table: label,
    version,
    operation: plan.operation,
    changed: false,
    featuresAdded: [],
    notes: [`${label} exists already and stays as it is`],
  };
}
