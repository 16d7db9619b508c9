import { LakeError, unreachable } from "../core/index.js";
import type { ObjectPath } from "../object-store/index.js";
import type { CatalogAction } from "./actions.js";
import type { TransactionIntent } from "./intent.js";
import { DEFAULT_NAMESPACE, formatTableName, nameKey, type TableName, tableKey } from "./names.js";

export interface CatalogTable extends TableName {
  /** Unique, the same for the life of the table whatever it is called. */
  readonly id: string;
  /** The folder of the table in the store of the lake. A rename does not move it. */
  readonly location: ObjectPath;
}

export interface CatalogView extends TableName {
  readonly sql: string;
}

/** What the log says, as of one entry. Immutable. */
export interface CatalogState {
  /** The number of the newest entry applied; -1 before the first. */
  readonly version: number;
  /** Created namespaces, by {@link nameKey}. The default namespace is always there and never in here. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** By {@link tableKey}. Tables and views share their names: no key is in both maps. */
  readonly tables: ReadonlyMap<string, CatalogTable>;
  readonly views: ReadonlyMap<string, CatalogView>;
  /** The keys of all locations ever given to a table, but for the unique ones that hold its id. */
  readonly usedLocations: ReadonlySet<string>;
  /** Transactions that began and have not ended, by their ids. No table is in two of them. */
  readonly transactions: ReadonlyMap<string, TransactionIntent>;
  /**
   * By location: the entry in which the newest transaction over the table began. A checkpoint leaves it out: a
   * reader asks for transactions that began after it had loaded the state.
   */
  readonly lastBegins: ReadonlyMap<string, number>;
}

export const EMPTY_STATE: CatalogState = {
  version: -1,
  namespaces: new Map(),
  tables: new Map(),
  views: new Map(),
  usedLocations: new Set(),
  transactions: new Map(),
  lastBegins: new Map(),
};

/** The namespace as it was created, `undefined` when there is none of that name. */
export function findNamespace(state: CatalogState, name: string): string | undefined {
  const key = nameKey(name);
  return key === DEFAULT_NAMESPACE ? DEFAULT_NAMESPACE : state.namespaces.get(key);
}

export function isFree(state: CatalogState, name: TableName): boolean {
  const key = tableKey(name);
  return !state.tables.has(key) && !state.views.has(key);
}

/** Everything in a namespace, tables first. */
export function membersOf(state: CatalogState, namespace: string): TableName[] {
  const key = nameKey(namespace);
  return [...state.tables.values(), ...state.views.values()].filter((one) => nameKey(one.namespace) === key);
}

/** The transactions that have not ended over one of these tables. */
export function pendingOver(
  { transactions }: Pick<CatalogState, "transactions">,
  locations: readonly string[],
): TransactionIntent[] {
  const wanted = new Set(locations);
  return [...transactions.values()].filter(({ tables }) =>
    tables.some(({ location }) => wanted.has(location)),
  );
}

/** Equal for locations that a file system which ignores case would mix up. */
export function locationKey(location: string): string {
  return location.toLowerCase();
}

/** The end of a location that no other table can have. */
export function uniqueSuffix(id: string): string {
  return `-${id.slice(0, 8)}`;
}

/**
 * The state after one action.
 *
 * @throws LakeError `corrupt` when the action cannot follow the state: no writer commits such a one.
 */
export function applyAction(state: CatalogState, action: CatalogAction): CatalogState {
  switch (action.kind) {
    case "createNamespace":
      check(findNamespace(state, action.name) === undefined, `namespace ${action.name} exists`);
      return { ...state, namespaces: plus(state.namespaces, nameKey(action.name), action.name) };
    case "dropNamespace":
      check(state.namespaces.has(nameKey(action.name)), `there is no namespace ${action.name} to drop`);
      check(membersOf(state, action.name).length === 0, `namespace ${action.name} is not empty`);
      return { ...state, namespaces: minus(state.namespaces, nameKey(action.name)) };
    case "createTable": {
      const table = tableOf(action);
      checkFree(state, table);
      const isShared = [...state.tables.values()].some(
        ({ location }) => locationKey(location) === locationKey(table.location),
      );
      check(!isShared, `${table.location} is the location of another table`);
      return {
        ...state,
        tables: plus(state.tables, tableKey(table), table),
        usedLocations: table.location.endsWith(uniqueSuffix(table.id))
          ? state.usedLocations
          : new Set([...state.usedLocations, locationKey(table.location)]),
      };
    }
    case "renameTable": {
      const table = existing(state.tables, action);
      const without = { ...state, tables: minus(state.tables, tableKey(action)) };
      const renamed = { ...table, namespace: action.newNamespace, name: action.newName };
      checkFree(without, renamed);
      return { ...without, tables: plus(without.tables, tableKey(renamed), renamed) };
    }
    case "dropTable":
      existing(state.tables, action);
      return { ...state, tables: minus(state.tables, tableKey(action)) };
    case "createView": {
      const view = viewOf(action);
      checkFree(state, view);
      return { ...state, views: plus(state.views, tableKey(view), view) };
    }
    case "dropView":
      existing(state.views, action);
      return { ...state, views: minus(state.views, tableKey(action)) };
    case "beginTransaction": {
      const { kind: _, ...intent } = action;
      const locations = intent.tables.map(({ location }) => location);
      check(pendingOver(state, locations).length === 0, `transaction ${action.id} began within another`);
      const version = state.version + 1;
      const begins = locations.map((location): [string, number] => [location, version]);
      return {
        ...state,
        transactions: plus(state.transactions, action.id, intent),
        lastBegins: new Map([...state.lastBegins, ...begins]),
      };
    }
    case "endTransaction":
      check(state.transactions.has(action.id), `there is no transaction ${action.id} to end`);
      return { ...state, transactions: minus(state.transactions, action.id) };
    default:
      return unreachable(action, "catalog action");
  }
}

/** The table that an action creates. */
export function tableOf({
  kind: _,
  ...table
}: Extract<CatalogAction, { kind: "createTable" }>): CatalogTable {
  return table;
}

/** The view that an action creates. */
export function viewOf({ kind: _, ...view }: Extract<CatalogAction, { kind: "createView" }>): CatalogView {
  return view;
}

function checkFree(state: CatalogState, name: TableName): void {
  check(findNamespace(state, name.namespace) !== undefined, `there is no namespace ${name.namespace}`);
  check(isFree(state, name), `${formatTableName(name)} exists`);
}

function existing<T>(entries: ReadonlyMap<string, T>, name: TableName): T {
  const entry = entries.get(tableKey(name));
  check(entry !== undefined, `there is no ${formatTableName(name)}`);
  return entry;
}

function check(holds: boolean, why: string): asserts holds {
  if (!holds) throw new LakeError("corrupt", "catalog-log", `the catalog's log contradicts itself: ${why}`);
}

function plus<V>(map: ReadonlyMap<string, V>, key: string, value: V): ReadonlyMap<string, V> {
  return new Map(map).set(key, value);
}

function minus<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}
