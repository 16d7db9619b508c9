import type { StatementReader } from "../statement-reader.js";
import { isSymbol, isWord } from "../tokens.js";
import { type ChangedTable, parseTarget, parseValue } from "./parse-assignments.js";
import type { Assignment, MergeInsert } from "./row-statements.js";

/** What a clause for rows that are not in the table does: `INSERT *` or `INSERT (a, ...) VALUES (e, ...)`. */
export function parseInsertAction(reader: StatementReader, changed: ChangedTable): MergeInsert {
  if (isWord(reader.peek(), "update", "delete")) {
    throw reader.problem(
      "WHEN NOT MATCHED is for rows that are not in the table: expected INSERT",
      reader.peek(),
      "WHEN NOT MATCHED BY SOURCE is for rows of the table that the source does not have.",
    );
  }
  if (!reader.takeWords("insert")) throw reader.expected("INSERT");
  if (reader.takeSymbol("*")) return { kind: "insert", values: "all" };
  if (isWord(reader.peek(), "values")) {
    throw reader.problem(
      "INSERT of a MERGE names the columns",
      reader.peek(),
      "Write INSERT (a, b) VALUES (s.a, s.b), or INSERT * for every column by its name.",
    );
  }
  if (!isSymbol(reader.peek(), "(")) throw reader.expected("* or the columns in parentheses");
  const columns = reader.list(() => parseTarget(reader, changed));
  reader.expectWords("values");
  const at = reader.peek();
  const values = reader.list(() => parseValue(reader, () => false));
  if (values.length !== columns.length) {
    throw reader.problem(`there are ${columns.length} columns and ${values.length} values`, at);
  }
  return { kind: "insert", values: columns.map((column, index) => assigned(column, values[index])) };
}

function assigned(column: Assignment["column"], value: string | undefined): Assignment {
  return { column, value };
}
