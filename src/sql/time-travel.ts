import { quoteIdentifier } from "../../engine/index.js";
import { endOfValue } from "./as-of-value.js";
import { isName, startOfName, takesBareTable } from "./keywords.js";
import { applyEdits, type Edit, type EditedText, type Piece } from "./text-edits.js";
import {
  closingParenthesis,
  identifierName,
  isSymbol,
  isWord,
  syntaxError,
  type Token,
  tokenize,
} from "./tokens.js";

/** A time-travel clause: the tokens [from, to), and its value the tokens [valueFrom, valueTo). */
interface Clause {
  readonly from: number;
  readonly to: number;
  readonly unit: "VERSION" | "TIMESTAMP";
  readonly valueFrom: number;
  readonly valueTo: number;
  /** `spelled` is already `AT (...)`; a `tag` is `@v12`, whose value is inside one token. */
  readonly form: "as-of" | "spelled" | "tag";
}

/**
 * Rewrites what DuckDB's grammar does not know into what it does, and leaves all other text alone:
 * `T VERSION AS OF n`, `T TIMESTAMP AS OF t`, both with FOR before them and as SQL:2011's
 * `FOR SYSTEM_VERSION | SYSTEM_TIME AS OF`, and `T@vN` become `T AT (VERSION => n)` or
 * `T AT (TIMESTAMP => t)`; an alias that follows the clause moves before it; a backtick identifier
 * becomes a double-quoted one, and so does the namespace `default`.
 *
 * It needs no parser: no SQL has the words VERSION AS OF or TIMESTAMP AS OF right after the name of
 * a table, an alias or a closing parenthesis, except `DISTINCT ON (...) version AS of`, which has no
 * value after it.
 *
 * @throws LakeError `invalid-input` `sql-syntax` when the text cannot be split into tokens, or a
 *   clause names no value.
 */
export function normalizeTimeTravel(sql: string): EditedText {
  const edits: Edit[] = [];
  normalizeTokens(sql, tokenize(sql), edits);
  return applyEdits(sql, edits);
}

function normalizeTokens(sql: string, tokens: readonly Token[], edits: Edit[]): void {
  let index = 0;
  while (index < tokens.length) {
    const clause = clauseAt(sql, tokens, index);
    if (clause !== undefined) {
      index = normalizeClause(tokens, clause, edits);
      continue;
    }
    const token = tokens[index];
    const quoted = quotedAgain(tokens, index);
    if (token !== undefined && quoted !== undefined) {
      edits.push({ start: token.start, end: token.end, replacement: [quoted] });
    }
    index++;
  }
}

/**
 * What a token must become by itself: a backtick identifier, the namespace `default.` (a reserved
 * word) and `timestamp =>` in a call (the name of a type).
 */
function quotedAgain(tokens: readonly Token[], index: number): string | undefined {
  const token = tokens[index];
  const name = identifierName(token);
  if (token?.kind === "backtick" && name !== undefined) return quoteIdentifier(name);
  if (isWord(token, "default") && isSymbol(tokens[index + 1], ".")) return '"default"';
  const named = isSymbol(tokens[index + 1], "=>") || isSymbol(tokens[index + 1], ":=");
  if (!named || !isWord(token, "timestamp")) return undefined;
  return isSymbol(tokens[index - 1], ",") ||
    (isSymbol(tokens[index - 1], "(") && !isWord(tokens[index - 2], "at"))
    ? '"timestamp"'
    : undefined;
}

function clauseAt(sql: string, tokens: readonly Token[], from: number): Clause | undefined {
  const before = tokens[from - 1];
  if (!isName(before) && before?.kind !== "string" && !isSymbol(before, ")")) return undefined;
  return tagClause(tokens, from) ?? spelledClause(tokens, from) ?? asOfClause(sql, tokens, from);
}

/** `T@v12`, without blanks. */
function tagClause(tokens: readonly Token[], from: number): Clause | undefined {
  const [before, at, tag] = [tokens[from - 1], tokens[from], tokens[from + 1]];
  if (!isSymbol(at, "@") || !isName(before) || tag?.kind !== "word") return undefined;
  if (!/^v\d+$/i.test(tag.text) || before?.end !== at?.start || at?.end !== tag.start) return undefined;
  return { from, to: from + 2, unit: "VERSION", valueFrom: from + 1, valueTo: from + 2, form: "tag" };
}

/** `T AT (VERSION => n)`, which needs a change only when an alias follows it. */
function spelledClause(tokens: readonly Token[], from: number): Clause | undefined {
  if (!isWord(tokens[from], "at") || !isSymbol(tokens[from + 1], "(")) return undefined;
  const unit = tokens[from + 2];
  if (!isWord(unit, "version", "timestamp") || !isSymbol(tokens[from + 3], "=>")) return undefined;
  const close = closingParenthesis(tokens, from + 1);
  if (close === undefined) return undefined;
  const form = "spelled";
  return { from, to: close + 1, unit: unitOf(unit), valueFrom: from + 4, valueTo: close, form };
}

