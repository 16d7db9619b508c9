import path from "node:path";
import {
  type Catalog,
  type CatalogTable,
  DEFAULT_NAMESPACE,
  formatTableName,
  parseTableName,
  type TableName,
} from "../catalog/index.js";
import { type Clock, isLakeError, LakeError, type Logger, mapParallel } from "../core/index.js";
import type { Engine } from "../engine/index.js";
import type { LocalTier, ObjectPath, ObjectStore, StoreOpener } from "../object-store/index.js";
import { DeltaTable, encodeDataPath, LOG_FOLDER, type Snapshot } from "../table-format/index.js";
import { versionToChange } from "./lake-reads.js";
import { PendingTransactions, type TableLocations } from "./operations/transaction/pending-transactions.js";

/** Tables that are looked at in one go. */
const TABLES_AT_ONCE = 16;

/** A table by name or by path, and what to call it. */
export interface ResolvedTable {
  /** As a person would name it. */
  readonly label: string;
  readonly location: string;
  readonly table: DeltaTable;
  /**
   * The newest version for a change to stand on, once what transactions over several tables have begun with the
   * table is settled; `undefined` when there is no table yet. Without this: the newest version.
   */
  readonly toChange?: (signal?: AbortSignal) => Promise<Snapshot | undefined>;
}

/** Turns names and paths into tables, each opened once and kept while the lake is open. */
export class TableResolver implements TableLocations {
  /** Those over tables of this lake. */
  readonly transactions: PendingTransactions;
  /** Where copies of files are kept that are far away or slow to read. */
  readonly tier: LocalTier | undefined;
  /** Opens the stores of tables, and of files, by their locations. */
  readonly openStore: StoreOpener;
  readonly #store: ObjectStore;
  readonly #catalog: Catalog;
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #open = new Map<string, DeltaTable>();

  constructor(
    store: ObjectStore,
    open: StoreOpener,
    catalog: Catalog,
    engine: Engine,
    clock: Clock,
    logger?: Logger,
    tier?: LocalTier,
  ) {
    this.#store = store;
    this.openStore = open;
    this.#catalog = catalog;
    this.#engine = engine;
    this.#clock = clock;
    this.tier = tier;
    this.transactions = new PendingTransactions(catalog, this, logger);
  }

  /** `table`, `namespace.table`, a path (anything with a slash), or ``delta.`PATH` ``. */
  async resolve(text: string): Promise<ResolvedTable> {
    const target = parseTarget(text);
    return target.kind === "path" ? this.byPath(target.path) : this.byName(target.name);
  }

  /** @throws LakeError `not-found`. */
  async byName(name: TableName): Promise<ResolvedTable> {
    await this.#catalog.refresh();
    return this.byKnownName(name);
  }

