import type { DeltaTable } from "../../table-format/index.js";
import type { ResolvedTable } from "../table-resolver.js";
import type {
  ApplicationTransaction,
  OperationOutcome,
  OperationRunner,
  RunOptions,
  TableOperation,
} from "./table-operation.js";

/**
 * Runs the operations of a transaction for an application: of a table all of them or, where the application has
 * committed this version there before, none. The first tells; those after it would see what it left.
 */
export class OncePerTable implements OperationRunner {
  readonly #runner: OperationRunner;
  readonly #application: ApplicationTransaction;
  readonly #first = new Map<DeltaTable, Promise<OperationOutcome<unknown>>>();

  constructor(runner: OperationRunner, application: ApplicationTransaction) {
    this.#runner = runner;
    this.#application = application;
  }

  async run<R>(
    target: ResolvedTable,
    operation: TableOperation<R>,
    { signal }: RunOptions = {},
  ): Promise<OperationOutcome<R>> {
    const { table } = target;
    const first = await this.#first.get(table);
    if (first?.status === "skipped") return first;
    if (first !== undefined) return this.#runner.run(target, operation, { signal });
    const outcome = this.#runner.run(target, operation, { application: this.#application, signal });
    this.#first.set(table, outcome);
    try {
      return await outcome;
    } catch (error) {
      this.#first.delete(table);
      throw error;
    }
  }
}
