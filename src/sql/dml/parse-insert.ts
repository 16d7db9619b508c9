import type { FieldPath } from "../../../table-format/index.js";
import { beginsQuery } from "../query-start.js";
import type { StatementReader } from "../statement-reader.js";
import { isSymbol, isWord, type Token } from "../tokens.js";
import type { Insert, InsertMode } from "./row-statements.js";

/**
 * What follows `INSERT`: `[WITH SCHEMA EVOLUTION] INTO [TABLE] t [(columns)] [BY NAME] [REPLACE WHERE condition]
 * query`, or with OVERWRITE in the place of INTO.
 *
 * @param before a WITH clause that stands before `INSERT`, and is part of its query
 * @throws LakeError `invalid-input` `sql-syntax` with the place.
 */
export function parseInsert(reader: StatementReader, before = ""): Insert {
  const evolve = reader.takeWords("with", "schema", "evolution");
  const overwrite = reader.takeWords("overwrite");
  if (!overwrite) expectInto(reader);
  reader.takeWords("table");
  const table = reader.tableName();
  if (isWord(reader.peek(), "partition")) throw noPartition(reader);
  const columns = parseColumns(reader);
  const byName = reader.takeWords("by", "name");
  if (byName && columns !== undefined) {
    throw reader.problem("BY NAME stands with a list of columns", reader.peek(-1), "Write one of them.");
  }
  const mode = overwrite ? ({ kind: "overwrite" } as const) : parseMode(reader);
  return { table, columns, byName, mode, evolve, query: parseQuery(reader, before) };
}

function expectInto(reader: StatementReader): void {
  if (isWord(reader.peek(), "or")) {
    throw reader.problem(
      "rows are not told apart by a key: there is no INSERT OR REPLACE or OR IGNORE",
      reader.peek(),
      "Write MERGE INTO t USING ... ON t.key = s.key WHEN MATCHED ... WHEN NOT MATCHED ....",
    );
  }
  if (!reader.takeWords("into")) throw reader.expected("INTO, OVERWRITE or WITH SCHEMA EVOLUTION");
}

/** `(a, b)`, unless a query in parentheses stands here. */
function parseColumns(reader: StatementReader): FieldPath[] | undefined {
  if (!isSymbol(reader.peek(), "(") || isQuery(reader)) return undefined;
  return reader.list(() => reader.columnPath());
}

/** Whether the parenthesis that comes next holds a query, and not names. */
function isQuery(reader: StatementReader): boolean {
  const after = reader.peek(2);
  const isNamed = isSymbol(after, ",") || isSymbol(after, ")") || isSymbol(after, ".");
  return beginsQuery(reader, 1) && !isNamed;
}

function parseMode(reader: StatementReader): InsertMode {
  if (!reader.takeWords("replace")) return { kind: "append" };
  reader.expectWords("where");
  const condition = reader.expression((token) => endsCondition(reader, token), "a condition");
  return { kind: "replace-where", condition };
}

/** Where a query begins behind a condition. */
function endsCondition(reader: StatementReader, token: Token): boolean {
  if (isWord(token, "with")) return !isWord(reader.peek(1), "time");
  if (isWord(token, "from")) return !isWord(reader.peek(-1), "distinct");
  return isWord(token, "select", "values", "table");
}

function parseQuery(reader: StatementReader, before: string): string {
  if (isWord(reader.peek(), "default") && isWord(reader.peek(1), "values")) {
    throw reader.problem(
      "INSERT takes no DEFAULT VALUES",
      reader.peek(),
      "Name a column: INSERT INTO t (a) VALUES (DEFAULT).",
    );
  }
  if (!beginsQuery(reader)) throw reader.expected("a query");
  if (before === "") return reader.takeRestText();
  if (isWord(reader.peek(), "with")) throw reader.problem("there is a WITH before INSERT already");
  return `${before} ${reader.takeRestText()}`;
}

function noPartition(reader: StatementReader): ReturnType<StatementReader["problem"]> {
  return reader.problem(
    "INSERT takes no PARTITION: the rows tell the partitions that they belong to",
    reader.peek(),
    "Write INSERT INTO t REPLACE WHERE day = '2025-01-31' SELECT ... to replace one.",
  );
}
