import { unsupportedExpression } from "./failure.js";

/** `text` is what the token says: names without their quotes, words as written, strings with escapes resolved. */
export interface Token {
  readonly kind: "word" | "quoted-name" | "number" | "string" | "symbol" | "end";
  readonly text: string;
  /** Where it begins in the expression, in UTF-16 units. */
  readonly at: number;
}

const SPACE = /\s+|--[^\n]*|\/\*[\s\S]*?\*\//y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:BD|bd|Bd|bD|[LlSsYyFfDd])?(?![A-Za-z_0-9])/y;
const WORD = /[A-Za-z_0-9\u0080-\uffff]+/y;
const QUOTED_NAME = /`(?:[^`]|``)+`/y;
const STRING = /'(?:[^'\\]|\\[\s\S])*'|"(?:[^"\\]|\\[\s\S])*"/y;
const RAW_STRING = /[rR](?:'[^']*'|"[^"]*")/y;
const SYMBOL = /<=>|<>|!=|==|<=|>=|!<|!>|\|\||::|[-+*/%&|^~=<>!()[\],.]/y;

/**
 * Splits Spark SQL into tokens (Spark's SqlBaseLexer). Text in double quotes is a string, as in Spark unless
 * it is told otherwise.
 *
 * @throws LakeError `unsupported` at the first character that begins no token.
 */
export function tokenize(sql: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(sql)?.[0];
  };
  while (at < sql.length) {
    const space = match(SPACE);
    if (space !== undefined) {
      at += space.length;
      continue;
    }
    const token = tokenAt(sql, at, match, tokens.at(-1));
    tokens.push(token.token);
    at += token.length;
  }
  tokens.push({ kind: "end", text: "", at: sql.length });
  return tokens;
}

function tokenAt(
  sql: string,
  at: number,
  match: (pattern: RegExp) => string | undefined,
  before: Token | undefined,
): { readonly token: Token; readonly length: number } {
  // A digit after a point is a field's name when a name comes before: `a.1` cannot be a number.
  const afterName = before?.kind === "word" || before?.kind === "quoted-name";
  const number = afterName && sql[at] === "." ? undefined : match(NUMBER);
  if (number !== undefined) return { token: { kind: "number", text: number, at }, length: number.length };
  const raw = match(RAW_STRING);
  if (raw !== undefined) return { token: { kind: "string", text: raw.slice(2, -1), at }, length: raw.length };
  const word = match(WORD);
  if (word !== undefined) return { token: { kind: "word", text: word, at }, length: word.length };
  const name = match(QUOTED_NAME);
  if (name !== undefined) {
    const text = name.slice(1, -1).replaceAll("``", "`");
    return { token: { kind: "quoted-name", text, at }, length: name.length };
  }
  const string = match(STRING);
  if (string !== undefined) {
    if (before?.kind === "string" && sql[at - 1] === string[0]) throw doubledQuote(at);
    const text = resolveEscapes(string.slice(1, -1), at);
    return { token: { kind: "string", text, at }, length: string.length };
  }
  const symbol = match(SYMBOL);
  if (symbol !== undefined) return { token: { kind: "symbol", text: symbol, at }, length: symbol.length };
  throw unsupportedExpression(`"${sql.slice(at, at + 12)}" cannot be read at character ${at + 1} of ${sql}`, {
    at,
  });
}

function doubledQuote(at: number): Error {
  return unsupportedExpression(
    `two quotes in a row at character ${at + 1} mean one thing in Spark 3 and another in Spark 4: write \\' for a quote`,
    { at },
  );
}

const ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  b: "\b",
  n: "\n",
  r: "\r",
  t: "\t",
  Z: "\u001a",
  // Kept for LIKE, which reads them itself.
  "%": "\\%",
  _: "\\_",
};

/** Resolves the escapes of a string literal (Spark's `ParserUtils.unescapeSQLString`). */
function resolveEscapes(text: string, at: number): string {
  return text.replaceAll(
    /\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-3][0-7]{2})|([\s\S]))/g,
    (_all, short: string | undefined, long: string | undefined, octal: string | undefined, one: string) => {
      if (short !== undefined) return String.fromCharCode(Number.parseInt(short, 16));
      if (long !== undefined) {
        const point = Number.parseInt(long, 16);
        if (point > 0x10ffff) throw unsupportedExpression(`\\U${long} is not a character`, { at });
        return String.fromCodePoint(point);
      }
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      return ESCAPES[one] ?? one;
    },
  );
}
