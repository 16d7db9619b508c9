import { newUuid } from "../../core/index.js";
import { type PlannedChange, planNewTable, type TableDefinition } from "../../table-format/index.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { ResolvedTable } from "../table-resolver.js";
import { AutoCommit } from "./auto-commit.js";
import {
  alreadyExists,
  nameNotes,
  protocolNotes,
  stagedChange,
  type TableChangeContext,
} from "./table-change.js";
import { doneOnly, type TableOperation } from "./table-operation.js";

export interface CreateTableOptions {
  /** Leaves a table that exists as it is; default it is an error. */
  readonly ifNotExists?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CreateOptions extends Pick<CreateTableOptions, "ifNotExists"> {
  /** Whether the lake chose the folder. */
  readonly isManaged: boolean;
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
  const target = await findTarget();
  const operation = creating(plan, target, ifNotExists);
  return doneOnly(await new AutoCommit(context).run(target, operation, { signal }));
}

/**
 * The same as one operation, for a runner of any kind.
 *
 * @throws LakeError `invalid-input` at once for a definition that cannot be.
 */
export function createOperation(
  { clock }: Pick<TableChangeContext, "clock">,
  target: ResolvedTable,
  definition: TableDefinition,
  { ifNotExists = false, isManaged }: CreateOptions,
): TableOperation<TableChangeReport> {
  return creating(planNewTable(definition, { now: clock.now(), newUuid, isManaged }), target, ifNotExists);
}

function creating(
  plan: PlannedChange,
  { label }: ResolvedTable,
  ifNotExists: boolean,
): TableOperation<TableChangeReport> {
  const { operation, featuresAdded } = plan;
  return {
    name: operation,
    prepare: async (existing) => {
      if (existing !== undefined) {
        if (!ifNotExists) throw alreadyExists(label);
        const notes = [`${label} exists already and stays as it is`];
        const { version } = existing;
        const result = { table: label, version, operation, changed: false, featuresAdded: [], notes };
        return { status: "nothing", result };
      }
      const notes = [
        ...(featuresAdded.length === 0 ? [] : protocolNotes(plan.protocol, featuresAdded)),
        ...nameNotes(plan),
      ];
      return {
        status: "staged",
        staged: stagedChange(plan),
        files: { discard: async () => {} },
        result: ({ version }) => ({ table: label, version, operation, changed: true, featuresAdded, notes }),
      };
    },
  };
}
