import { DEFAULT_NAMESPACE, tableName } from "../../catalog/index.js";
import { type Alteration, version } from "../../table-format/index.js";
import type { AsOfValue } from "../sql/as-of.js";
import type { CommentOn, CreateTable, CreateTableAs } from "../sql/ddl/table-statement.js";
import type { Delete, Insert, Merge, Update } from "../sql/dml/row-statements.js";
import type { TableName } from "../sql/statement-reader.js";
import type { StatementOptions, TableStatements } from "../sql/table-statements.js";
import { type HistoryEntry, Table, type TableDetail } from "../table.js";
import type { RowChangeReport, TableChangeReport } from "../table-change-report.js";
import type { ResolvedTable, TableResolver, Target } from "../table-resolver.js";
import { optimizedNote } from "./compact/optimized-note.js";
import { type LakeChanges, type SkippedOperation, skippedNote } from "./lake-changes.js";
import type { OperationOutcome } from "./table-operation.js";

/** Finds the tables that statements name, and changes them. */
export class LakeTableStatements implements TableStatements {
  readonly #resolver: TableResolver;
  readonly #changes: LakeChanges;

  constructor(resolver: TableResolver, changes: LakeChanges) {
    this.#resolver = resolver;
    this.#changes = changes;
  }

  createTable(
    { table, ifNotExists, definition }: CreateTable,
    { signal }: StatementOptions,
  ): Promise<TableChangeReport> {
    const target = targetOf(table);
    const findTarget = (): ReturnType<TableResolver["forNewTable"]> => this.#resolver.forNewTable(target);
    return this.#changes.create(findTarget, target.kind === "name", definition, { ifNotExists, signal });
  }

  async createTableAs(
    { table, query, definition, ifNotExists, orReplace }: CreateTableAs,
    options: StatementOptions,
  ): Promise<RowChangeReport> {
    const named = targetOf(table);
    const target = await this.#resolver.forNewTable(named);
    const isManaged = named.kind === "name";
    const created = { query, definition, ifNotExists, orReplace, isManaged, ...options };
    const outcome = await this.#changes.createAs(target, created);
    if (outcome.status === "skipped") {
      return skippedReport(target, "CREATE TABLE AS SELECT", outcome);
    }
    const { result } = outcome;
    return { ...result, rowsUpdated: 0n, rowsDeleted: result.filesRemoved > 0 ? undefined : 0n };
  }

  async alterTable(
    name: TableName,
    alteration: Alteration,
    { signal }: StatementOptions,
  ): Promise<TableChangeReport> {
    return this.#changes.alter(await this.#resolve(name), alteration, signal);
  }

  comment({ table, column, comment }: CommentOn, options: StatementOptions): Promise<TableChangeReport> {
    const alteration: Alteration =
      column === undefined
        ? { kind: "set-table-comment", comment }
        : { kind: "change-column", column, change: { kind: "comment", comment } };
    return this.alterTable(table, alteration, options);
  }

  async insert({ table, ...insert }: Insert, options: StatementOptions): Promise<RowChangeReport> {
    const target = await this.#resolve(table);
    const outcome = await this.#changes.insert(target, { ...insert, ...options });
    return rowReport(target, "WRITE", outcome);
  }

  async update({ table, ...update }: Update, options: StatementOptions): Promise<RowChangeReport> {
    const target = await this.#resolve(table);
    const outcome = await this.#changes.update(target, { ...update, ...options });
    return rowReport(target, "UPDATE", outcome);
  }

  async delete({ table, ...deletion }: Delete, options: StatementOptions): Promise<RowChangeReport> {
    const target = await this.#resolve(table);
    const outcome = await this.#changes.delete(target, { ...deletion, ...options });
    return rowReport(target, "DELETE", outcome);
  }

