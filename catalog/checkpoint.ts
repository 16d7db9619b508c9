import { type CatalogAction, parseAction } from "./actions.js";
import type { TransactionIntent } from "./intent.js";
import { corruptLine, integerField, parseLines, serializeLines, stringsField } from "./json-lines.js";
import { nameKey, tableKey } from "./names.js";
import { type CatalogState, type CatalogTable, type CatalogView, tableOf, viewOf } from "./state.js";

/**
 * The stored form of a state, JSON lines as in an entry: first `{"checkpoint":{version,
 * usedLocations}}`, then the actions that create what there is, and begin the transactions that have not ended.
 */
export function serializeCheckpoint({ version, usedLocations, ...state }: CatalogState): Uint8Array {
  const actions: CatalogAction[] = [
    ...[...state.namespaces.values()].map((name) => ({ kind: "createNamespace" as const, name })),
    ...[...state.tables.values()].map((table) => ({ kind: "createTable" as const, ...table })),
    ...[...state.views.values()].map((view) => ({ kind: "createView" as const, ...view })),
    ...[...state.transactions.values()].map((intent) => ({ kind: "beginTransaction" as const, ...intent })),
  ];
  const header = { kind: "checkpoint", version, usedLocations: [...usedLocations] };
  return serializeLines([header, ...actions]);
}

/**
 * @param file names the checkpoint in messages
 * @throws LakeError `corrupt` when it breaks the form or is of another version than its name says,
 * `unsupported` for a kind of action not known here
 */
export function parseCheckpoint(data: Uint8Array, version: number, file: string): CatalogState {
  const [header, ...lines] = parseLines(data, file);
  if (header?.kind !== "checkpoint" || integerField(header, "version") !== version) {
    throw corruptLine(
      { file, line: 1 },
      `a checkpoint begins with {"checkpoint":{"version":${version},...}}`,
    );
  }
  const namespaces = new Map<string, string>();
  const tables = new Map<string, CatalogTable>();
  const views = new Map<string, CatalogView>();
  const transactions = new Map<string, TransactionIntent>();
  for (const line of lines) {
    const action = parseAction(line);
    switch (action.kind) {
      case "createNamespace":
        namespaces.set(nameKey(action.name), action.name);
        break;
      case "createTable":
        tables.set(tableKey(action), tableOf(action));
        break;
      case "createView":
        views.set(tableKey(action), viewOf(action));
        break;
      case "beginTransaction": {
        const { kind: _, ...intent } = action;
        transactions.set(intent.id, intent);
        break;
      }
      default:
        throw corruptLine(line.at, `a checkpoint holds no ${action.kind}`);
    }
  }
  return {
    version,
    namespaces,
    tables,
    views,
    usedLocations: new Set(stringsField(header, "usedLocations")),
    transactions,
    lastBegins: new Map(),
  };
}
