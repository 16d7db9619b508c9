import { LakeError } from "../core/index.js";
import type { CatalogAction } from "./actions.js";
import { formatTableName, nameKey, type TableName, tableKey } from "./names.js";
import {
  type CatalogState,
  type CatalogTable,
  type CatalogView,
  findNamespace,
  isFree,
  membersOf,
} from "./state.js";

// What a request does to a state: the actions to commit (none when there is nothing to do) and what
// the caller gets. Pure, so that a request that lost a race is decided again on the newer state.

export interface Change<T> {
  readonly actions: readonly CatalogAction[];
  readonly result: T;
}

export function createNamespace(
  state: CatalogState,
  name: string,
  ifNotExists: boolean,
): Change<{ readonly created: boolean }> {
  const existing = findNamespace(state, name);
  if (existing === undefined)
    return { actions: [{ kind: "createNamespace", name }], result: { created: true } };
  if (ifNotExists) return { actions: [], result: { created: false } };
  throw new LakeError("already-exists", "namespace-exists", `namespace ${existing} exists`, {
    context: { namespace: existing },
  });
}

export function dropNamespace(state: CatalogState, name: string): Change<undefined> {
  const namespace = requireNamespace(state, name);
  if (!state.namespaces.has(nameKey(namespace))) {
    throw new LakeError("invalid-input", "default-namespace", `namespace ${namespace} cannot be dropped`, {
      context: { namespace },
    });
  }
  const [member] = membersOf(state, namespace);
  if (member !== undefined) {
    const example = formatTableName(member);
    throw new LakeError("invalid-input", "namespace-not-empty", `namespace ${namespace} holds ${example}`, {
      context: { namespace, member: example },
      hint: "Drop or rename what is in it first.",
    });
  }
  return { actions: [{ kind: "dropNamespace", name: namespace }], result: undefined };
}

/** The name as a new table or view would bear it, its namespace spelled as it was created. */
export function requireFree(state: CatalogState, { namespace, name }: TableName): TableName {
  const wanted = { namespace: requireNamespace(state, namespace), name };
  if (isFree(state, wanted)) return wanted;
  const what = state.tables.has(tableKey(wanted)) ? "table" : "view";
  throw new LakeError("already-exists", `${what}-exists`, `${what} ${formatTableName(wanted)} exists`, {
    context: { ...wanted },
  });
}

export function renameTable(state: CatalogState, from: TableName, to: TableName): Change<CatalogTable> {
  const table = requireTable(state, from);
  // The table itself does not stand in its own way: t may become T.
  const isSame = tableKey(table) === tableKey(to);
  const name = isSame ? { ...to, namespace: table.namespace } : requireFree(state, to);
  return {
    actions: [
      {
        kind: "renameTable",
        namespace: table.namespace,
        name: table.name,
        newNamespace: name.namespace,
        newName: name.name,
      },
    ],
    result: { ...table, ...name },
  };
}

export function dropTable(state: CatalogState, name: TableName): Change<CatalogTable> {
  const table = requireTable(state, name);
  return {
    actions: [{ kind: "dropTable", namespace: table.namespace, name: table.name }],
    result: table,
  };
}

export function createView(
  state: CatalogState,
  name: TableName,
  sql: string,
  replace: boolean,
): Change<CatalogView> {
  const old = replace ? state.views.get(tableKey(name)) : undefined;
  const view = {
    ...(old === undefined ? requireFree(state, name) : { ...name, namespace: old.namespace }),
    sql,
  };
  const drop: CatalogAction[] =
    old === undefined ? [] : [{ kind: "dropView", namespace: old.namespace, name: old.name }];
  return { actions: [...drop, { kind: "createView", ...view }], result: view };
}

export function dropView(state: CatalogState, name: TableName): Change<CatalogView> {
  const view = state.views.get(tableKey(name));
  if (view === undefined) throw notFound("view", name);
  return { actions: [{ kind: "dropView", namespace: view.namespace, name: view.name }], result: view };
}

function requireNamespace(state: CatalogState, name: string): string {
  const namespace = findNamespace(state, name);
  if (namespace !== undefined) return namespace;
  throw new LakeError("not-found", "namespace-not-found", `there is no namespace ${name}`, {
    context: { namespace: name },
  });
}

function requireTable(state: CatalogState, name: TableName): CatalogTable {
  const table = state.tables.get(tableKey(name));
  if (table !== undefined) return table;
  throw notFound("table", name);
}

function notFound(what: "table" | "view", name: TableName): LakeError {
  return new LakeError("not-found", `${what}-not-found`, `there is no ${what} ${formatTableName(name)}`, {
    context: { namespace: name.namespace, name: name.name },
  });
}
