import { isName } from "./keywords.js";
import type { StatementReader } from "./statement-reader.js";
import { closingParenthesis, isSymbol, isWord, type Token } from "./tokens.js";

// A value that stands without parentheses after AS OF: operands joined by + and -, where an operand is
// a literal, a parameter, a call, an interval, or anything in parentheses, possibly cast with `::`.

const CLOCKS = ["current_timestamp", "current_date", "localtimestamp", "current_localtimestamp"] as const;
const INTERVAL_UNIT =
  /^(microsecond|millisecond|second|minute|hour|day|week|month|quarter|year|decade|century|millennium)s?$/i;

/** The index after the value that begins at `first`, or undefined when no value begins there. */
export function endOfValue(tokens: readonly Token[], first: number): number | undefined {
  let end = endOfOperand(tokens, first);
  while (end !== undefined && (isSymbol(tokens[end], "+") || isSymbol(tokens[end], "-"))) {
    end = endOfOperand(tokens, end + 1);
  }
  return end;
}

/** Takes the value behind AS OF. @throws LakeError `invalid-input` `sql-syntax` where none stands. */
export function takeAsOfValue(reader: StatementReader): void {
  const end = endOfValue(reader.remaining(), 0);
  if (end === undefined) {
    throw reader.problem(
      "a value is missing after AS OF",
      reader.peek(),
      "Put an expression in parentheses.",
    );
  }
  for (let taken = 0; taken < end; taken++) reader.take();
}

function endOfOperand(tokens: readonly Token[], first: number): number | undefined {
  const sign = isSymbol(tokens[first], "-") || isSymbol(tokens[first], "+") ? 1 : 0;
  let end = endOfPrimary(tokens, first + sign);
  while (end !== undefined) {
    if (isSymbol(tokens[end], "::")) end = endOfType(tokens, end + 1);
    else if (isWord(tokens[end], "at") && isWord(tokens[end + 1], "time"))
      end = endOfPrimary(tokens, end + 3);
    else return end;
  }
  return end;
}

function endOfPrimary(tokens: readonly Token[], first: number): number | undefined {
  const token = tokens[first];
  if (token === undefined) return undefined;
  if (token.kind === "number" || token.kind === "string" || token.kind === "parameter") return first + 1;
  if (isSymbol(token, "(")) return afterParentheses(tokens, first);
  if (isWord(token, "interval")) return endOfInterval(tokens, first);
  if (isWord(token, "cast", "try_cast")) return afterParentheses(tokens, first + 1);
  if (!isName(token)) return undefined;
  return (
    endOfTypedLiteral(tokens, first) ??
    endOfCall(tokens, first) ??
    (isWord(token, ...CLOCKS) ? first + 1 : undefined)
  );
}

/** `TIMESTAMP '...'`, `TIMESTAMP WITH TIME ZONE '...'`, `DATE '...'`. */
function endOfTypedLiteral(tokens: readonly Token[], first: number): number | undefined {
  const zone = isWord(tokens[first + 1], "with", "without") ? 3 : 0;
  const content = first + 1 + zone;
  return tokens[first]?.kind === "word" && tokens[content]?.kind === "string" ? content + 1 : undefined;
}

function endOfCall(tokens: readonly Token[], first: number): number | undefined {
  let open = first + 1;
  while (isSymbol(tokens[open], ".") && isName(tokens[open + 1])) open += 2;
  return afterParentheses(tokens, open);
}

function endOfInterval(tokens: readonly Token[], first: number): number | undefined {
  const amount = endOfPrimary(tokens, first + 1);
  const unit = amount === undefined ? undefined : tokens[amount];
  return amount !== undefined && unit?.kind === "word" && INTERVAL_UNIT.test(unit.text) ? amount + 1 : amount;
}

function endOfType(tokens: readonly Token[], first: number): number | undefined {
  if (!isName(tokens[first])) return undefined;
  const end = afterParentheses(tokens, first + 1) ?? first + 1;
  return isWord(tokens[end], "with", "without") ? end + 3 : end;
}

function afterParentheses(tokens: readonly Token[], open: number): number | undefined {
  if (!isSymbol(tokens[open], "(")) return undefined;
  const close = closingParenthesis(tokens, open);
  return close === undefined ? undefined : close + 1;
}
