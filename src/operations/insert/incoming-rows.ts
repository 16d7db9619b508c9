import type { RecordBatch, Schema } from "apache-arrow";
import type { Parameters, Session } from "../../../engine/index.js";
import type { DeltaTable, SourceColumn, TableRead } from "../../../table-format/index.js";
import { type PlannedQuery, withoutRewrittenText } from "../../sql/query-planner.js";
import { boundColumns } from "../../sql/result-columns.js";
import type { QueryRunner } from "../../table.js";

/** Rows that come to a table, as a query that runs in a session. */
export interface IncomingRows {
  readonly session: Session;
  readonly sql: string;
  readonly parameters: Parameters | undefined;
  /** In the order of the query, which may have one name twice. */
  readonly columns: readonly SourceColumn[];
  /** What was read of the table that the rows go to. */
  readonly reads: readonly TableRead[];
  /** The reason why the query failed, for a person. */
  readonly explain: (error: unknown) => Promise<unknown>;
  close(): Promise<void>;
}

export interface QueryText {
  readonly query: string;
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Plans a query over the lake.
 *
 * @param into the table that its rows go to
 * @throws LakeError `invalid-input` for a query that cannot be, `not-found` for what it names.
 */
export async function queriedRows(
  runner: QueryRunner,
  into: DeltaTable,
  { query, parameters, signal }: QueryText,
): Promise<IncomingRows> {
  const planned = await runner.planOver(undefined, query, { parameters, signal, toTell: true });
  const { session, sql } = planned;
  const explain = async (error: unknown): Promise<unknown> =>
    withoutRewrittenText(await planned.explain(error));
  try {
    const columns = await boundColumns(session, sql, { parameters: planned.parameters, signal });
    return {
      session,
      sql,
      parameters: planned.parameters,
      columns,
      reads: readsOf(planned, into),
      explain,
      close: () => runner.release(planned),
    };
  } catch (error) {
    const explained = await explain(error);
    await runner.release(planned);
    throw explained;
  }
}

/** What a query reads of a table. That rows are gone matters too: those that were read go elsewhere. */
function readsOf({ scans }: PlannedQuery, { where }: DeltaTable): TableRead[] {
  return scans.flatMap(({ location, predicate }) =>
    location === where ? [{ predicate, removals: true }] : [],
  );
}

/** Rows of a SELECT that names no table. */
export async function writtenOutRows(
  into: DeltaTable,
  sql: string,
  columns: readonly SourceColumn[],
): Promise<IncomingRows> {
  const { engine } = into.folder;
  const session = await engine.acquire();
  return {
    session,
    sql,
    parameters: undefined,
    columns,
    reads: [],
    explain: async (error) => withoutRewrittenText(error),
    close: () => engine.release(session),
  };
}

/** A temporary table of the session. */
const LOADED = "gl_incoming";

/** Loads record batches of one schema into a session of their own. @throws LakeError as `Session.loadArrow`. */
export async function loadedRows(
  into: DeltaTable,
  schema: Schema,
  batches: Iterable<RecordBatch>,
  columns: readonly SourceColumn[],
  signal: AbortSignal | undefined,
): Promise<IncomingRows> {
  const { engine } = into.folder;
  const session = await engine.acquire();
  try {
    await session.loadArrow(LOADED, schema, batches, { signal });
  } catch (error) {
    await engine.release(session);
    throw error;
  }
  return {
    session,
    sql: `FROM ${LOADED}`,
    parameters: undefined,
    columns,
    reads: [],
    explain: async (error) => error,
    close: () => engine.release(session),
  };
}
