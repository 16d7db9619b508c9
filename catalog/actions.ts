import { LakeError } from "../core/index.js";
import { isObjectPath, type ObjectPath } from "../object-store/index.js";
import { intentOf, type TransactionEnd, type TransactionIntent, transactionEndOf } from "./intent.js";
import {
  corruptLine,
  integerField,
  type Line,
  parseLines,
  serializeLines,
  stringField,
} from "./json-lines.js";

/** Who wrote an entry of the catalog's log, when, and why. The first line of every entry. */
export interface CommitAction {
  readonly kind: "commit";
  /** Unique per attempt to commit: tells our entry from another writer's. */
  readonly txnId: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** `CREATE TABLE` and the like. */
  readonly operation: string;
}

/** One change of the catalog. */
export type CatalogAction =
  | { readonly kind: "createNamespace"; readonly name: string }
  | { readonly kind: "dropNamespace"; readonly name: string }
  | {
      readonly kind: "createTable";
      readonly namespace: string;
      readonly name: string;
      readonly id: string;
      readonly location: ObjectPath;
    }
  | {
      readonly kind: "renameTable";
      readonly namespace: string;
      readonly name: string;
      readonly newNamespace: string;
      readonly newName: string;
    }
  | { readonly kind: "dropTable"; readonly namespace: string; readonly name: string }
  | { readonly kind: "createView"; readonly namespace: string; readonly name: string; readonly sql: string }
  | { readonly kind: "dropView"; readonly namespace: string; readonly name: string }
  | ({ readonly kind: "beginTransaction" } & TransactionIntent)
  | ({ readonly kind: "endTransaction" } & TransactionEnd);

/** One entry of the log: a commit and what it changes, all or nothing. */
export interface CatalogEntry {
  readonly commit: CommitAction;
  readonly actions: readonly CatalogAction[];
}

/** The stored form: one JSON object per line, `{"<kind>":{...}}`, the commit first. */
export function serializeEntry({ commit, actions }: CatalogEntry): Uint8Array {
  return serializeLines([commit, ...actions]);
}

/**
 * Parses a stored entry. Fields that are not known are ignored.
 *
 * @param file names the entry in messages
 * @throws LakeError `corrupt` when it breaks the form, `unsupported` for a kind of action not known here
 */
export function parseEntry(data: Uint8Array, file: string): CatalogEntry {
  const [first, ...rest] = parseLines(data, file);
  if (first?.kind !== "commit") throw corruptLine({ file, line: 1 }, "an entry begins with its commit");
  const commit: CommitAction = {
    kind: "commit",
    txnId: stringField(first, "txnId"),
    timestamp: integerField(first, "timestamp"),
    operation: stringField(first, "operation"),
  };
  return { commit, actions: rest.map(parseAction) };
}

/** @throws LakeError as {@link parseEntry}. */
export function parseAction(line: Line): CatalogAction {
  const { kind, at } = line;
  const field = (name: string): string => stringField(line, name);
  switch (kind) {
    case "createNamespace":
    case "dropNamespace":
      return { kind, name: field("name") };
    case "createTable": {
      const location = field("location");
      if (!isObjectPath(location))
        throw corruptLine(at, `location ${JSON.stringify(location)} is not a path`);
      return { kind, namespace: field("namespace"), name: field("name"), id: field("id"), location };
    }
    case "renameTable":
      return {
        kind,
        namespace: field("namespace"),
        name: field("name"),
        newNamespace: field("newNamespace"),
        newName: field("newName"),
      };
    case "createView":
      return { kind, namespace: field("namespace"), name: field("name"), sql: field("sql") };
    case "dropTable":
    case "dropView":
      return { kind, namespace: field("namespace"), name: field("name") };
    case "beginTransaction":
      return { kind, ...intentOf(line) };
    case "endTransaction":
      return { kind, ...transactionEndOf(line) };
    default:
      throw new LakeError(
        "unsupported",
        "catalog-action",
        `${at.file}, line ${at.line}: unknown action ${kind}`,
        {
          context: { ...at, action: kind },
          hint: "A newer release wrote this catalog. Upgrade to read it.",
        },
      );
  }
}
