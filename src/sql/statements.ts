import { LakeError } from "../../core/index.js";
import type { Alteration } from "../../table-format/index.js";
import { parseAlterTable } from "./ddl/parse-alter-table.js";
import { parseCreateTable } from "./ddl/parse-create-table.js";
import type { CreateTable } from "./ddl/table-statement.js";
import { type QualifiedName, type SqlSlice, StatementReader, type TableName } from "./statement-reader.js";
import { isSymbol, isWord, lineAndColumn, type Token, tokenize } from "./tokens.js";

export type { QualifiedName, SqlSlice } from "./statement-reader.js";

/** One statement of a script. `source` is its text without the semicolon. */
export type Statement = { readonly source: SqlSlice } & (
  | { readonly kind: "query"; readonly query: SqlSlice }
  /** `prefix` is what stands before the query: `EXPLAIN`, `EXPLAIN ANALYZE`, `EXPLAIN (FORMAT json)`. */
  | { readonly kind: "explain"; readonly prefix: string; readonly query: SqlSlice }
  | {
      readonly kind: "create-view";
      readonly name: QualifiedName;
      readonly columns: readonly string[];
      readonly orReplace: boolean;
      readonly ifNotExists: boolean;
      readonly temporary: boolean;
      readonly query: SqlSlice;
    }
  | { readonly kind: "drop-view"; readonly name: QualifiedName; readonly ifExists: boolean }
  | { readonly kind: "show-tables"; readonly namespace: string | undefined }
  | { readonly kind: "show-namespaces" }
  | ({ readonly kind: "create-table" } & CreateTable)
  | { readonly kind: "alter-table"; readonly table: TableName; readonly alteration: Alteration }
  /** `where` is a condition; without one every row goes. */
  | { readonly kind: "delete"; readonly table: TableName; readonly where: SqlSlice | undefined }
);

const QUERY_KEYWORDS = [
  "select",
  "with",
  "from",
  "values",
  "table",
  "describe",
  "desc",
  "summarize",
  "show",
] as const;

/**
 * Splits a script at its semicolons and says what each statement is. Nothing is run, so a script with
 * a statement that does not exist here fails before its first statement.
 *
 * `DESCRIBE t` and `SHOW t` are queries: they give DuckDB's `column_name`, `column_type`, ... rows, and
 * can stand in a FROM clause.
 *
 * @throws LakeError `invalid-input` `sql-statement` for any other statement; `sql-syntax` for text
 *   that cannot be read.
 */
export function parseScript(script: string): Statement[] {
  return splitAtSemicolons(tokenize(script)).map((tokens) => classify(script, tokens));
}

function splitAtSemicolons(tokens: readonly Token[]): Token[][] {
  const statements: Token[][] = [[]];
  for (const token of tokens) {
    if (isSymbol(token, ";")) statements.push([]);
    else statements.at(-1)?.push(token);
  }
  return statements.filter((statement) => statement.length > 0);
}

function classify(script: string, tokens: readonly Token[]): Statement {
  const reader = new StatementReader(script, tokens);
  const source = reader.rest();
  if (reader.takeWords("explain")) return explain(reader, source);
  if (reader.takeWords("create", "table")) {
    return reader.end({ kind: "create-table", source, ...parseCreateTable(reader) });
  }
  if (reader.takeWords("alter", "table")) {
    return reader.end({ kind: "alter-table", source, ...parseAlterTable(reader) });
  }
  if (reader.takeWords("delete", "from")) return deleteFrom(reader, source);
  if (reader.takeWords("create")) return createView(reader, source);
  if (reader.takeWords("drop", "view")) {
    const ifExists = reader.takeWords("if", "exists");
    return reader.end({
      kind: "drop-view",
      source,
      ifExists,
      name: reader.qualifiedName("the name of a view"),
    });
  }
  if (reader.takeWords("show", "tables") || reader.takeWords("show", "all", "tables")) {
    const namespace = reader.takeWords("from") || reader.takeWords("in") ? reader.namespace() : undefined;
    return reader.end({ kind: "show-tables", source, namespace });
  }
  for (const word of ["namespaces", "schemas", "databases"]) {
    if (reader.takeWords("show", word)) return reader.end({ kind: "show-namespaces", source });
  }
  if (beginsQuery(reader)) return { kind: "query", source, query: source };
  throw unknownStatement(script, tokens);
}

function beginsQuery(reader: StatementReader): boolean {
  return isWord(reader.peek(), ...QUERY_KEYWORDS) || isSymbol(reader.peek(), "(");
}

function explain(reader: StatementReader, source: SqlSlice): Statement {
  reader.takeWords("analyze");
  if (isSymbol(reader.peek(), "(") && isWord(reader.peek(1), "format", "analyze")) reader.skipParentheses();
  if (!beginsQuery(reader)) throw reader.expected("a query after EXPLAIN");
  const query = reader.rest();
  const prefix = source.text.slice(0, query.offset - source.offset).trimEnd();
  return { kind: "explain", source, prefix, query };
}

function deleteFrom(reader: StatementReader, source: SqlSlice): Statement {
  const table = reader.tableName();
  if (!reader.takeWords("where")) return reader.end({ kind: "delete", source, table, where: undefined });
  if (reader.peek() === undefined) throw reader.expected("a condition");
  return { kind: "delete", source, table, where: reader.rest() };
}

function createView(reader: StatementReader, source: SqlSlice): Statement {
  const orReplace = reader.takeWords("or", "replace");
  const temporary = reader.takeWords("temp") || reader.takeWords("temporary");
  if (!reader.takeWords("view")) throw unknownStatement(reader.script, reader.tokens);
  const ifNotExists = reader.takeWords("if", "not", "exists");
  const name = reader.qualifiedName("the name of a view");
  const columns = reader.nameList();
  if (!reader.takeWords("as")) throw reader.expected("AS and a query");
  if (!beginsQuery(reader)) throw reader.expected("a query");
  return {
    kind: "create-view",
    source,
    name,
    columns,
    orReplace,
    ifNotExists,
    temporary,
    query: reader.rest(),
  };
}

function unknownStatement(script: string, tokens: readonly Token[]): LakeError {
  const length = isWord(tokens[0], "create", "drop", "alter") ? 2 : 1;
  const keyword = tokens
    .slice(0, length)
    .map((token) => token.text.toUpperCase())
    .join(" ");
  const { line, column } = lineAndColumn(script, tokens[0]?.start ?? 0);
  const hint = isWord(tokens[0], "pivot", "unpivot", "pivot_longer", "pivot_wider")
    ? "Write FROM t PIVOT (sum(x) FOR y IN (1, 2)) or FROM t UNPIVOT (x FOR y IN (a, b))."
    : "There are queries (SELECT, WITH, FROM, VALUES, TABLE, DESCRIBE, SUMMARIZE), EXPLAIN, CREATE TABLE, ALTER TABLE, DELETE, CREATE VIEW, DROP VIEW, SHOW TABLES and SHOW NAMESPACES. Data is written by ingest, merge and restore.";
  return new LakeError(
    "invalid-input",
    "sql-statement",
    `${keyword} is not a statement of this SQL (line ${line}, column ${column})`,
    { context: { statement: keyword, line, column }, hint },
  );
}
