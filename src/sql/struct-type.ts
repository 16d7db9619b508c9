import { closingParenthesis, identifierName, isSymbol, isWord, type Token, tokenize } from "./tokens.js";

/**
 * The fields of a DuckDB STRUCT type and their types, `STRUCT(x INTEGER, "a b" VARCHAR[])`; undefined
 * when the type is no STRUCT.
 */
export function structFields(engineType: string): ReadonlyMap<string, string> | undefined {
  const tokens = tokenize(engineType);
  const close = isWord(tokens[0], "struct") ? closingParenthesis(tokens, 1) : undefined;
  if (close === undefined || close !== tokens.length - 1) return undefined;
  const fields = new Map<string, string>();
  for (const field of topLevelItems(tokens.slice(2, close))) {
    const name = identifierName(field[0]);
    const type = field[1];
    const last = field.at(-1);
    if (name === undefined || type === undefined || last === undefined) return undefined;
    fields.set(name, engineType.slice(type.start, last.end));
  }
  return fields;
}

/** The items of a list that commas part, outside of all parentheses. */
export function topLevelItems(tokens: readonly Token[]): Token[][] {
  const items: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isSymbol(token, "(")) depth++;
    if (isSymbol(token, ")")) depth--;
    if (depth === 0 && isSymbol(token, ",")) items.push([]);
    else items.at(-1)?.push(token);
  }
  return items;
}

/** Whether a type holds a field, at any depth, whose name is not a plain identifier. */
export function hasUnusualFields(engineType: string): boolean {
  return tokenize(engineType).some(
    (token) => token.kind === "quoted" && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(token.text.slice(1, -1)),
  );
}
