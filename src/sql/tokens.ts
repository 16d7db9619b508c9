import { LakeError } from "../../core/index.js";

/**
 * `word` is an unquoted identifier or keyword, `quoted` is `"..."`, `backtick` is Spark's `` `...` ``,
 * `string` covers `'...'`, `E'...'` and `$tag$...$tag$`, `parameter` is `?`, `$1` or `$name`.
 */
export type TokenKind = "word" | "quoted" | "backtick" | "string" | "number" | "parameter" | "symbol";

/** A piece of SQL text; `start` and `end` are UTF-16 offsets. Blanks and comments lie between tokens. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const BLANK = /\s+/uy;
const LINE_COMMENT = /--[^\n\r]*/y;
const DOLLAR_QUOTE = /\$(?:[A-Za-z_\u0080-\u{10FFFF}][A-Za-z0-9_\u0080-\u{10FFFF}]*)?\$/uy;

// In order: the first that matches wins.
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ["string", /[eE]'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'/y],
  ["string", /'[^']*(?:''[^']*)*'/y],
  ["quoted", /"[^"]*(?:""[^"]*)*"/y],
  ["backtick", /`[^`]*(?:``[^`]*)*`/y],
  ["word", /[A-Za-z_\u0080-\u{10FFFF}](?:(?!\s)[A-Za-z0-9_$\u0080-\u{10FFFF}])*/uy],
  ["number", /(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y],
  ["parameter", /\?|\$\d+|\$[A-Za-z_]\w*/y],
  ["symbol", /=>|::|:=|<=|>=|<>|!=|->>?|!?~~\*?|\|\||[^'"`]/uy],
];

const UNTERMINATED: Readonly<Record<string, string>> = {
  "'": "unterminated string",
  '"': "unterminated quoted identifier",
  "`": "unterminated backtick identifier",
  $: "unterminated dollar-quoted string",
  "/": "unterminated comment",
};

/**
 * Splits SQL text into tokens by DuckDB's lexical rules, with nested block comments and backticks.
 *
 * @throws LakeError `invalid-input` `sql-syntax` for a string, identifier or comment that does not end.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < sql.length) {
    const skipped = matchAt(BLANK, sql, at) ?? matchAt(LINE_COMMENT, sql, at) ?? blockComment(sql, at);
    if (skipped !== undefined) {
      at = skipped;
      continue;
    }
    const token = dollarQuoted(sql, at) ?? firstMatch(sql, at);
    tokens.push(token);
    at = token.end;
  }
  return tokens;
}

function firstMatch(sql: string, start: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    const end = matchAt(pattern, sql, start);
    if (end !== undefined) return { kind, text: sql.slice(start, end), start, end };
  }
  throw unterminated(sql, start);
}

function matchAt(pattern: RegExp, sql: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(sql) ? pattern.lastIndex : undefined;
}

function blockComment(sql: string, start: number): number | undefined {
  if (!sql.startsWith("/*", start)) return undefined;
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(sql); mark !== null; mark = marks.exec(sql)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  throw unterminated(sql, start);
}

function dollarQuoted(sql: string, start: number): Token | undefined {
  const opened = matchAt(DOLLAR_QUOTE, sql, start);
  if (opened === undefined) return undefined;
  const close = sql.indexOf(sql.slice(start, opened), opened);
  if (close < 0) throw unterminated(sql, start);
  const end = close + opened - start;
  return { kind: "string", text: sql.slice(start, end), start, end };
}

function unterminated(sql: string, start: number): LakeError {
  return syntaxError(sql, start, UNTERMINATED[sql.charAt(start)] ?? "unexpected character");
}

/** The `sql-syntax` error for what stands at an offset of a text. */
export function syntaxError(sql: string, offset: number, problem: string, hint?: string): LakeError {
  const { line, column } = lineAndColumn(sql, offset);
  return new LakeError("invalid-input", "sql-syntax", `${problem} at line ${line}, column ${column}`, {
    context: { position: offset, line, column },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** Line and column of an offset, both from 1; the column counts UTF-16 units. */
export function lineAndColumn(
  sql: string,
  offset: number,
): { readonly line: number; readonly column: number } {
  const before = sql.slice(0, offset);
  const lineStart = before.lastIndexOf("\n") + 1;
  return { line: before.split("\n").length, column: offset - lineStart + 1 };
}

/** Whether a token is this unquoted keyword (given in lower case). */
export function isWord(token: Token | undefined, ...words: readonly string[]): boolean {
  return token?.kind === "word" && words.includes(token.text.toLowerCase());
}

export function isSymbol(token: Token | undefined, symbol: string): boolean {
  return token?.kind === "symbol" && token.text === symbol;
}

/** The name that an identifier token spells, without its quotes; undefined for any other token. */
export function identifierName(token: Token | undefined): string | undefined {
  switch (token?.kind) {
    case "word":
      return token.text;
    case "quoted":
      return token.text.slice(1, -1).replaceAll('""', '"');
    case "backtick":
      return token.text.slice(1, -1).replaceAll("``", "`");
    default:
      return undefined;
  }
}

/** The content of a plain `'...'` literal; undefined for any other token. */
export function stringContent(token: Token | undefined): string | undefined {
  if (token?.kind !== "string" || !token.text.startsWith("'")) return undefined;
  return token.text.slice(1, -1).replaceAll("''", "'");
}

/** The index of the parenthesis that closes the one at `open`, or undefined. */
export function closingParenthesis(tokens: readonly Token[], open: number): number | undefined {
  let depth = 0;
  for (let index = open; index < tokens.length; index++) {
    if (isSymbol(tokens[index], "(")) depth++;
    else if (isSymbol(tokens[index], ")") && --depth === 0) return index;
  }
  return undefined;
}
