import type { Catalog } from "../../catalog/index.js";
import { LakeError, mapParallel } from "../../core/index.js";
import {
  type Engine,
  type Parameters,
  quoteIdentifier,
  quoteString,
  type Session,
} from "../../engine/index.js";
import { openChangeFeed, type Predicate, type Snapshot } from "../../table-format/index.js";
import { CommittedReads, type LakeReads } from "../lake-reads.js";
import { explainFailure } from "../scan/changes-failure.js";
import { changesRelation } from "../scan/changes-relation.js";
import type { ScanReport } from "../scan/kept-files.js";
import { METADATA_COLUMN } from "../scan/metadata-column.js";
import { scanRelation } from "../scan/scan-relation.js";
import {
  asOf,
  type ChangesOptions,
  changeRange,
  type PlanOverOptions,
  type QueryRunner,
  SCANNED,
  type ScanOptions,
} from "../table.js";
import type { ResolvedTable, TableResolver } from "../table-resolver.js";
import { fetchedText } from "./explain.js";
import { explainedByFiles, type PlannedFileScan, plannedFileScan } from "./file-scans.js";
import { withoutInStars } from "./hidden-column.js";
import { pickParameters } from "./parameters.js";
import type { TableScan } from "./pushdown.js";
import {
  QueryExpander,
  type QueryOptions,
  type ReferencedTable,
  type ResolveReference,
} from "./query-expander.js";
import { SqlResult } from "./result.js";
import { resultColumns } from "./result-columns.js";
import { SharedPlanning } from "./shared-planning.js";
import type { SqlSlice } from "./statements.js";
import { haveFilesToChoose, tablesShowingMetadata } from "./table-needs.js";
import { applyEdits, type Edit } from "./text-edits.js";
import { tokenize } from "./tokens.js";

/** One table of a query as it was resolved and skipped. */
export interface PlannedScan extends ScanReport {
  readonly table: string;
  /** The table's folder, as a URI. */
  readonly location: string;
  readonly version: bigint;
  readonly columns: readonly string[] | "all";
  readonly predicate: Predicate;
}

/** A query over files that runs in `session`; whoever holds it releases the session. */
export interface PlannedQuery {
  readonly session: Session;
  /** Whether the session was opened for this query. */
  readonly ownsSession: boolean;
  readonly sql: string;
  readonly parameters: Parameters | undefined;
  /** What is read of tables. */
  readonly scans: readonly PlannedScan[];
  /** What is read of files that no table owns. */
  readonly fileScans: readonly PlannedFileScan[];
  readonly explain: (error: unknown) => Promise<unknown>;
}

interface PlanOptions extends Omit<PlanOverOptions, keyof QueryOptions> {
  /** Knows tables that the catalog does not. */
  readonly resolve?: ResolveReference;
  /** Whether the planned query is to run: what it needs of files that are far away is there then; default yes. */
  readonly isRun?: boolean;
}

/** Turns the text of a query into one that the engine runs over exactly the files it needs. */
export class QueryPlanner implements QueryRunner {
  readonly #engine: Engine;
  readonly #resolver: TableResolver;
  readonly #catalog: Catalog;
  readonly #reads: LakeReads;
  readonly #shared: SharedPlanning;

  /** @param reads default: what is committed */
  constructor(
    engine: Engine,
    resolver: TableResolver,
    catalog: Catalog,
    reads: LakeReads = new CommittedReads(catalog, resolver),
    shared: SharedPlanning = new SharedPlanning(resolver),
  ) {
    this.#engine = engine;
    this.#resolver = resolver;
    this.#catalog = catalog;
    this.#reads = reads;
    this.#shared = shared;
  }

  /** A planner for the same lake to which names mean other versions. Only this one needs to be closed. */
  within(reads: LakeReads): QueryPlanner {
    return new QueryPlanner(this.#engine, this.#resolver, this.#catalog, reads, this.#shared);
  }

  get temporaryViews(): Map<string, string> {
    return this.#shared.temporaryViews;
  }

  /** Plans and binds a query. */
  async query(query: SqlSlice, options: QueryOptions): Promise<SqlResult> {
    return this.#bind(await this.plan(query, options), options);
  }

  /** Finds the columns of a planned query, and with them the errors that the engine has to tell. */
  async #bind(planned: PlannedQuery, options: QueryOptions): Promise<SqlResult> {
    const { session, sql, parameters, explain } = planned;
    const release = (): Promise<void> => this.#engine.release(session);
    try {
      const columns = await resultColumns(session, sql, { parameters, signal: options.signal });
      return new SqlResult({ session, sql, parameters, columns, signal: options.signal, explain, release });
    } catch (error) {
      const explained = await explain(error);
      await release();
      throw withoutRewrittenText(explained);
    }
  }

