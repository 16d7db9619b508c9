import { isLakeError, type JsonObject } from "../../../core/index.js";
import { quoteIdentifier, type Session } from "../../../engine/index.js";
import { type Predicate, pathText, type Snapshot, skippingSql } from "../../../table-format/index.js";
import { keyPredicate } from "./key-ranges.js";
import { comparesExactly, type KeyScope, type MatchKey, matchKey } from "./match-keys.js";
import { inPart, type MergeSession } from "./merge-session.js";
import { type MergeSource, SOURCE } from "./merge-source.js";
import { type Equality, equalitiesOf, sameTree, selectedNode } from "./on-equalities.js";

/** Which rows of the table can match one of the source. */
export interface Candidates {
  /** TRUE for each of them. */
  readonly predicate: Predicate;
  /** A condition over the file table: the files that can hold one. */
  readonly files: string;
  /** What the condition compares with the source: columns of the table. */
  readonly keys: readonly KeyColumn[];
}

export interface KeyColumn {
  readonly name: string;
  /** SQL over the table, under the name that expressions call it. */
  readonly sql: string;
}

/** Finds the files that can hold a match: a file must be able to hold a key of the source for every equality. */
export async function findCandidates(
  merge: MergeSession,
  snapshot: Snapshot,
  source: MergeSource,
  on: string,
): Promise<Candidates> {
  const scope = { names: merge.names, table: snapshot.schema, source: source.columns };
  const keys = await keysOf(merge.session, scope, on);
  const operands: Predicate[] = [];
  if (source.rows === 0n) operands.push({ kind: "constant", value: false });
  for (const key of keys) {
    const type = await valueType(merge, key);
    if (comparesExactly(key.type, type)) operands.push(await keyPredicate(merge, key, type));
  }
  const predicate: Predicate =
    operands.length === 0 ? { kind: "constant", value: true } : { kind: "and", operands };
  const { schema, metadata } = snapshot;
  const { partitionColumns, configuration } = metadata;
  const target = quoteIdentifier(merge.names.target);
  return {
    predicate,
    files: skippingSql(predicate, { schema, partitionColumns, configuration }),
    keys: keys.map(({ column }) => ({
      name: pathText(column),
      sql: [target, ...column.map(quoteIdentifier)].join("."),
    })),
  };
}

/** The keys of a condition, in its order. */
export async function keysOf(session: Session, scope: KeyScope, on: string): Promise<MatchKey[]> {
  const query = `SELECT (${on}\n)`;
  const tree = await parsed(session, query);
  const keys: MatchKey[] = [];
  for (const equality of tree === undefined ? [] : equalitiesOf(query, tree)) {
    const key = matchKey(equality, scope);
    if (key !== undefined && (await isReadRight(session, equality))) keys.push(key);
  }
  return keys;
}

/** Whether the texts of both sides are those of their trees. */
async function isReadRight(session: Session, { left, right }: Equality): Promise<boolean> {
  for (const { text, node } of [left, right]) {
    const tree = await parsed(session, `SELECT ${text}`);
    if (tree === undefined || !sameTree(selectedNode(tree), node)) return false;
  }
  return true;
}

/** `undefined` for what the parser does not take by itself: the plan of the whole query tells its user. */
async function parsed(session: Session, query: string): Promise<JsonObject | undefined> {
  try {
    return await session.parse(query);
  } catch (error) {
    if (isLakeError(error, "invalid-input") || isLakeError(error, "unsupported")) return undefined;
    throw error;
  }
}

async function valueType(
  { session, names, signal }: MergeSession,
  { expression }: MatchKey,
): Promise<string> {
  const sql = `SELECT (${expression.text}\n) AS k FROM ${SOURCE} AS ${quoteIdentifier(names.source)}`;
  try {
    const [column] = await session.columns(sql, signal);
    return column?.type ?? "";
  } catch (error) {
    throw inPart("ON", error);
  }
}