function asOfClause(sql: string, tokens: readonly Token[], from: number): Clause | undefined {
  const at = isWord(tokens[from], "for") ? from + 1 : from;
  const unit = tokens[at];
  if (!isWord(unit, "version", "timestamp", ...(at > from ? ["system_version", "system_time"] : [])))
    return undefined;
  if (!isWord(tokens[at + 1], "as") || !isWord(tokens[at + 2], "of")) return undefined;
  const valueFrom = at + 3;
  const valueTo = endOfValue(tokens, valueFrom);
  if (valueTo !== undefined) {
    return { from, to: valueTo, unit: unitOf(unit), valueFrom, valueTo, form: "as-of" };
  }
  if (isSymbol(tokens[from - 1], ")")) return undefined;
  const wanted = unitOf(unit) === "VERSION" ? "a version" : "a timestamp";
  const offset = tokens[valueFrom]?.start ?? sql.length;
  throw syntaxError(
    sql,
    offset,
    `${wanted} is missing after AS OF`,
    "Put an expression in parentheses: AS OF (...).",
  );
}

function unitOf(unit: Token | undefined): "VERSION" | "TIMESTAMP" {
  return isWord(unit, "version", "system_version") ? "VERSION" : "TIMESTAMP";
}

/** Adds the edits of one clause and gives the index of the token after it and its alias. */
function normalizeClause(tokens: readonly Token[], clause: Clause, edits: Edit[]): number {
  const { unit, form, valueFrom, valueTo, from, to } = clause;
  const aliasTo = endOfAlias(tokens, to);
  const alias = aliasTo > to ? [" ", ...aliasPieces(tokens.slice(to, aliasTo))] : [];
  const start = tokens[from]?.start ?? 0;
  const valueStart = tokens[valueFrom]?.start ?? start;
  const valueEnd = tokens[valueTo - 1]?.end ?? start;
  const clauseEnd = tokens[to - 1]?.end ?? start;
  const aliasEnd = tokens[aliasTo - 1]?.end ?? clauseEnd;
  bareTableEdit(tokens, from, edits);
  if (form === "spelled") {
    if (alias.length > 0) {
      edits.push({ start, end: start, replacement: [...alias, " "] });
      edits.push({ start: clauseEnd, end: aliasEnd, replacement: [] });
    }
  } else {
    const value = form === "tag" ? valueStart + 1 : valueStart;
    edits.push({ start, end: value, replacement: [...alias, ` AT (${unit} => `] });
    edits.push({ start: valueEnd, end: aliasEnd, replacement: [")"] });
  }
  if (form !== "tag") normalizeValue(tokens.slice(valueFrom, valueTo), edits);
  return aliasTo;
}

function normalizeValue(tokens: readonly Token[], edits: Edit[]): void {
  tokens.forEach((token, index) => {
    const quoted = quotedAgain(tokens, index);
    if (quoted !== undefined) edits.push({ start: token.start, end: token.end, replacement: [quoted] });
  });
}

/** DESCRIBE T and the like take no clause; DESCRIBE SELECT * FROM T does. */
function bareTableEdit(tokens: readonly Token[], from: number, edits: Edit[]): void {
  const keyword = tokens[startOfName(tokens, from - 1) - 1];
  if (keyword !== undefined && takesBareTable(keyword)) edits.push(fromClauseEdit(keyword));
}

/** Turns the keyword that took a bare table name into one that a FROM clause follows. */
export function fromClauseEdit(keyword: Token): Edit {
  const { start, end } = keyword;
  if (isWord(keyword, "table")) return { start, end, replacement: ["SELECT * FROM"] };
  if (isWord(keyword, "show")) return { start, end, replacement: ["DESCRIBE SELECT * FROM"] };
  return { start: end, end, replacement: [" SELECT * FROM"] };
}

/** The index after `[AS] name [(columns)]` at `from`; `from` itself when there is no alias. */
function endOfAlias(tokens: readonly Token[], from: number): number {
  const name = isWord(tokens[from], "as") ? from + 1 : from;
  if (!isName(tokens[name])) return from;
  if (!isSymbol(tokens[name + 1], "(")) return name + 1;
  return (closingParenthesis(tokens, name + 1) ?? name) + 1;
}

function aliasPieces(tokens: readonly Token[]): Piece[] {
  return tokens.flatMap((token, index) => {
    const piece = quotedAgain(tokens, index) ?? { start: token.start, end: token.end };
    return index === 0 ? [piece] : [" ", piece];
  });
}
