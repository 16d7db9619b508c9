import { LakeError, newUuid } from "../../core/index.js";
import type { Parameters } from "../../engine/index.js";
import {
  extendSchema,
  isAppendOnly,
  type PlannedChange,
  parseSchema,
  planNewTable,
  replacedTable,
  type SourceColumn,
  type TableDefinition,
} from "../../table-format/index.js";
import { ENGINE_INFO } from "../product.js";
import type { TableChangeReport } from "../table-change-report.js";
import type { ResolvedTable } from "../table-resolver.js";
import type { WrittenTable } from "./insert/evolve-schema.js";
import { type IncomingRows, queriedRows } from "./insert/incoming-rows.js";
import { namedColumns } from "./insert/insert-columns.js";
import { appendOnly, writeTarget, writing } from "./insert/insert-operation.js";
import { plannedRows } from "./insert/plan-insert.js";
import { WrittenRows } from "./insert/written-rows.js";
import { alreadyExists, nameNotes, protocolNotes, type RowChangeContext, stateOf } from "./table-change.js";
import type { PreparedChange, TableOperation } from "./table-operation.js";

export interface CreateTableAsOptions {
  readonly query: string;
  /** All but the columns, which are those of the query. */
  readonly definition?: Omit<TableDefinition, "columns"> | undefined;
  /** Puts the new table in the place of one that exists: its columns, its properties and its rows. */
  readonly orReplace?: boolean | undefined;
  /** Leaves a table that exists as it is; default it is an error. */
  readonly ifNotExists?: boolean | undefined;
  /** Whether the lake chose the folder; default true. */
  readonly isManaged?: boolean | undefined;
  /** Values for `?`, `$1` (array) or `$name` (record) in the query. */
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CreateTableAsReport extends TableChangeReport {
  readonly rowsInserted: bigint;
  readonly filesAdded: number;
  /** Files of the table that was there before. */
  readonly filesRemoved: number;
}

/**
 * Creates a table from the rows of a query, in one commit. With `orReplace` a table that exists gets the columns,
 * the properties and the rows of the new one, keeps its id and its history, and never loses a feature of its
 * protocol: older versions are read with them.
 *
 * @throws LakeError `already-exists`; `invalid-input` for a query or a table that cannot be.
 */
export function createTableAsOperation(
  context: RowChangeContext,
  target: ResolvedTable,
  options: CreateTableAsOptions,
): TableOperation<CreateTableAsReport> {
  const { query, orReplace = false, ifNotExists = false, parameters, signal } = options;
  const { label, table } = target;
  const operation = orReplace ? "CREATE OR REPLACE TABLE AS SELECT" : "CREATE TABLE AS SELECT";
  return {
    name: operation,
    prepare: async (read) => {
      if (read !== undefined && !orReplace) {
        if (!ifNotExists) throw alreadyExists(label);
        return { status: "nothing", result: leftAsItIs(label, read.version, operation) };
      }
      if (read !== undefined && isAppendOnly(read.metadata.configuration)) throw appendOnly(label);
      const rows = await queriedRows(context.rows, table, { query, parameters, signal });
      try {
        const columns = ownColumns(label, rows);
        const created = planNewTable(
          { ...options.definition, columns: extendSchema(NO_COLUMNS, columns).schema.fields },
          { now: context.clock.now(), newUuid, isManaged: options.isManaged ?? true },
        );
        const change = read === undefined ? created : replacedTable(stateOf(read), created);
        return await prepareTable(
          context,
          target,
          rows,
          columns,
          { ...change, operation },
          read !== undefined,
          signal,
        );
      } finally {
        await rows.close();
      }
    },
  };
}

const NO_COLUMNS = { type: "struct", fields: [] } as const;

function ownColumns(label: string, rows: IncomingRows): readonly SourceColumn[] {
  return namedColumns(label, NO_COLUMNS, rows.columns, { byName: true, evolution: "overwrite" });
}

async function prepareTable(
  { clock }: RowChangeContext,
  { label, table }: ResolvedTable,
  rows: IncomingRows,
  columns: readonly SourceColumn[],
  change: PlannedChange,
  replaces: boolean,
  signal: AbortSignal | undefined,
): Promise<PreparedChange<CreateTableAsReport>> {
  const written = writtenTable(change);
  const plan = plannedRows(written, { sql: rows.sql, columns }, clock.now());
  const work = new WrittenRows(clock);
  const files = await writing(rows, plan, () =>
    work.write(rows.session, writeTarget(table, written), plan.select, {
      parameters: rows.parameters,
      signal,
    }),
  );
  return {
    status: "staged",
    staged: {
      operation: change.operation,
      operationParameters: change.parameters,
      operationMetrics: {
        numFiles: String(files.adds.length),
        numOutputRows: String(files.rows),
        numOutputBytes: String(files.bytes),
      },
      protocol: change.protocol,
      metadata: change.metadata,
      domains: change.domains,
      adds: files.adds,
      replaces: { kind: replaces ? "all" : "none" },
      reads: rows.reads,
      engineInfo: ENGINE_INFO,
    },
    files: work,
    result: ({ version, filesRemoved }) => ({
      table: label,
      version,
      operation: change.operation,
      changed: true,
      featuresAdded: change.featuresAdded,
      notes: [
        ...(change.featuresAdded.length === 0 ? [] : protocolNotes(change.protocol, change.featuresAdded)),
        ...nameNotes(change),
      ],
      rowsInserted: files.rows,
      filesAdded: files.adds.length,
      filesRemoved,
    }),
  };
}

function writtenTable({ metadata, protocol, featuresAdded, domains }: PlannedChange): WrittenTable {
  if (metadata === undefined || protocol === undefined) {
    throw new LakeError("internal", "new-table", "a new table without metadata or protocol");
  }
  const schema = parseSchema(metadata.schemaString);
  return { schema, metadata, protocol, featuresAdded, domains, changed: true };
}

function leftAsItIs(label: string, version: bigint, operation: string): CreateTableAsReport {
  return {
    table: label,
    version,
    operation,
    changed: false,
    featuresAdded: [],
    notes: [`${label} exists already and stays as it is`],
    rowsInserted: 0n,
    filesAdded: 0,
    filesRemoved: 0,
  };
}
