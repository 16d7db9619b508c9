import { identifierName, isSymbol, isWord, type Token } from "./tokens.js";

// The words that DuckDB's grammar never takes as the name of a table or a table alias:
// duckdb_keywords() with category "reserved" or "type_function".
const NOT_A_NAME: ReadonlySet<string> = new Set(
  `all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
  default deferrable desc describe distinct do else end except false fetch for foreign from group having in
  initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer
  pivot_wider placing primary qualify references returning select show some summarize symmetric table then to
  trailing true union unique unpivot using variadic when where window with
  anti asof at authorization binary by collation columns concurrently cross freeze full generated glob ilike
  inner is isnull join left like map natural notnull outer overlaps positional right semi similar struct
  tablesample try_cast unpack verbose`.split(/\s+/),
);

export function isNameKeyword(word: string): boolean {
  return !NOT_A_NAME.has(word.toLowerCase());
}

/** Whether a token can be the name of a table or an alias: any identifier but a bare reserved word. */
export function isName(token: Token | undefined): boolean {
  if (token === undefined) return false;
  if (token.kind === "word") return isNameKeyword(token.text);
  return token.kind === "quoted" || token.kind === "backtick";
}

/**
 * Whether a token can be the name of a namespace. `default` can, although DuckDB's grammar reserves
 * the word: it is what Spark calls the namespace that needs no naming.
 */
export function isNamespaceName(token: Token | undefined): boolean {
  return isName(token) || isWord(token, "default");
}

/** The index of the first token of the dotted name that ends at `last`. */
export function startOfName(tokens: readonly Token[], last: number): number {
  let first = last;
  while (isSymbol(tokens[first - 1], ".") && identifierName(tokens[first - 2]) !== undefined) first -= 2;
  return first;
}

/** The index after the dotted name that begins at `first`. */
export function endOfName(tokens: readonly Token[], first: number): number {
  let end = first + 1;
  while (isSymbol(tokens[end], ".") && tokens[end + 1] !== undefined) end += 2;
  return end;
}

/** Whether a token is one of the keywords that take a bare table name where others take a FROM clause. */
export function takesBareTable(token: Token | undefined): boolean {
  return isWord(token, "table", "describe", "desc", "summarize", "show");
}
