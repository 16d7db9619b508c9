import { LakeError } from "../../core/index.js";
import type { Alteration } from "../../table-format/index.js";
import { parseAlteration } from "./ddl/parse-alter-table.js";
import { parseComment } from "./ddl/parse-comment.js";
import { type CreatedTable, parseCreateTable } from "./ddl/parse-create-table.js";
import { parseRestore } from "./ddl/parse-restore.js";
import { type CreateView, parseCreateView } from "./ddl/parse-view.js";
import type { CommentOn, Restore } from "./ddl/table-statement.js";
import { parseInsert } from "./dml/parse-insert.js";
import { parseMerge } from "./dml/parse-merge.js";
import { parseDelete, parseUpdate } from "./dml/parse-update.js";
import type { Delete, Insert, Merge, Update } from "./dml/row-statements.js";
import { isName } from "./keywords.js";
import { beginsQuery } from "./query-start.js";
import { type QualifiedName, type SqlSlice, StatementReader, type TableName } from "./statement-reader.js";
import { isSymbol, isWord, lineAndColumn, type Token, tokenize } from "./tokens.js";

export type { QualifiedName, SqlSlice } from "./statement-reader.js";

/** What a statement says. */
export type StatementBody =
  | { readonly kind: "query"; readonly query: SqlSlice }
  /** `prefix` is what stands before the query: `EXPLAIN`, `EXPLAIN ANALYZE`, `EXPLAIN (FORMAT json)`. */
  | { readonly kind: "explain"; readonly prefix: string; readonly query: SqlSlice }
  | ({ readonly kind: "create-view" } & CreateView)
  | { readonly kind: "drop-view"; readonly name: QualifiedName; readonly ifExists: boolean }
  | { readonly kind: "show-tables"; readonly namespace: string | undefined }
  | { readonly kind: "show-namespaces" }
  | { readonly kind: "describe-history"; readonly table: TableName; readonly limit: number | undefined }
  | { readonly kind: "describe-detail"; readonly table: TableName }
  | CreatedTable
  | { readonly kind: "alter-table"; readonly table: TableName; readonly alteration: Alteration }
  | { readonly kind: "rename-table"; readonly table: QualifiedName; readonly to: QualifiedName }
  | { readonly kind: "drop-table"; readonly table: QualifiedName; readonly ifExists: boolean }
  | ({ readonly kind: "comment" } & CommentOn)
  | ({ readonly kind: "insert" } & Insert)
  | ({ readonly kind: "update" } & Update)
  | ({ readonly kind: "delete" } & Delete)
  | ({ readonly kind: "merge" } & Merge)
  | { readonly kind: "truncate"; readonly table: TableName }
  | ({ readonly kind: "restore" } & Restore)
  | { readonly kind: "optimize"; readonly table: TableName }
  | { readonly kind: "begin" }
  | { readonly kind: "commit" }
  | { readonly kind: "rollback" };

/** One statement of a script. `slice` is its text without the semicolon. */
export type Statement = { readonly slice: SqlSlice } & StatementBody;

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
  const slice = reader.rest();
  const body = tableStatement(reader) ?? otherStatement(reader);
  if (body !== undefined) return withSlice(slice, body);
  if (beginsQuery(reader)) return { slice, kind: "query", query: slice };
  throw unknownStatement(script, tokens);
}

function withSlice<B extends StatementBody>(slice: SqlSlice, body: B): { readonly slice: SqlSlice } & B {
  return { slice, ...body };
}

/** A statement that makes or changes tables; `undefined` when none begins here. */
function tableStatement(reader: StatementReader): StatementBody | undefined {
  if (reader.takeWords("create", "table")) return reader.end(parseCreateTable(reader));
  if (reader.takeWords("create", "or", "replace", "table")) return reader.end(parseCreateTable(reader, true));
  if (reader.takeWords("alter", "table")) return reader.end(alterTable(reader));
  if (reader.takeWords("drop", "table")) {
    const ifExists = reader.takeWords("if", "exists");
    return reader.end({ kind: "drop-table", ifExists, table: catalogName(reader) });
  }
  if (reader.takeWords("comment", "on")) return reader.end({ kind: "comment", ...parseComment(reader) });
  if (reader.takeWords("insert")) return reader.end({ kind: "insert", ...parseInsert(reader) });
  if (reader.takeWords("update")) return reader.end({ kind: "update", ...parseUpdate(reader) });
  if (reader.takeWords("delete", "from")) return reader.end({ kind: "delete", ...parseDelete(reader) });
  if (reader.takeWords("merge")) return reader.end({ kind: "merge", ...parseMerge(reader) });
  if (reader.takeWords("truncate")) {
    reader.takeWords("table");
    return reader.end({ kind: "truncate", table: reader.tableName() });
  }
  if (reader.takeWords("optimize")) {
    reader.takeWords("table");
    return reader.end({ kind: "optimize", table: reader.tableName() });
  }
  if (reader.takeWords("restore")) return reader.end({ kind: "restore", ...parseRestore(reader) });
  const before = reader.takeWithBefore("insert", (next) => isWord(next, "into", "overwrite", "with"));
  if (before !== undefined) return reader.end({ kind: "insert", ...parseInsert(reader, before) });
  for (const word of ["update", "delete", "merge"]) {
    if (reader.takeWithBefore(word, (next) => isName(next) || isWord(next, "from", "into")) === undefined)
      continue;
    const hint = "Put it into the subquery, or the source, that uses it.";
    throw reader.problem(`${word.toUpperCase()} has no WITH before it`, reader.peek(-1), hint);
  }
  return undefined;
}