  /** As {@link byName} in the catalog as it is loaded. @throws LakeError `not-found`. */
  byKnownName(name: TableName): ResolvedTable {
    const entry = this.#catalog.table(name);
    if (entry === undefined) throw tableNotFound(formatTableName(name), this.#names());
    return this.#entered(name, entry.location);
  }

  byPath(location: string): ResolvedTable {
    return this.#resolved(location, this.openStore(location));
  }

  /**
   * A table's folder as the catalog's log has it: `./` and the path below the lake's folder, as in a URI, so that
   * a lake can be moved; else the URI.
   *
   * @param uri of the folder
   */
  placeOf(uri: string): string {
    const lake = `${this.#store.uri}/`;
    return uri.startsWith(lake) ? `./${uri.slice(lake.length)}` : uri;
  }

  tableAt(place: string): ResolvedTable {
    const store = this.openStore(place.startsWith("./") ? `${this.#store.uri}/${place.slice(2)}` : place);
    const entry = this.#entryAt(store.uri);
    return this.#resolved(entry === undefined ? store.uri : shortName(entry), store);
  }

  folderAt(place: string): ObjectPath | undefined {
    return this.#entryAt(this.tableAt(place).location)?.location;
  }

  /** The table to land in where it is known; `undefined` for a name that the catalog does not have. */
  async findForIngest(text: string): Promise<ResolvedTable | undefined> {
    try {
      return await this.resolve(text);
    } catch (error) {
      if (isLakeError(error, "not-found")) return undefined;
      throw error;
    }
  }

  /** The table to land in: a name, or namespace, that the catalog does not have is entered. */
  forIngest(text: string): Promise<ResolvedTable> {
    return this.forNewTable(parseTarget(text));
  }

  /** The table to create: a name, or namespace, that the catalog does not have is entered. */
  async forNewTable(target: Target): Promise<ResolvedTable> {
    if (target.kind === "path") return this.byPath(target.path);
    if (target.name.namespace !== DEFAULT_NAMESPACE) {
      await this.#catalog.createNamespace(target.name.namespace, { ifNotExists: true });
    }
    const { entry } = await this.#catalog.createTable(target.name, { ifNotExists: true });
    return this.#entered(target.name, entry.location);
  }

  /**
   * The tables of the catalog that have a version. One that was entered by an ingest that never
   * committed is not there for anyone but the next ingest.
   */
  async list(): Promise<{ readonly name: TableName; readonly location: string }[]> {
    await this.#catalog.refresh();
    const found = await mapParallel(
      this.#catalog.tables(),
      TABLES_AT_ONCE,
      async ({ namespace, name, location }) => {
        const { table } = this.#entered({ namespace, name }, location);
        return (await hasLog(table)) ? [{ name: { namespace, name }, location: table.where }] : [];
      },
    );
    return found.flat();
  }

  async close(): Promise<void> {
    for (const table of this.#open.values()) await table.release();
    this.#open.clear();
  }

  #entered(name: TableName, location: ObjectPath): ResolvedTable {
    return this.#resolved(shortName(name), this.#storeOf(location));
  }

  #storeOf(location: ObjectPath): ObjectStore {
    const folder = this.#store.localPath(location);
    return this.openStore(folder ?? `${this.#store.uri}/${encodeDataPath(location)}`);
  }

  #entryAt(uri: string): CatalogTable | undefined {
    return this.#catalog.tables().find(({ location }) => this.#storeOf(location).uri === uri);
  }

  #resolved(label: string, store: ObjectStore): ResolvedTable {
    const table = this.#opened(store);
    const found = { label, location: store.uri, table };
    return { ...found, toChange: (signal) => versionToChange(this.#catalog, this, found, signal) };
  }

  #opened(store: ObjectStore): DeltaTable {
    const known = this.#open.get(store.uri);
    if (known !== undefined) return known;
    const table = new DeltaTable(
      { store, engine: this.#engine, tier: this.tier, openStore: this.openStore },
      this.#clock,
    );
    this.#open.set(store.uri, table);
    return table;
  }

  #names(): string[] {
    return this.#catalog.tables().map(({ namespace, name }) => shortName({ namespace, name }));
  }
}

/** Whether there is a version. What transactions have staged is none, and is listed after the versions. */
async function hasLog(table: DeltaTable): Promise<boolean> {
  for await (const { path: file } of table.folder.store.list(`${LOG_FOLDER}/`)) {
    return /^\d/.test(file.slice(LOG_FOLDER.length + 1));
  }
  return false;
}

/** A table as a person names it. */
export type Target =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "name"; readonly name: TableName };

/** Pure: what a person wrote where a table is wanted. */
export function parseTarget(text: string): Target {
  const quoted = /^delta\.(?:`([^`]+)`|"([^"]+)")$/.exec(text);
  const inside = quoted?.[1] ?? quoted?.[2];
  if (inside !== undefined) return { kind: "path", path: inside };
  if (text.includes("/") || text === "." || text === ".." || text.includes(path.sep))
    return { kind: "path", path: text };
  return { kind: "name", name: parseTableName(text) };
}

/** `table`, or `namespace.table` outside the default namespace. */
export function shortName(name: TableName): string {
  return formatTableName(name).replace(/^default\./, "");
}

export function tableNotFound(name: string, known: readonly string[]): LakeError {
  const some = known.slice(0, 10).join(", ");
  return new LakeError(
    "not-found",
    "table-not-found",
    `there is no table ${name.replace(/^default\./, "")}`,
    {
      context: { table: name },
      hint:
        known.length === 0
          ? "The lake has no tables yet: land some files with grizzly ingest SOURCE --into TABLE."
          : `The lake has ${some}${known.length > 10 ? ", ..." : ""}.`,
    },
  );
}
