import { type Catalog, DEFAULT_NAMESPACE, type TableName, tableName } from "../../catalog/index.js";
import { LakeError } from "../../core/index.js";
import type { Parameters, Session } from "../../engine/index.js";
import {
  type ChangeFeed,
  type DeltaTable,
  openChangeFeed,
  type Snapshot,
  type AsOf as VersionAsOf,
  version,
} from "../../table-format/index.js";
import type { FileTable } from "../file-sources/file-table.js";
import type { SessionFiles } from "../file-sources/session-files.js";
import type { ReadPoint } from "../lake-reads.js";
import { METADATA_COLUMN } from "../scan/metadata-column.js";
import { type ResolvedTable, shortName, type TableResolver } from "../table-resolver.js";
import { evaluateAsOf } from "./as-of.js";
import { evaluateBound } from "./change-bound.js";
import { mentionsColumn } from "./hidden-column.js";
import { findReferences, type TableReference, type TableTarget } from "./references.js";
import { rewriteReferences } from "./rewrite.js";
import type { SqlSlice } from "./statements.js";
import { utf16Offsets } from "./text-edits.js";
import { normalizeTimeTravel } from "./time-travel.js";

export interface QueryOptions {
  readonly parameters?: Parameters | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A table reference that got a name of its own in the rewritten query. */
export interface ReferencedTable {
  readonly name: string;
  readonly label: string;
  readonly snapshot: Snapshot;
  /** The table, where its newest version is meant. */
  readonly newestOf?: DeltaTable | undefined;
  /** Of a table's changes: `snapshot` has their schema, and its files are not what is read. */
  readonly changes?: ChangeFeed | undefined;
  /** A condition over the file table, of the files to read at all; default every file. */
  readonly files?: string | undefined;
}

/** Files that got a name of their own in the rewritten query. */
export interface ReferencedFiles {
  readonly name: string;
  readonly table: FileTable;
}

/** Knows tables beside those of the lake; `of-session`: a name of the session, which stays as it is. */
export type ResolveReference = (
  reference: TableReference,
) => Promise<ReferencedTable | "of-session" | undefined>;

interface Expansion {
  readonly text: string;
  readonly parameters: readonly string[];
}

const ENGINE_NAMESPACES = new Set(["information_schema", "pg_catalog"]);
/** Views over views; a chain this long refers to itself. */
const MAX_VIEW_DEPTH = 32;

/** Rewrites one query: tables get names of their own, views become the queries they stand for. */
export class QueryExpander {
  readonly tables: ReferencedTable[] = [];
  readonly files: ReferencedFiles[] = [];
  readonly #session: Session;
  readonly #resolver: TableResolver;
  readonly #catalog: Catalog;
  readonly #reads: ReadPoint;
  readonly #temporaryViews: ReadonlyMap<string, string>;
  readonly #sessionFiles: SessionFiles;
  readonly #options: QueryOptions;
  readonly #resolve: ResolveReference | undefined;
  readonly #namedBefore: number;

  constructor(
    session: Session,
    resolver: TableResolver,
    catalog: Catalog,
    reads: ReadPoint,
    temporaryViews: ReadonlyMap<string, string>,
    sessionFiles: SessionFiles,
    options: QueryOptions,
    resolve: ResolveReference | undefined,
    namedBefore: number,
  ) {
    this.#session = session;
    this.#resolver = resolver;
    this.#catalog = catalog;
    this.#reads = reads;
    this.#temporaryViews = temporaryViews;
    this.#sessionFiles = sessionFiles;
    this.#options = options;
    this.#resolve = resolve;
    this.#namedBefore = namedBefore;
  }

  async expand(query: SqlSlice, depth: number): Promise<Expansion> {
    const normalized = normalizeTimeTravel(query.text);
    const toScript = (offset: number): number => query.offset + normalized.mapOffset(offset);
    const tree = await atPosition(
      (bytes) => toScript(utf16Offsets(normalized.text)(bytes)),
      () => this.#session.parse(normalized.text),
    );
    const found = findReferences(normalized.text, tree);
    const [only, ...others] = found.sites;
    if (only !== undefined && others.length === 0 && depth === 0) this.#lookAhead(only.reference);
    const replacements = new Map<TableReference, string>();
    for (const { reference } of found.sites) {
      const replacement = await this.#replacement(reference, normalized.text, depth, () =>
        toScript(reference.offset),
      );
      if (replacement !== undefined) replacements.set(reference, replacement);
    }
    return rewriteReferences(found, (reference) => replacements.get(reference));
  }

