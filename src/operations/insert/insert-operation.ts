import { LakeError } from "../../../core/index.js";
import type { Parameters } from "../../../engine/index.js";
import {
  isAppendOnly,
  numberedColumns,
  type Snapshot,
  type StagedCommit,
  serializeSchema,
  type TableRead,
  violationOf,
  withHighWaterMarks,
} from "../../../table-format/index.js";
import { ENGINE_INFO } from "../../product.js";
import { snapshotTotals } from "../../snapshot-totals.js";
import type { Insert, InsertMode } from "../../sql/dml/row-statements.js";
import type { ResolvedTable } from "../../table-resolver.js";
import type { WriteTarget } from "../data-files.js";
import { type RowChangeContext, stateOf } from "../table-change.js";
import type { PreparedChange, TableOperation } from "../table-operation.js";
import { queryWithDefaults } from "./default-values.js";
import { keepsRows, type SchemaEvolution, type WrittenTable } from "./evolve-schema.js";
import { type IncomingRows, queriedRows } from "./incoming-rows.js";
import { type ColumnNaming, namedColumns } from "./insert-columns.js";
import { withNullTypes } from "./null-columns.js";
import { type InsertPlan, planInsert } from "./plan-insert.js";
import { replaceRows } from "./replace-where.js";
import { type RowFiles, WrittenRows } from "./written-rows.js";

export interface InsertOptions extends Omit<Insert, "table" | "evolve"> {
  /** New columns join the table: as `evolution: "merge"`. */
  readonly evolve?: boolean | undefined;
  /** Default `none`. */
  readonly evolution?: SchemaEvolution | undefined;
  /** Values for `?`, `$1` (array) or `$name` (record) in the query and the condition. */
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface InsertReport {
  readonly table: string;
  /** The newest version afterwards. */
  readonly version: bigint;
  readonly rowsInserted: bigint;
  /** Of an overwrite `undefined` where statistics do not tell, or other writers' files came meanwhile. */
  readonly rowsDeleted: bigint | undefined;
  readonly filesAdded: number;
  readonly filesRemoved: number;
  /** Columns that joined the table, or all of a schema that was replaced. */
  readonly columnsAdded: readonly string[];
  /** Features that joined the table's protocol. */
  readonly featuresAdded: readonly string[];
}

/** Where rows of an insert come from, and what becomes of those that are there. */
export interface RowsInsert {
  readonly mode: InsertMode;
  readonly evolution: SchemaEvolution;
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Opens the rows, against the version of the table that they go to. */
  readonly open: (read: Snapshot) => Promise<OpenedRows>;
}

export interface OpenedRows {
  readonly rows: IncomingRows;
  readonly naming: ColumnNaming;
}

/**
 * Inserts the rows of a query, which runs over the lake: `INSERT INTO`, `INSERT OVERWRITE`,
 * `INSERT INTO ... REPLACE WHERE`. Rows are streamed into files. Columns that the query does not give get their
 * default, are generated or numbered, or are NULL. One commit, or none when there is nothing to insert.
 *
 * @throws LakeError `invalid-input` for a query that cannot be, columns that do not fit, a row that breaks a rule of
 *   the table or the condition, and for an append-only table whose rows are to be replaced.
 */
export function insertOperation(
  context: RowChangeContext,
  target: ResolvedTable,
  options: InsertOptions,
): TableOperation<InsertReport> {
  const { columns, byName, query, parameters, signal } = options;
  const evolution = options.evolution ?? (options.evolve === true ? "merge" : "none");
  return rowsOperation(context, target, {
    mode: options.mode,
    evolution,
    parameters,
    signal,
    open: async (read) => {
      const filled = queryWithDefaults(
        query,
        stateOf(read),
        byName ? "by-name" : columns,
        context.clock.now(),
      );
      const text = { query: filled.query, parameters, signal };
      const rows = await queriedRows(context.rows, target.table, text);
      return { rows, naming: { columns: filled.columns, byName, evolution } };
    },
  });
}

/** Inserts rows, wherever they come from. */
export function rowsOperation(
  context: RowChangeContext,
  target: ResolvedTable,
  insert: RowsInsert,
): TableOperation<InsertReport> {
  const { table, label } = target;
  return {
    name: "INSERT",
    prepare: async (found) => {
      const read = found ?? (await table.snapshot(undefined, insert.signal));
      checkMode(label, read, insert);
      const { rows, naming } = await insert.open(read);
      try {
        const named = namedColumns(label, read.schema, rows.columns, naming);
        const columns = await withNullTypes(rows, named, read.schema, insert.signal);
        const query = { sql: rows.sql, columns };
        const plan = planInsert(label, stateOf(read), query, insert.evolution, context.clock.now());
        const { mode } = insert;
        if (mode.kind === "replace-where") {
          return await prepareReplacement(context, target, read, rows, plan, { ...insert, mode });
        }
        return await prepareFiles(context, target, read, rows, plan, insert);
      } finally {
        await rows.close();
      }
    },
  };
}

/** Rows that come to the table's, or in their place. */
async function prepareFiles(
  { clock }: RowChangeContext,
  { table, label }: ResolvedTable,
  read: Snapshot,
  rows: IncomingRows,
  plan: InsertPlan,
  { mode, signal }: RowsInsert,
): Promise<PreparedChange<InsertReport>> {
  const before = mode.kind === "append" ? undefined : await snapshotTotals(read, signal);
  const work = new WrittenRows(clock);
  const written = await writing(rows, plan, () =>
    work.write(rows.session, writeTarget(table, plan.table), plan.select, {
      parameters: rows.parameters,
      signal,
    }),
  );
  const rowsDeleted = before === undefined ? 0n : before.numRows;
  const facts = { label, read, plan, rows: written.rows, rowsDeleted };
  if (written.rows === 0n && !plan.table.changed && mode.kind === "append") {
    return { status: "nothing", result: reportOf(facts, 0, read.version, 0) };
  }
  const isOverwrite = mode.kind === "overwrite";
  return {
    status: "staged",
    staged: {
      ...stagedWrite(plan, written, { mode: isOverwrite ? "Overwrite" : "Append" }),
      adds: written.adds,
      replaces: { kind: isOverwrite ? "all" : "none" },
      reads: rows.reads,
    },
    files: work,
    result: ({ version, filesRemoved }) => {
      // Other writers' files that came meanwhile go too, and their rows were not counted.
      const isCounted = before === undefined || before.numFiles === filesRemoved;
      const told = isCounted ? facts : { ...facts, rowsDeleted: undefined };
      return reportOf(told, written.adds.length, version, filesRemoved);
    },
  };
}

/** Rows that come in the place of those of a condition. */
async function prepareReplacement(
  context: RowChangeContext,
  target: ResolvedTable,
  read: Snapshot,
  rows: IncomingRows,
  plan: InsertPlan,
  insert: RowsInsert & { readonly mode: InsertMode & { readonly kind: "replace-where" } },
): Promise<PreparedChange<InsertReport>> {
  const { mode, parameters, signal } = insert;
  const { condition } = mode;
  const replaced = await writing(rows, plan, () =>
    replaceRows(context, target, read, rows, plan, {
      condition,
      parameters,
      signal,
      target: writeTarget(target.table, plan.table),
    }),
  );
  const { written, rowsDeleted, work, actions, reads, metrics } = replaced;
  const facts = { label: target.label, read, plan, rows: written.rows, rowsDeleted };
  if (written.rows === 0n && rowsDeleted === 0n && !plan.table.changed) {
    return { status: "nothing", result: reportOf(facts, 0, read.version, 0) };
  }
  const staged = stagedWrite(plan, written, {
    mode: "Overwrite",
    predicate: condition,
  });
  return {
    status: "staged",
    staged: {
      ...staged,
      operationMetrics: { ...staged.operationMetrics, ...metrics },
      ...actions,
      reads: [...rows.reads, ...reads] satisfies TableRead[],
    },
    files: work,
    result: ({ version, filesRemoved }) => reportOf(facts, written.adds.length, version, filesRemoved),
  };
}

/** Tells an error of rows as the rule that one of them breaks, or as the query's own. */
export async function writing<T>(
  { explain }: Pick<IncomingRows, "explain">,
  { rules }: Pick<InsertPlan, "rules">,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw violationOf(error, rules.marker) ?? (await explain(error));
  }
}