  /** What a query would read of each of its tables. */
  async scans(query: SqlSlice, options: QueryOptions): Promise<readonly (PlannedScan | PlannedFileScan)[]> {
    const { session, scans, fileScans } = await this.#planWith(query, options, {
      toTell: true,
      isRun: false,
    });
    await this.#engine.release(session);
    return [...scans, ...fileScans];
  }

  /**
   * The engine's own EXPLAIN of a query, `prefix` and all: its plan, or with ANALYZE its profile, and then what was fetched
   * of tables that are far away.
   */
  async explainByEngine(query: SqlSlice, prefix: string, options: QueryOptions): Promise<SqlResult> {
    const { session, sql, parameters, explain, scans, fileScans } = await this.plan(query, options);
    const columns = ["explain_key", "explain_value"].map((name) => ({ name, type: "VARCHAR" }));
    const { signal } = options;
    const release = (): Promise<void> => this.#engine.release(session);
    const text = `${prefix} ${sql}`;
    const fetched = fetchedText([...scans, ...fileScans]);
    if (fetched === undefined) {
      return new SqlResult({ session, sql: text, parameters, columns, signal, explain, release });
    }
    try {
      const rows = await session.rows(text, { parameters, signal });
      const shown = rows.map((row) => columns.map(({ name }) => String(row[name])));
      return await this.constant(columns, [...shown, ["fetched", fetched]]);
    } catch (error) {
      throw withoutRewrittenText(await explain(error));
    } finally {
      await release();
    }
  }

  /** A result with the given rows. */
  async constant(
    columns: readonly { readonly name: string; readonly type: string }[],
    rows: readonly (readonly (string | bigint | null)[])[],
  ): Promise<SqlResult> {
    const session = await this.#engine.acquire();
    const literal = (value: string | bigint | null): string =>
      value === null ? "NULL" : typeof value === "bigint" ? String(value) : quoteString(value);
    const values = rows.map((row) => `(${row.map(literal).join(", ")})`).join(", ");
    const select = columns
      .map(({ name, type }, index) => `v${index}::${type} AS ${quoteIdentifier(name)}`)
      .join(", ");
    const nulls = columns.map((_, index) => `NULL AS v${index}`).join(", ");
    const names = columns.map((_, index) => `v${index}`).join(", ");
    const from = rows.length === 0 ? `(SELECT ${nulls} WHERE false)` : `(VALUES ${values}) AS t(${names})`;
    return new SqlResult({
      session,
      sql: columns.length === 0 ? "SELECT 1 WHERE false" : `SELECT ${select} FROM ${from}`,
      parameters: undefined,
      columns,
      signal: undefined,
      explain: async (error) => error,
      release: () => this.#engine.release(session),
    });
  }

  /** Reads one table through the same planning as a query. */
  async scan(table: ResolvedTable, options: ScanOptions): Promise<SqlResult> {
    const snapshot = await this.#versionOf(table, options);
    const scanned = { label: table.label, snapshot };
    return this.#bind(await this.planOver(scanned, scanText(options), options), options);
  }

  /** Reads the changes of one table through the same planning as a query. */
  async changes(table: ResolvedTable, options: ChangesOptions): Promise<SqlResult> {
    const changes = await openChangeFeed(table.table, changeRange(options), options.signal);
    const scanned = { label: `table_changes(${table.label})`, snapshot: changes.wholeFiles, changes };
    const planning = this.planOver(scanned, scanText(options), options);
    // A text that cannot be planned may not have come as far as the feed.
    return this.#bind(await planning.finally(() => changes.wholeFiles.retire()), options);
  }

  planOver(
    table: Omit<ReferencedTable, "name"> | undefined,
    text: string,
    { parameters, signal, ...plan }: PlanOverOptions = {},
  ): Promise<PlannedQuery> {
    const ofSession = new Set(plan.sessionTables?.map(({ name }) => name));
    const resolve: ResolveReference = async ({ target }) => {
      if (target.kind !== "table" || target.namespace !== undefined) return undefined;
      if (table !== undefined && target.name === SCANNED) return { name: "", files: plan.files, ...table };
      return ofSession.has(target.name) ? "of-session" : undefined;
    };
    return this.#planWith({ text, offset: 0 }, { parameters, signal }, { ...plan, resolve });
  }

  async release({ session, ownsSession }: PlannedQuery): Promise<void> {
    if (ownsSession) await this.#engine.release(session);
  }

  /**
   * Resolves, rewrites and skips.
   *
   * @throws LakeError `invalid-input` with the position in the script, `not-found`.
   */
  plan(query: SqlSlice, options: QueryOptions): Promise<PlannedQuery> {
    return this.#planWith(query, options, {});
  }

  async close(): Promise<void> {
    await this.#shared.close();
  }

  async #versionOf(table: ResolvedTable, options: ScanOptions): Promise<Snapshot> {
    const at = asOf(options);
    if (at !== undefined) return table.table.snapshot(at, options.signal);
    const reads = this.#reads.begin();
    reads.expectOnly?.(table, options.signal);
    const newest = await reads.newest(table, options.signal);
    return (await reads.consistent(options.signal)).get(table.table) ?? newest;
  }

  async #planWith(
    query: SqlSlice,
    options: QueryOptions,
    { resolve, toTell = false, isRun = true, session: given, sessionTables = [] }: PlanOptions,
  ): Promise<PlannedQuery> {
    await this.#engine.useThreads();
    const session = given ?? (await this.#engine.acquire());
    const { named } = this.#shared;
    const reads = this.#reads.begin();
    const expander = new QueryExpander(
      session,
      this.#resolver,
      this.#catalog,
      reads,
      this.temporaryViews,
      this.#shared.files,
      options,
      resolve,
      named.get(session) ?? 0,
    );
    try {
      const { text: expanded, parameters } = await expander.expand(query, 0);
      const versions = await reads.consistent(options.signal);
      const tables = expander.tables.map((table) => ({
        ...table,
        snapshot: (table.newestOf && versions.get(table.newestOf)) ?? table.snapshot,
      }));
      const { files } = expander;
      named.set(session, (named.get(session) ?? 0) + tables.length + files.length);
      const threads = files.flatMap(({ table }) => table.threads ?? []);
      if (threads.length > 0) await this.#engine.useThreads(Math.max(...threads));
      const showing = tablesShowingMetadata(expanded, tables, files);
      const text = showing.size === 0 ? expanded : withoutInStars(expanded, METADATA_COLUMN);
      const picked = pickParameters(options.parameters, parameters);
      const areFar = files.some(({ table }) => table.fetched !== undefined);
      const skips = toTell || areFar || (await haveFilesToChoose(tables, options.signal));
      const needs = skips
        ? await this.#shared.pushdown(text, picked, tables, files, showing, sessionTables)
        : new Map<string, TableScan>();
      const scans: PlannedScan[] = [];
      const relations = new Map<string, string>();
      const fileLists: string[] = [];
      const changeLists: string[] = [];
      const fetches: (() => Promise<void>)[] = [];
      const fetchLater = (fetchChunks: () => Promise<void>): void => {
        fetches.push(fetchChunks);
      };
      const needsOf = (name: string): TableScan => needs.get(name) ?? EVERYTHING;
      for (const { name, label, snapshot, changes, files: readable } of tables) {
        const { columns, predicate, probed } = needsOf(name);
        const request = {
          snapshot,
          columns: columns === "all" ? columns : new Set(columns),
          predicate,
          probed: probed === "all" ? probed : new Set(probed),
          files: readable,
          withMetadata: showing.has(name),
          fetchLater,
        } as const;
        const { sql, report, files } = await (changes === undefined
          ? scanRelation(session, name, request, options.signal)
          : changesRelation(session, name, changes, request, options.signal));
        relations.set(name, sql);
        (changes === undefined ? fileLists : changeLists).push(files);
        const location = snapshot.folder.store.uri;
        scans.push({ ...report, table: label, location, version: snapshot.version, columns, predicate });
      }
      for (const { name, table } of files) {
        relations.set(name, table.sql);
        if (isRun) await table.fetchColumns(needsOf(name).columns);
      }
      // What is far away comes for all tables at once.
      if (isRun) await mapParallel(fetches, PARALLEL_TABLES, (fetchChunks) => fetchChunks());
      return {
        session,
        ownsSession: given === undefined,
        sql: withRelations(text, relations),
        parameters: picked,
        scans,
        fileScans: files.map(({ name, table }) => plannedFileScan(table, needsOf(name))),
        explain: async (error) => {
          const explained = await explainFailure(session, fileLists, changeLists, error);
          return explained === error ? explainedByFiles(files, error) : explained;
        },
      };
    } catch (error) {
      if (given === undefined) await this.#engine.release(session);
      throw withoutRewrittenText(error);
    } finally {
      for (const { changes } of expander.tables) await changes?.wholeFiles.retire();
    }
  }
}

