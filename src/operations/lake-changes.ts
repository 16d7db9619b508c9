import type { Alteration, TableDefinition } from "../../table-format/index.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { ResolvedTable } from "../table-resolver.js";
import { alterOperation, alterTable } from "./alter-table.js";
import { type OptimizeOptions, type OptimizeReport, optimizeOperation } from "./compact/compact.js";
import { createOperation, createTable } from "./create-table.js";
import {
  type CreateTableAsOptions,
  type CreateTableAsReport,
  createTableAsOperation,
} from "./create-table-as.js";
import { type DeleteOptions, type DeleteReport, deleteOperation } from "./delete-rows.js";
import { type InsertOptions, type InsertReport, insertOperation } from "./insert/insert-operation.js";
import { type GivenRows, type InsertRowsOptions, insertRowsOperation } from "./insert/insert-rows.js";
import { type MergeOptions, type MergeReport, mergeOperation } from "./merge/merge.js";
import { type RestoreOptions, type RestoreReport, restoreOperation } from "./restore.js";
import type { RowChangeContext } from "./table-change.js";
import type {
  ApplicationTransaction,
  OperationOutcome,
  OperationRunner,
  TableOperation,
} from "./table-operation.js";
import { type TruncateReport, truncateOperation } from "./truncate.js";
import { type UpdateOptions, type UpdateReport, updateOperation } from "./update-rows.js";

/** Whose change it is; see {@link ApplicationTransaction}. */
export interface ForApplication {
  /** A change that this application has committed before, by its version or a later one, is skipped. */
  readonly application?: ApplicationTransaction | undefined;
}

export type SkippedOperation = Extract<OperationOutcome<unknown>, { readonly status: "skipped" }>;

/** Every change of tables, where it is to be made: in a commit of its own, or in a transaction. */
export class LakeChanges {
  /** What the changes read is what their place sees. */
  readonly context: RowChangeContext;
  readonly #runner: OperationRunner;
  readonly #inTransaction: boolean;

  constructor(
    context: RowChangeContext,
    runner: OperationRunner,
    { inTransaction }: { readonly inTransaction: boolean },
  ) {
    this.context = context;
    this.#runner = runner;
    this.#inTransaction = inTransaction;
  }

  insert(
    target: ResolvedTable,
    options: InsertOptions & ForApplication,
  ): Promise<OperationOutcome<InsertReport>> {
    return this.#run(target, insertOperation(this.context, target, options), options);
  }

  insertRows(
    target: ResolvedTable,
    rows: GivenRows,
    options: InsertRowsOptions & ForApplication,
  ): Promise<OperationOutcome<InsertReport>> {
    return this.#run(target, insertRowsOperation(this.context, target, rows, options), options);
  }

  update(
    target: ResolvedTable,
    options: UpdateOptions & ForApplication,
  ): Promise<OperationOutcome<UpdateReport>> {
    return this.#run(target, updateOperation(this.context, target, options), options);
  }

  delete(
    target: ResolvedTable,
    options: DeleteOptions & ForApplication,
  ): Promise<OperationOutcome<DeleteReport>> {
    return this.#run(target, deleteOperation(this.context, target, options), options);
  }

  merge(
    target: ResolvedTable,
    options: MergeOptions & ForApplication,
  ): Promise<OperationOutcome<MergeReport>> {
    return this.#run(target, mergeOperation(this.context, target, options), options);
  }

  truncate(
    target: ResolvedTable,
    options: ForApplication & { readonly signal?: AbortSignal | undefined },
  ): Promise<OperationOutcome<TruncateReport>> {
    return this.#run(target, truncateOperation(target, options), options);
  }

  restore(
    target: ResolvedTable,
    options: RestoreOptions & ForApplication,
  ): Promise<OperationOutcome<RestoreReport>> {
    return this.#run(target, restoreOperation(target, options), options);
  }

  optimize(
    target: ResolvedTable,
    options: OptimizeOptions & ForApplication,
  ): Promise<OperationOutcome<OptimizeReport>> {
    return this.#run(target, optimizeOperation(this.context, target, options), options);
  }

  async alter(
    target: ResolvedTable,
    alteration: Alteration,
    signal: AbortSignal | undefined,
  ): Promise<TableChangeReport> {
    // By itself a change may take several commits.
    if (!this.#inTransaction) return alterTable(this.context, target, alteration, signal);
    const operation = alterOperation(this.context, target, alteration, { signal });
    return reported(target, operation, await this.#runner.run(target, operation, { signal }));
  }

  /** `findTarget` is asked once the definition is understood. */
  async create(
    findTarget: () => Promise<ResolvedTable>,
    isManaged: boolean,
    definition: TableDefinition,
    options: { readonly ifNotExists?: boolean | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<TableChangeReport> {
    if (!this.#inTransaction) return createTable(this.context, findTarget, isManaged, definition, options);
    const target = await findTarget();
    const operation = createOperation(this.context, target, definition, { ...options, isManaged });
    const { signal } = options;
    return reported(target, operation, await this.#runner.run(target, operation, { signal }));
  }

  createAs(
    target: ResolvedTable,
    options: CreateTableAsOptions & ForApplication,
  ): Promise<OperationOutcome<CreateTableAsReport>> {
    return this.#run(target, createTableAsOperation(this.context, target, options), options);
  }

  #run<R>(
    target: ResolvedTable,
    operation: TableOperation<R>,
    { application, signal }: ForApplication & { readonly signal?: AbortSignal | undefined },
  ): Promise<OperationOutcome<R>> {
    return this.#runner.run(target, operation, { application, signal });
  }
}

/** What a person is told of a change that an application has made before. */
export function skippedNote({ committedVersion }: SkippedOperation): string {
  return `skipped: the application has committed its version ${committedVersion} before`;
}

/** In a transaction for an application any operation may be skipped. */
function reported(
  { label }: ResolvedTable,
  { name }: TableOperation<TableChangeReport>,
  outcome: OperationOutcome<TableChangeReport>,
): TableChangeReport {
  if (outcome.status === "done") return outcome.result;
  return {
    table: label,
    version: outcome.version,
    operation: name,
    changed: false,
    featuresAdded: [],
    notes: [skippedNote(outcome)],
  };
}