export function writeTarget(table: ResolvedTable["table"], { schema, metadata }: WrittenTable): WriteTarget {
  return { table, schema, metadata };
}

/** What every insert says of itself in the log. */
function stagedWrite(
  { table, rules }: InsertPlan,
  { adds, rows, bytes }: RowFiles,
  parameters: Readonly<Record<string, string>>,
): Omit<StagedCommit, "adds" | "replaces"> {
  const schema = withHighWaterMarks(table.schema, numberedColumns(rules), rows);
  const metadata =
    schema === table.schema ? table.metadata : { ...table.metadata, schemaString: serializeSchema(schema) };
  return {
    operation: "WRITE",
    operationParameters: { ...parameters, partitionBy: JSON.stringify(metadata.partitionColumns) },
    operationMetrics: {
      numFiles: String(adds.length),
      numOutputRows: String(rows),
      numOutputBytes: String(bytes),
    },
    protocol: table.featuresAdded.length === 0 ? undefined : table.protocol,
    metadata: table.changed || schema !== table.schema ? metadata : undefined,
    domains: table.domains,
    engineInfo: ENGINE_INFO,
  };
}

interface InsertFacts {
  readonly label: string;
  readonly read: Snapshot;
  readonly plan: InsertPlan;
  readonly rows: bigint;
  readonly rowsDeleted: bigint | undefined;
}

function reportOf(
  { label, read, plan, rows, rowsDeleted }: InsertFacts,
  filesAdded: number,
  version: bigint,
  filesRemoved: number,
): InsertReport {
  const before = new Set(read.schema.fields.map(({ name }) => name));
  return {
    table: label,
    version,
    rowsInserted: rows,
    rowsDeleted,
    filesAdded,
    filesRemoved,
    columnsAdded: plan.table.schema.fields.flatMap(({ name }) => (before.has(name) ? [] : [name])),
    featuresAdded: plan.table.featuresAdded,
  };
}

function checkMode(label: string, { metadata }: Snapshot, { mode, evolution }: RowsInsert): void {
  if (mode.kind !== "append" && isAppendOnly(metadata.configuration)) throw appendOnly(label);
  if (evolution === "overwrite" && mode.kind !== "overwrite") throw keepsRows(label);
}

/** The error of a change that would take rows out of a table that keeps them all. */
export function appendOnly(label: string): LakeError {
  return new LakeError(
    "invalid-input",
    "append-only",
    `${label} is append-only: its rows cannot be replaced`,
    { hint: "Append, or set delta.appendOnly to false first." },
  );
}
