import { LakeError } from "../../core/index.js";
import { isName, isNamespaceName } from "./keywords.js";
import {
  identifierName,
  isSymbol,
  isWord,
  lineAndColumn,
  syntaxError,
  type Token,
  tokenize,
} from "./tokens.js";

/** A piece of a script; `offset` is where it begins in the script, in UTF-16 units. */
export interface SqlSlice {
  readonly text: string;
  readonly offset: number;
}

/** A name with the namespace that stands before it. */
export interface QualifiedName {
  readonly namespace: string | undefined;
  readonly name: string;
}

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
  if (reader.takeWords("create")) return createView(reader, source);
  if (reader.takeWords("drop", "view")) {
    const ifExists = reader.takeWords("if", "exists");
    return reader.end({ kind: "drop-view", source, ifExists, name: reader.qualifiedName() });
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

function createView(reader: StatementReader, source: SqlSlice): Statement {
  const orReplace = reader.takeWords("or", "replace");
  const temporary = reader.takeWords("temp") || reader.takeWords("temporary");
  if (!reader.takeWords("view")) throw unknownStatement(reader.script, reader.tokens);
  const ifNotExists = reader.takeWords("if", "not", "exists");
  const name = reader.qualifiedName();
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
    : "There are queries (SELECT, WITH, FROM, VALUES, TABLE, DESCRIBE, SUMMARIZE), EXPLAIN, CREATE VIEW, DROP VIEW, SHOW TABLES and SHOW NAMESPACES. Data is written by ingest, merge and restore.";
  return new LakeError(
    "invalid-input",
    "sql-statement",
    `${keyword} is not a statement of this SQL (line ${line}, column ${column})`,
    { context: { statement: keyword, line, column }, hint },
  );
}

/** Reads one statement from left to right. */
class StatementReader {
  #next = 0;

  constructor(
    readonly script: string,
    readonly tokens: readonly Token[],
  ) {}

  peek(ahead = 0): Token | undefined {
    return this.tokens[this.#next + ahead];
  }

  /** Takes these words, or none of them. */
  takeWords(...words: readonly string[]): boolean {
    const all = words.every((word, index) => isWord(this.peek(index), word));
    if (all) this.#next += words.length;
    return all;
  }

  skipParentheses(): void {
    while (this.peek() !== undefined && !isSymbol(this.peek(), ")")) this.#next++;
    this.#next++;
  }

  name(what: string): string {
    const token = this.peek();
    const name = identifierName(token);
    if (!isName(token) || name === undefined) throw this.expected(what);
    this.#next++;
    return name;
  }

  namespace(): string {
    const name = identifierName(this.peek());
    if (!isNamespaceName(this.peek()) || name === undefined) throw this.expected("a namespace");
    this.#next++;
    return name;
  }

  qualifiedName(): QualifiedName {
    const first = isSymbol(this.peek(1), ".") ? this.namespace() : this.name("the name of a view");
    if (!this.#takeSymbol(".")) return { namespace: undefined, name: first };
    const name = this.name("the name of a view");
    if (isSymbol(this.peek(), ".")) throw this.expected("a name of the form [namespace.]name");
    return { namespace: first, name };
  }

  /** `(a, b)`; empty when there is none. */
  nameList(): string[] {
    const names: string[] = [];
    if (!this.#takeSymbol("(")) return names;
    do names.push(this.name("the name of a column"));
    while (this.#takeSymbol(","));
    if (!this.#takeSymbol(")")) throw this.expected("a closing parenthesis");
    return names;
  }

  /** The text from here to the end of the statement. */
  rest(): SqlSlice {
    const offset = this.peek()?.start ?? 0;
    return { offset, text: this.script.slice(offset, this.tokens.at(-1)?.end ?? offset) };
  }

  /** `statement`, once nothing is left to read. */
  end(statement: Statement): Statement {
    if (this.peek() !== undefined) throw this.expected("the end of the statement");
    return statement;
  }

  expected(what: string): LakeError {
    const token = this.peek();
    const found = token === undefined ? "the end" : JSON.stringify(token.text);
    const offset = token?.start ?? this.tokens.at(-1)?.end ?? 0;
    return syntaxError(this.script, offset, `expected ${what}, found ${found}`);
  }

  #takeSymbol(symbol: string): boolean {
    const taken = isSymbol(this.peek(), symbol);
    if (taken) this.#next++;
    return taken;
  }
}