/** A statement that is neither a query nor a change of a table; `undefined` when none begins here. */
function otherStatement(reader: StatementReader): StatementBody | undefined {
  if (reader.takeWords("explain")) return explain(reader);
  const created = createView(reader);
  if (created !== undefined) return created;
  if (reader.takeWords("drop", "view")) {
    const ifExists = reader.takeWords("if", "exists");
    return reader.end({ kind: "drop-view", ifExists, name: reader.qualifiedName("the name of a view") });
  }
  if (reader.takeWords("show", "tables") || reader.takeWords("show", "all", "tables")) {
    const namespace = reader.takeWords("from") || reader.takeWords("in") ? reader.namespace() : undefined;
    return reader.end({ kind: "show-tables", namespace });
  }
  for (const word of ["namespaces", "schemas", "databases"]) {
    if (reader.takeWords("show", word)) return reader.end({ kind: "show-namespaces" });
  }
  return describeTable(reader) ?? transactionStatement(reader);
}

/** `DESCRIBE HISTORY t [LIMIT n]` and `DESCRIBE DETAIL t`; `DESCRIBE history` describes a table called so. */
function describeTable(reader: StatementReader): StatementBody | undefined {
  const [keyword, subject, table] = [reader.peek(), reader.peek(1), reader.peek(2)];
  if (!isWord(keyword, "describe", "desc") || !isWord(subject, "history", "detail")) return undefined;
  if (table === undefined || isSymbol(table, ".")) return undefined;
  reader.take();
  if (reader.takeWords("detail")) return reader.end({ kind: "describe-detail", table: reader.tableName() });
  reader.take();
  const described = reader.tableName();
  const limit = reader.takeWords("limit") ? reader.count("a number of commits") : undefined;
  return reader.end({ kind: "describe-history", table: described, limit });
}

const TRANSACTION_WORDS = [
  ["begin", "begin"],
  ["start", "begin"],
  ["commit", "commit"],
  ["rollback", "rollback"],
] as const;

function transactionStatement(reader: StatementReader): StatementBody | undefined {
  for (const [word, kind] of TRANSACTION_WORDS) {
    if (!reader.takeWords(word)) continue;
    if (word === "start") reader.expectWords("transaction");
    else reader.takeWords("transaction");
    return reader.end({ kind });
  }
  return undefined;
}

function explain(reader: StatementReader): StatementBody {
  const first = reader.peek(-1);
  reader.takeWords("analyze");
  if (isSymbol(reader.peek(), "(") && isWord(reader.peek(1), "format", "analyze")) reader.skipParentheses();
  if (!beginsQuery(reader)) throw reader.expected("a query after EXPLAIN");
  const prefix = reader.textSince(first);
  return { kind: "explain", prefix, query: reader.rest() };
}

function alterTable(reader: StatementReader): StatementBody {
  const at = reader.peek();
  const table = reader.tableName();
  if (!reader.takeWords("rename", "to")) {
    return { kind: "alter-table", table, alteration: parseAlteration(reader) };
  }
  const named = inCatalog(reader, table, at);
  return { kind: "rename-table", table: named, to: reader.qualifiedName("the new name") };
}

function catalogName(reader: StatementReader): QualifiedName {
  const at = reader.peek();
  return inCatalog(reader, reader.tableName(), at);
}

function inCatalog(reader: StatementReader, table: TableName, at: Token | undefined): QualifiedName {
  if (table.kind === "name") return { namespace: table.namespace, name: table.name };
  throw reader.problem("a table at a path is not in the catalog, where it would have a name", at);
}

function createView(reader: StatementReader): StatementBody | undefined {
  for (const [orReplace, first] of [
    [false, ["create"]],
    [true, ["create", "or", "replace"]],
  ] as const) {
    for (const second of [[], ["temp"], ["temporary"]]) {
      if (!reader.takeWords(...first, ...second, "view")) continue;
      const temporary = second.length > 0;
      return { kind: "create-view", ...parseCreateView(reader, { orReplace, temporary }) };
    }
  }
  return undefined;
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
    : "There are queries (SELECT, WITH, FROM, VALUES, TABLE, DESCRIBE, SUMMARIZE), EXPLAIN, INSERT, UPDATE, DELETE FROM, MERGE, TRUNCATE TABLE, RESTORE, OPTIMIZE, CREATE, ALTER and DROP TABLE, COMMENT ON, CREATE and DROP VIEW, SHOW TABLES, SHOW NAMESPACES, DESCRIBE HISTORY, DESCRIBE DETAIL, BEGIN, COMMIT and ROLLBACK.";
  return new LakeError(
    "invalid-input",
    "sql-statement",
    `${keyword} is not a statement of this SQL (line ${line}, column ${column})`,
    { context: { statement: keyword, line, column }, hint },
  );
}
