import type { StatementReader } from "../statement-reader.js";
import { isWord, type Token } from "../tokens.js";
import { parseAssignments, parseChangedTable } from "./parse-assignments.js";
import type { Delete, Update } from "./row-statements.js";

/**
 * What follows `UPDATE`: `t [[AS] a] SET c = e | DEFAULT, ... [WHERE condition]`.
 *
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseUpdate(reader: StatementReader): Update {
  const changed = parseChangedTable(reader, "set");
  reader.expectWords("set");
  const isEnd = (token: Token): boolean => isWord(token, "where", "returning") || beginsFrom(reader, token);
  const set = parseAssignments(reader, changed, isEnd);
  if (isWord(reader.peek(), "from")) throw otherTable(reader, "UPDATE", "FROM");
  return { ...changed, set, where: parseWhere(reader) };
}

/**
 * What follows `DELETE FROM`: `t [[AS] a] [WHERE condition]`.
 *
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseDelete(reader: StatementReader): Delete {
  const changed = parseChangedTable(reader);
  if (isWord(reader.peek(), "using")) throw otherTable(reader, "DELETE", "USING");
  return { ...changed, where: parseWhere(reader) };
}

/** `WHERE condition`; `undefined` where there is none. */
function parseWhere(reader: StatementReader): string | undefined {
  if (!reader.takeWords("where")) return undefined;
  return reader.expression((token) => isWord(token, "returning"), "a condition");
}

/** A FROM clause, which `IS DISTINCT FROM` does not begin. */
function beginsFrom(reader: StatementReader, token: Token): boolean {
  return isWord(token, "from") && !isWord(reader.peek(-1), "distinct");
}

function otherTable(
  reader: StatementReader,
  statement: string,
  clause: string,
): ReturnType<StatementReader["problem"]> {
  return reader.problem(
    `${statement} takes no ${clause}`,
    reader.peek(),
    "Rows that are found by another table: write a subquery in the condition, or MERGE INTO.",
  );
}
