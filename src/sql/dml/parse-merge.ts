import type { StatementReader } from "../statement-reader.js";
import { isSymbol, isWord, type Token } from "../tokens.js";
import { type ChangedTable, parseAssignments, parseChangedTable } from "./parse-assignments.js";
import { parseInsertAction } from "./parse-merge-insert.js";
import { parseMergeSource } from "./parse-merge-source.js";
import type { Merge, MergeClause, MergeDelete, MergeUpdate } from "./row-statements.js";

/**
 * What follows `MERGE`: `[WITH SCHEMA EVOLUTION] INTO t [[AS] a] USING source [[AS] s] ON condition` and one WHEN
 * clause or more. Of each kind only the last clause may have no condition, as in Spark SQL.
 *
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseMerge(reader: StatementReader): Merge {
  const evolve = reader.takeWords("with", "schema", "evolution");
  reader.expectWords("into");
  const changed = parseChangedTable(reader);
  reader.expectWords("using");
  const { source, sourceAlias } = parseMergeSource(reader);
  reader.expectWords("on");
  const on = reader.expression(isWhen, "a condition");
  if (reader.peek() === undefined) throw reader.expected("WHEN: a MERGE has at least one clause");
  const clauses: MergeClause[] = [];
  while (reader.peek() !== undefined) {
    const at = reader.peek();
    reader.expectWords("when");
    const clause = parseClause(reader, changed);
    checkReachable(reader, clauses, clause, at);
    clauses.push(clause);
  }
  return { ...changed, source, sourceAlias, on, clauses, evolve };
}

function isWhen(token: Token): boolean {
  return isWord(token, "when");
}

function parseClause(reader: StatementReader, changed: ChangedTable): MergeClause {
  const when = parseKind(reader);
  const condition = reader.takeWords("and")
    ? reader.expression((token) => isWord(token, "then"), "a condition")
    : undefined;
  reader.expectWords("then");
  refuseNothing(reader);
  if (when === "not-matched") return { when, condition, action: parseInsertAction(reader, changed) };
  return { when, condition, action: parseChange(reader, when, changed) };
}

function parseKind(reader: StatementReader): MergeClause["when"] {
  if (reader.takeWords("matched")) return "matched";
  if (!reader.takeWords("not", "matched")) throw reader.expected("MATCHED or NOT MATCHED");
  if (reader.takeWords("by", "source")) return "not-matched-by-source";
  if (isWord(reader.peek(), "by") && !reader.takeWords("by", "target")) {
    throw reader.expected("BY TARGET or BY SOURCE");
  }
  return "not-matched";
}

/** `DELETE`, `UPDATE SET a = e, ...` or, where there is a row of the source, `UPDATE SET *`. */
function parseChange(
  reader: StatementReader,
  when: "matched" | "not-matched-by-source",
  changed: ChangedTable,
): MergeDelete | MergeUpdate {
  if (reader.takeWords("delete")) return { kind: "delete" };
  if (isWord(reader.peek(), "insert")) {
    throw reader.problem("a row that is in the table is not inserted: expected UPDATE or DELETE");
  }
  if (!reader.takeWords("update")) throw reader.expected("UPDATE or DELETE");
  reader.expectWords("set");
  if (!isSymbol(reader.peek(), "*")) {
    return { kind: "update", set: parseAssignments(reader, changed, isWhen) };
  }
  if (when === "not-matched-by-source") {
    throw reader.problem("NOT MATCHED BY SOURCE has no row of the source to UPDATE SET * from");
  }
  reader.take();
  return { kind: "update", set: "all" };
}

/** What other engines know, and would do nothing here. */
function refuseNothing(reader: StatementReader): void {
  if (!isWord(reader.peek(), "do")) return;
  throw reader.problem(
    "a clause of MERGE does something: there is no DO NOTHING",
    reader.peek(),
    "Leave the clause out, and say in the conditions of the others which rows they are for.",
  );
}

const KINDS: Readonly<Record<MergeClause["when"], string>> = {
  matched: "WHEN MATCHED",
  "not-matched": "WHEN NOT MATCHED",
  "not-matched-by-source": "WHEN NOT MATCHED BY SOURCE",
};

/** A clause after one of its kind without a condition would never apply. */
function checkReachable(
  reader: StatementReader,
  before: readonly MergeClause[],
  { when }: MergeClause,
  at: Token | undefined,
): void {
  if (!before.some((clause) => clause.when === when && clause.condition === undefined)) return;
  throw reader.problem(
    `only the last ${KINDS[when]} clause may have no condition`,
    at,
    "Give the one before it AND condition.",
  );
}
