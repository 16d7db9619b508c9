import { applyEdits, type Edit } from "./text-edits.js";
import { closingParenthesis, identifierName, isSymbol, isWord, type Token, tokenize } from "./tokens.js";

/** Whether a query names the column, in whatever case. */
export function mentionsColumn(sql: string, column: string): boolean {
  return tokenize(sql).some((token) => identifierName(token)?.toLowerCase() === column);
}

/**
 * The query with the column left out of every `*` in a select list, whether a table there has it or not. A
 * `*` with REPLACE or RENAME, which the engine does not filter, stays as it is; so does a query without a
 * select list (`FROM t`).
 *
 * @param column in lower case, of letters, digits and underscores
 */
export function withoutInStars(sql: string, column: string): string {
  const tokens = tokenize(sql);
  const edits = tokens.flatMap((token, index): Edit[] => {
    if (!isSymbol(token, "*") || !beginsItem(tokens[index - 1])) return [];
    const last = lastOfStar(tokens, index);
    const next = tokens[last + 1];
    if (isWord(next, "replace", "rename", "like", "ilike", "glob", "similar", "not")) return [];
    const { end = token.end } = tokens[last] ?? {};
    return [{ start: end, end, replacement: [` NOT SIMILAR TO '(?i)${column}'`] }];
  });
  return applyEdits(sql, edits).text;
}

/** Whether a select item, or the star of a qualified one, can come after the token. */
function beginsItem(before: Token | undefined): boolean {
  return isWord(before, "select", "distinct", "all") || isSymbol(before, ",") || isSymbol(before, ".");
}

/** The index of the last token of a star: that of its EXCLUDE list, where it has one. */
function lastOfStar(tokens: readonly Token[], star: number): number {
  if (!isWord(tokens[star + 1], "exclude", "except")) return star;
  if (!isSymbol(tokens[star + 2], "(")) return isWord(tokens[star + 1], "exclude") ? star + 2 : star;
  return closingParenthesis(tokens, star + 2) ?? star;
}