  /** Has the table of a query looked at while the catalog is loaded, where the names known so far tell it. */
  #lookAhead({ target, asOf }: TableReference): void {
    if (target.kind !== "table" || asOf !== undefined || this.#resolve !== undefined) return;
    const isTemporary = target.namespace === undefined && this.#temporaryViews.has(target.name.toLowerCase());
    if (isTemporary || this.#catalog.version < 0) return;
    const name = { namespace: target.namespace ?? DEFAULT_NAMESPACE, name: target.name };
    if (this.#catalog.view(name) !== undefined || this.#catalog.table(name) === undefined) return;
    this.#reads.expectOnly?.(this.#resolver.byKnownName(name), this.#options.signal);
  }

  async #replacement(
    reference: TableReference,
    query: string,
    depth: number,
    position: () => number,
  ): Promise<string | undefined> {
    const { target } = reference;
    if (target.kind === "table" && ENGINE_NAMESPACES.has(target.namespace?.toLowerCase() ?? ""))
      return undefined;
    try {
      if (target.kind === "file") return await this.#fileTable(target.name, reference, query);
      const given = await this.#resolve?.(reference);
      if (given === "of-session") return undefined;
      if (given !== undefined) return this.#add(given);
      if (target.kind === "changes") return await this.#changes(target);
      if (target.kind === "path") {
        return await this.#table(this.#resolver.byPath(target.path), reference);
      }
      const name = tableName(target.name, target.namespace ?? DEFAULT_NAMESPACE);
      const view = await this.#view(target.namespace, name);
      if (view !== undefined) return await this.#viewQuery(view, shortName(name), reference, depth);
      return await this.#table(this.#resolver.byKnownName(name), reference);
    } catch (error) {
      if (!(error instanceof LakeError) || depth > 0) throw error;
      throw new LakeError(error.kind, error.code, error.message, {
        context: { position: position(), ...error.context },
        ...(error.hint === undefined ? {} : { hint: error.hint }),
        cause: error,
      });
    }
  }

  async #fileTable(file: string, { asOf }: TableReference, query: string): Promise<string> {
    if (asOf !== undefined) {
      throw new LakeError(
        "invalid-input",
        "sql-time-travel",
        `${file} is not a table: a version can be asked of a table only`,
        { hint: "Land the files in a table, and every version of it stays." },
      );
    }
    const withMetadata = mentionsColumn(query, METADATA_COLUMN);
    const { signal } = this.#options;
    const table = await this.#sessionFiles.open(this.#session, file, withMetadata, signal);
    const name = this.#nextName();
    this.files.push({ name, table });
    return name;
  }

  async #view(namespace: string | undefined, name: TableName): Promise<string | undefined> {
    const temporary = namespace === undefined ? this.#temporaryViews.get(name.name.toLowerCase()) : undefined;
    if (temporary !== undefined) return temporary;
    await this.#reads.loadCatalog(this.#options.signal);
    return this.#catalog.view(name)?.sql;
  }

  async #viewQuery(sql: string, name: string, reference: TableReference, depth: number): Promise<string> {
    if (reference.asOf !== undefined) {
      throw new LakeError(
        "invalid-input",
        "sql-time-travel",
        `${name} is a view: a version can be asked of a table only`,
        {
          hint: "Put the clause behind the tables of the view's own query.",
        },
      );
    }
    if (depth === MAX_VIEW_DEPTH) {
      throw new LakeError(
        "invalid-input",
        "view-depth",
        `the view ${name} refers to itself, or views are nested more than ${MAX_VIEW_DEPTH} deep`,
      );
    }
    const { text } = await this.expand({ text: sql, offset: 0 }, depth + 1);
    return `(${text}\n)`;
  }

  async #table(resolved: ResolvedTable, reference: TableReference): Promise<string> {
    const at = await this.#version(reference);
    const { signal } = this.#options;
    if (at === undefined) {
      const newest = await this.#reads.newest(resolved, signal);
      return this.#add({ label: resolved.label, snapshot: newest, newestOf: resolved.table });
    }
    return this.#add({ label: resolved.label, snapshot: await resolved.table.snapshot(at, signal) });
  }

  async #version({ asOf: clause }: TableReference): Promise<VersionAsOf> {
    if (clause === undefined) return undefined;
    const value = await evaluateAsOf(this.#session, clause, this.#options.parameters);
    return value.unit === "version" ? { version: version(value.version) } : { timestamp: value.timestamp };
  }

  async #changes({ table, from, to }: TableTarget & { readonly kind: "changes" }): Promise<string> {
    const { parameters, signal } = this.#options;
    const resolved = await this.#resolver.resolve(table);
    const range = {
      from: await evaluateBound(this.#session, from, parameters),
      to: to && (await evaluateBound(this.#session, to, parameters)),
    };
    const feed = await openChangeFeed(resolved.table, range, signal);
    return this.#add({ label: `table_changes(${resolved.label})`, snapshot: feed.wholeFiles, changes: feed });
  }

  #add(table: Omit<ReferencedTable, "name">): string {
    const name = this.#nextName();
    this.tables.push({ ...table, name });
    return name;
  }

  #nextName(): string {
    return `gl_ref_${this.#namedBefore + this.tables.length + this.files.length}`;
  }
}

/** Moves the position in an error's context, a count of bytes, to where the user wrote it. */
async function atPosition<T>(toScript: (bytes: number) => number, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const position = error instanceof LakeError ? error.context["position"] : undefined;
    if (!(error instanceof LakeError) || typeof position !== "number") throw error;
    throw new LakeError(error.kind, error.code, error.message, {
      context: { ...error.context, position: toScript(position) },
      cause: error,
    });
  }
}