/** A query over {@link SCANNED}, as {@link QueryPlanner.planOver} calls a table. */
function scanText({ columns, filter }: Pick<ScanOptions, "columns" | "filter">): string {
  const list = columns === undefined ? "*" : columns.map(quoteIdentifier).join(", ");
  return `SELECT ${list} FROM ${SCANNED}${filter === undefined ? "" : ` WHERE (${filter}\n)`}`;
}

/** Tables whose files are fetched at a time; each fetches many at once. */
const PARALLEL_TABLES = 8;

/** A query that needs everything of a table. */
const EVERYTHING: TableScan = {
  columns: "all",
  predicate: { kind: "constant", value: true },
  probed: "all",
};

/** The query with each relation in the place of its name. */
function withRelations(sql: string, relations: ReadonlyMap<string, string>): string {
  const edits = tokenize(sql).flatMap((token): Edit[] => {
    const relation = token.kind === "word" ? relations.get(token.text) : undefined;
    return relation === undefined
      ? []
      : [{ start: token.start, end: token.end, replacement: [`(${relation}\n)`] }];
  });
  return applyEdits(sql, edits).text;
}

/** The engine quotes the query that it was given, which is not the one the user wrote. */
export function withoutRewrittenText(error: unknown): unknown {
  if (!(error instanceof LakeError)) return error;
  const [message = ""] = error.message.split("\n\nLINE ");
  if (message === error.message) return error;
  return new LakeError(error.kind, error.code, message, {
    context: error.context,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    cause: error,
  });
}
