import { LakeError } from "../../../core/index.js";
import { type Parameters, quoteIdentifier, type Session } from "../../../engine/index.js";
import type { Snapshot } from "../../../table-format/index.js";
import type { PlannedQuery, PlannedScan } from "../../sql/query-planner.js";
import { type PlanOverOptions, type QueryRunner, SCANNED, type SessionTable } from "../../table.js";
import type { MergeNames } from "./merge-names.js";

/** What a merge's plans call the table; no table of a lake is called so. */
const TARGET_LABEL = "the target of the MERGE";

/** A planned query of a merge. */
export interface MergeQuery {
  readonly sql: string;
  readonly parameters: Parameters | undefined;
  /** What is read of the table as the target. */
  readonly target: PlannedScan | undefined;
}

/** The session that a merge runs in, and the queries that it runs there. */
export class MergeSession {
  readonly session: Session;
  readonly names: MergeNames;
  readonly signal: AbortSignal | undefined;
  readonly #rows: QueryRunner;
  readonly #parameters: Parameters | undefined;
  readonly #tables: SessionTable[] = [];
  readonly #plans: PlannedQuery[] = [];

  constructor(
    session: Session,
    rows: QueryRunner,
    names: MergeNames,
    {
      parameters,
      signal,
    }: { readonly parameters?: Parameters | undefined; readonly signal?: AbortSignal | undefined },
  ) {
    this.session = session;
    this.#rows = rows;
    this.names = names;
    this.#parameters = parameters;
    this.signal = signal;
  }

  /** The table in the FROM clause of a query over it, under the name that expressions call it. */
  get targetFrom(): string {
    return `${SCANNED} AS ${quoteIdentifier(this.names.target)}`;
  }

  /** Where the row of the table lies: SQL of a member of `_metadata`. */
  targetPlace(member: string): string {
    return `${quoteIdentifier(this.names.target)}._metadata.${member}`;
  }

  /** Makes a temporary table of the session known to queries. */
  know(table: SessionTable): void {
    this.#tables.push(table);
  }

  /** Runs a statement over tables of the session. */
  async run(sql: string, parameters?: Parameters): Promise<void> {
    try {
      await this.session.execute(sql, { parameters, signal: this.signal });
    } catch (error) {
      throw await this.explain(error);
    }
  }

  /**
   * Plans a query over the table, other tables of the lake, and those of the session.
   *
   * @param where what messages call the part of the statement
   */
  async plan(
    where: string,
    snapshot: Snapshot | undefined,
    query: string,
    options: Pick<PlanOverOptions, "files" | "toTell"> = {},
  ): Promise<MergeQuery> {
    const table = snapshot && { label: TARGET_LABEL, snapshot };
    try {
      const planned = await this.#rows.planOver(table, query, {
        ...options,
        parameters: this.#parameters,
        signal: this.signal,
        session: this.session,
        sessionTables: this.#tables,
      });
      this.#plans.push(planned);
      const target = planned.scans.find((scan) => scan.table === TARGET_LABEL);
      return { sql: planned.sql, parameters: planned.parameters, target };
    } catch (error) {
      throw inPart(where, error);
    }
  }

  /** What queries read of tables by their own names: of the target too, where they name it. */
  get otherScans(): readonly PlannedScan[] {
    return this.#plans.flatMap(({ scans }) => scans.filter((scan) => scan.table !== TARGET_LABEL));
  }

  /** What a failure is when a file that the queries read is damaged. */
  async explain(error: unknown): Promise<unknown> {
    for (const plan of this.#plans) {
      const explained = await plan.explain(error);
      if (explained !== error) return explained;
    }
    return error;
  }
}

/** An error about a part of a statement, without what the engine says of names that are none of the user's. */
export function inPart(where: string, error: unknown): unknown {
  if (!(error instanceof LakeError) || error.kind !== "invalid-input") return error;
  const { position: _, ...context } = error.context;
  const [said = ""] = error.message.split("\n\nLINE ")[0]?.split("\nCandidate bindings") ?? [];
  return new LakeError(error.kind, error.code, `${where}: ${said}`, {
    context,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
