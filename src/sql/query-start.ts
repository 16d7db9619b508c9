import type { StatementReader } from "./statement-reader.js";
import { isSymbol, isWord } from "./tokens.js";

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

/** Whether a query begins at the next token, or the one `ahead` of it. */
export function beginsQuery(reader: StatementReader, ahead = 0): boolean {
  return isWord(reader.peek(ahead), ...QUERY_KEYWORDS) || isSymbol(reader.peek(ahead), "(");
}