  async merge({ table, ...merge }: Merge, options: StatementOptions): Promise<RowChangeReport> {
    const target = await this.#resolve(table);
    return rowReport(target, "MERGE", await this.#changes.merge(target, { ...merge, ...options }));
  }

  async truncate(name: TableName, options: StatementOptions): Promise<RowChangeReport> {
    const target = await this.#resolve(name);
    return rowReport(target, "TRUNCATE", await this.#changes.truncate(target, options));
  }

  async restore(name: TableName, to: AsOfValue, options: StatementOptions): Promise<TableChangeReport> {
    const target = await this.#resolve(name);
    const asOf = to.unit === "version" ? { version: version(to.version) } : { timestamp: to.timestamp };
    const outcome = await this.#changes.restore(target, { asOf, ...options });
    if (outcome.status === "skipped") return skippedReport(target, "RESTORE", outcome);
    const { restoredVersion, notes, ...report } = outcome.result;
    const content = `the table is as it was at version ${restoredVersion}`;
    return { ...report, operation: "RESTORE", notes: [content, ...notes] };
  }

  async optimize(name: TableName, options: StatementOptions): Promise<TableChangeReport> {
    const target = await this.#resolve(name);
    const outcome = await this.#changes.optimize(target, options);
    if (outcome.status === "skipped") return skippedReport(target, "OPTIMIZE", outcome);
    const { table, version, changed } = outcome.result;
    const notes = [optimizedNote(outcome.result)];
    return { table, version, operation: "OPTIMIZE", changed, featuresAdded: [], notes };
  }

  async history(
    name: TableName,
    limit: number | undefined,
    signal: AbortSignal | undefined,
  ): Promise<HistoryEntry[]> {
    return (await this.#table(name)).history({ limit, signal });
  }

  async detail(name: TableName): Promise<TableDetail> {
    return (await this.#table(name)).describe();
  }

  async #table(name: TableName): Promise<Table> {
    return new Table(await this.#resolve(name), this.#changes);
  }

  async #resolve(name: TableName): Promise<ResolvedTable> {
    const target = targetOf(name);
    return target.kind === "path" ? this.#resolver.byPath(target.path) : this.#resolver.byName(target.name);
  }
}

function targetOf(table: TableName): Target {
  return table.kind === "path"
    ? table
    : { kind: "name", name: tableName(table.name, table.namespace ?? DEFAULT_NAMESPACE) };
}

/** What reports of changes of rows have in common. */
interface RowCounts {
  readonly table: string;
  readonly version: bigint;
  readonly rowsInserted?: bigint | undefined;
  readonly rowsUpdated?: bigint | undefined;
  readonly rowsDeleted?: bigint | undefined;
  readonly featuresAdded?: readonly string[];
}

const COUNTS = ["rowsInserted", "rowsUpdated", "rowsDeleted"] as const;

function rowReport(
  target: ResolvedTable,
  operation: string,
  outcome: OperationOutcome<RowCounts>,
): RowChangeReport {
  if (outcome.status === "skipped") return skippedReport(target, operation, outcome);
  const { result } = outcome;
  const { table, version, featuresAdded = [] } = result;
  // A count that the operation does not have is none, one that it does not know is unknown.
  const [rowsInserted, rowsUpdated, rowsDeleted] = COUNTS.map((name) => (name in result ? result[name] : 0n));
  const changed = [rowsInserted, rowsUpdated, rowsDeleted].some((count) => count !== 0n);
  const notes = featuresAdded.length === 0 ? [] : [`features added: ${featuresAdded.join(", ")}`];
  return { table, version, operation, changed, rowsInserted, rowsUpdated, rowsDeleted, featuresAdded, notes };
}

function skippedReport(
  { label }: ResolvedTable,
  operation: string,
  skipped: SkippedOperation,
): RowChangeReport {
  return {
    table: label,
    version: skipped.version,
    operation,
    changed: false,
    rowsInserted: 0n,
    rowsUpdated: 0n,
    rowsDeleted: 0n,
    featuresAdded: [],
    notes: [skippedNote(skipped)],
  };
}
