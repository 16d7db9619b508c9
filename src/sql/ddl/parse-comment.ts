import type { StatementReader, TableName } from "../statement-reader.js";
import { isSymbol, isWord } from "../tokens.js";
import type { CommentOn } from "./table-statement.js";

/**
 * What follows `COMMENT ON`: `TABLE t IS '...' | NULL`, or `COLUMN t.c IS ...`. Of three names in a row the first
 * is a namespace: `COLUMN ns.t.c`.
 *
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseComment(reader: StatementReader): CommentOn {
  if (reader.takeWords("table")) {
    return { table: reader.tableName(), column: undefined, comment: parseText(reader) };
  }
  if (!reader.takeWords("column")) throw reader.expected("TABLE or COLUMN");
  const table = parseTable(reader);
  reader.expectSymbol(".");
  return { table, column: reader.columnPath(), comment: parseText(reader) };
}

/** The table in front of a column: `t`, `ns.t` or ``delta.`PATH` ``. */
function parseTable(reader: StatementReader): TableName {
  const isQualified = isSymbol(reader.peek(1), ".") && isSymbol(reader.peek(3), ".");
  if (!isQualified) return { kind: "name", namespace: undefined, name: reader.name("the name of a table") };
  const namespace = reader.namespace();
  reader.expectSymbol(".");
  const name = reader.name("the name of a table");
  return namespace.toLowerCase() === "delta"
    ? { kind: "path", path: name }
    : { kind: "name", namespace, name };
}

function parseText(reader: StatementReader): string | undefined {
  reader.expectWords("is");
  if (isWord(reader.peek(), "null")) {
    reader.take();
    return undefined;
  }
  return reader.string("a comment in quotes, or NULL");
}
