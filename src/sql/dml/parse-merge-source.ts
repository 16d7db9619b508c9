import { quoteIdentifier } from "../../../engine/index.js";
import { takeAsOfValue } from "../as-of-value.js";
import { beginsQuery } from "../query-start.js";
import type { StatementReader } from "../statement-reader.js";
import { isSymbol, isWord } from "../tokens.js";
import { parseAlias } from "./parse-assignments.js";
import type { Merge } from "./row-statements.js";

/**
 * What follows `USING`: a query in parentheses, a table with or without a version, a call such as
 * `table_changes('t', 1)`, or a file as `'a.parquet'`; and what it is called.
 *
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseMergeSource(reader: StatementReader): Pick<Merge, "source" | "sourceAlias"> {
  const source = isSymbol(reader.peek(), "(") ? parseQuery(reader) : parseTable(reader);
  const sourceAlias = parseAlias(reader, []);
  if (sourceAlias === undefined || !isSymbol(reader.peek(), "(")) return { source, sourceAlias };
  const first = reader.peek();
  reader.nameList();
  const alias = quoteIdentifier(sourceAlias);
  return { source: `(SELECT * FROM ${source} AS ${alias}${reader.textSince(first)})`, sourceAlias };
}

function parseQuery(reader: StatementReader): string {
  const first = reader.peek();
  if (!beginsQuery(reader, 1)) {
    reader.take();
    throw reader.expected("a query");
  }
  reader.expressionInParentheses();
  return reader.textSince(first);
}

function parseTable(reader: StatementReader): string {
  const first = reader.peek();
  if (first?.kind === "string") {
    reader.take();
    return reader.textSince(first);
  }
  if (!reader.isName() && !isWord(first, "default"))
    throw reader.expected("a table, or a query in parentheses");
  reader.columnPath();
  if (isSymbol(reader.peek(), "(")) parenthesised(reader);
  takeVersion(reader);
  return reader.textSince(first);
}

/** `@v3`, `[FOR] VERSION | TIMESTAMP AS OF value`, `AT (...)`: the version of a table, where one stands here. */
function takeVersion(reader: StatementReader): void {
  if (reader.takeSymbol("@")) {
    if (!/^v\d+$/i.test(reader.peek()?.text ?? "")) throw reader.expected("a version as in t@v3");
    reader.take();
    return;
  }
  if (isWord(reader.peek(), "at") && isSymbol(reader.peek(1), "(")) {
    reader.take();
    parenthesised(reader);
    return;
  }
  const at = isWord(reader.peek(), "for") ? 1 : 0;
  const units = ["version", "timestamp", "system_version", "system_time"];
  if (!isWord(reader.peek(at), ...units) || !isWord(reader.peek(at + 1), "as")) return;
  if (!isWord(reader.peek(at + 2), "of")) return;
  for (let taken = 0; taken < at + 3; taken++) reader.take();
  takeAsOfValue(reader);
}

function parenthesised(reader: StatementReader): void {
  reader.expectSymbol("(");
  if (!isSymbol(reader.peek(), ")")) reader.expression(() => false);
  if (!reader.takeSymbol(")")) throw reader.expected("a closing parenthesis");
}
