import type { ColumnPath, CompareOp, Literal, Predicate } from "../../table-format/index.js";
import { compareDate } from "./date-comparison.js";
import { structFields, topLevelItems } from "./struct-type.js";
import { closingParenthesis, identifierName, isSymbol, isWord, stringContent, type Token } from "./tokens.js";

// Reads the filters of a DuckDB plan. The text is an expression of SQL, printed from a bound tree:
// casts are written out, so a comparison without one has a constant of the column's own type.

/** A column that a filter may name. */
export interface FilterColumn {
  readonly name: string;
  readonly engineType: string;
}

const UNKNOWN: Predicate = { kind: "unknown" };
const FLIPPED: Readonly<Record<CompareOp, CompareOp>> = {
  "=": "=",
  "!=": "!=",
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
};

// Types whose order and equality are the same wherever a literal of the type is compared.
const COMPARABLE =
  /^(BOOLEAN|U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|FLOAT|DOUBLE|DECIMAL\(\d+, ?\d+\)|VARCHAR|BLOB|DATE|TIMESTAMP(_NS|_MS|_S)?|TIMESTAMPTZ|TIMESTAMP WITH TIME ZONE)$/i;

/**
 * One filter as a predicate. What is not understood is `unknown`, so the predicate is TRUE for every
 * row that the filter keeps.
 *
 * A scan's own filters print AND and OR without parentheses, whatever their nesting. Read with SQL's
 * precedence such a text is never stronger than what was printed, since nothing in it is negated.
 *
 * @param tokens the filter without newlines outside of literals
 * @param columnOf the table's column that a name in the plan stands for
 */
export function filterPredicate(
  tokens: readonly Token[],
  columnOf: (name: string) => FilterColumn | undefined,
): Predicate {
  return new FilterReader(columnOf).predicate(withoutOptional(tokens));
}

/** `optional: f` says that a scan may leave `f` out. It holds for the rows that remain all the same. */
function withoutOptional(tokens: readonly Token[]): Token[] {
  return tokens.filter((token, index) => {
    if (isWord(token, "optional")) return !isSymbol(tokens[index + 1], ":");
    return !(isSymbol(token, ":") && isWord(tokens[index - 1], "optional"));
  });
}

interface Operand {
  readonly path: ColumnPath;
  readonly engineType: string;
  /** A date that is compared as the timestamp of its midnight. */
  readonly asTimestamp?: boolean;
}

class FilterReader {
  readonly #columnOf: (name: string) => FilterColumn | undefined;

  constructor(columnOf: (name: string) => FilterColumn | undefined) {
    this.#columnOf = columnOf;
  }

  predicate(tokens: readonly Token[]): Predicate {
    const inner = withoutOuterParentheses(tokens);
    // AND inside BETWEEN and CASE joins no conditions.
    if (hasTopLevel(inner, "case")) return UNKNOWN;
    if (hasTopLevel(inner, "between")) return this.#between(inner);
    const either = splitAtWord(inner, "or");
    if (either.length > 1) return disjunction(either.map((operand) => this.predicate(operand)));
    const both = splitAtWord(inner, "and");
    if (both.length > 1) return { kind: "and", operands: both.map((operand) => this.predicate(operand)) };
    if (isWord(inner[0], "not")) return negation(this.predicate(inner.slice(1)));
    return this.#condition(inner);
  }

  #condition(tokens: readonly Token[]): Predicate {
    if (tokens.length === 1 && isWord(tokens[0], "true", "false")) {
      return { kind: "constant", value: isWord(tokens[0], "true") };
    }
    const is = topLevelIndex(tokens, (token) => isWord(token, "is"));
    if (is !== undefined) return this.#is(tokens.slice(0, is), tokens.slice(is + 1));
    const isIn = topLevelIndex(tokens, (token) => isWord(token, "in"));
    if (isIn !== undefined) return this.#in(tokens.slice(0, isIn), tokens.slice(isIn + 1));
    const compare = topLevelIndex(tokens, (token) => token.kind === "symbol" && token.text in FLIPPED);
    if (compare !== undefined) return this.#compare(tokens, compare);
    const flag = this.#operand(tokens);
    return flag?.engineType.toUpperCase() === "BOOLEAN"
      ? { kind: "compare", column: flag.path, op: "=", value: { type: "BOOLEAN", text: "true" } }
      : UNKNOWN;
  }

  #compare(tokens: readonly Token[], at: number): Predicate {
    const op = compareOp(tokens[at]);
    const [before, after] = [tokens.slice(0, at), tokens.slice(at + 1)];
    const left = this.#operand(before);
    const right = this.#operand(after);
    const operand = left ?? right;
    if (op === undefined || operand === undefined || (left !== undefined && right !== undefined))
      return UNKNOWN;
    return comparison(operand, left === undefined ? FLIPPED[op] : op, left === undefined ? before : after);
  }

  #between(tokens: readonly Token[]): Predicate {
    const between = topLevelIndex(tokens, (token) => isWord(token, "between")) ?? 0;
    const operand = this.#operand(tokens.slice(0, between));
    const bounds = splitAtWord(tokens.slice(between + 1), "and");
    const [low, high] = bounds;
    if (operand === undefined || bounds.length !== 2 || low === undefined || high === undefined)
      return UNKNOWN;
    return { kind: "and", operands: [comparison(operand, ">=", low), comparison(operand, "<=", high)] };
  }

  #in(before: readonly Token[], after: readonly Token[]): Predicate {
    const negated = isWord(before.at(-1), "not");
    const operand = this.#operand(negated ? before.slice(0, -1) : before);
    if (operand === undefined || operand.asTimestamp || closingParenthesis(after, 0) !== after.length - 1)
      return UNKNOWN;
    const values = topLevelItems(after.slice(1, -1)).map((item) => literal(item, operand.engineType));
    if (!values.every((value) => value !== undefined)) return UNKNOWN;
    const found: Predicate = { kind: "in", column: operand.path, values };
    return negated ? { kind: "not", operand: found } : found;
  }

  /** `IS [NOT] NULL` and `IS [NOT] DISTINCT FROM constant`, which are never NULL themselves. */
  #is(before: readonly Token[], after: readonly Token[]): Predicate {
    const operand = this.#operand(before);
    if (operand === undefined) return UNKNOWN;
    const column = operand.path;
    const negated = isWord(after[0], "not");
    const rest = negated ? after.slice(1) : after;
    const isNull: Predicate = { kind: "is-null", column };
    const isNotNull: Predicate = { kind: "is-not-null", column };
    if (rest.length === 1 && isWord(rest[0], "null")) return negated ? isNotNull : isNull;
    if (!isWord(rest[0], "distinct") || !isWord(rest[1], "from")) return UNKNOWN;
    const from = rest.slice(2);
    if (from.length === 1 && isWord(from[0], "null")) return negated ? isNull : isNotNull;
    const value = operand.asTimestamp ? undefined : literal(from, operand.engineType);
    if (value === undefined) return UNKNOWN;
    return negated
      ? { kind: "and", operands: [isNotNull, { kind: "compare", column, op: "=", value }] }
      : { kind: "or", operands: [isNull, { kind: "compare", column, op: "!=", value }] };
  }

  /** A column or a field in it: `c0`, `c0.x.y`, `struct_extract(c0, 'x')`; a date cast to a timestamp. */
  #operand(tokens: readonly Token[]): Operand | undefined {
    const inner = withoutOuterParentheses(tokens);
    if (isWord(inner[0], "cast") && closingParenthesis(inner, 1) === inner.length - 1) {
      const [from = [], type = []] = splitAtWord(inner.slice(2, -1), "as");
      const operand = isWord(type[0], "timestamp") ? this.#operand(from) : undefined;
      return operand?.engineType.toUpperCase() === "DATE" ? { ...operand, asTimestamp: true } : undefined;
    }
    if (isWord(inner[0], "struct_extract") && closingParenthesis(inner, 1) === inner.length - 1) {
      const [from, field, ...more] = topLevelItems(inner.slice(2, -1));
      const name = field?.length === 1 ? stringContent(field[0]) : undefined;
      const operand = from === undefined ? undefined : this.#operand(from);
      return operand && name !== undefined && more.length === 0 ? fieldOf(operand, name) : undefined;
    }
    const name = inner[0]?.kind === "word" ? inner[0].text : undefined;
    const column = name === undefined ? undefined : this.#columnOf(name);
    if (column === undefined) return undefined;
    let operand: Operand | undefined = { path: [column.name], engineType: column.engineType };
    for (let index = 1; index < inner.length && operand !== undefined; index += 2) {
      const field = identifierName(inner[index + 1]);
      operand = isSymbol(inner[index], ".") && field !== undefined ? fieldOf(operand, field) : undefined;
    }
    return operand;
  }
}

function comparison(operand: Operand, op: CompareOp, constant: readonly Token[]): Predicate {
  const value = literal(constant, operand.asTimestamp ? "TIMESTAMP" : operand.engineType);
  if (value === undefined) return UNKNOWN;
  const column = operand.path;
  return operand.asTimestamp ? compareDate(column, op, value.text) : { kind: "compare", column, op, value };
}

function disjunction(operands: readonly Predicate[]): Predicate {
  return operands.some(({ kind }) => kind === "unknown") ? UNKNOWN : { kind: "or", operands };
}

function negation(operand: Predicate): Predicate {
  return operand.kind === "unknown" ? UNKNOWN : { kind: "not", operand };
}

/** A field of a struct column, under the name that the type gives it. */
function fieldOf(operand: Operand, name: string): Operand | undefined {
  const fields = [...(structFields(operand.engineType) ?? [])];
  const [found, ...more] = fields.filter(([field]) => field.toLowerCase() === name.toLowerCase());
  if (found === undefined || more.length > 0) return undefined;
  return { path: [...operand.path, found[0]], engineType: found[1] };
}

/** A constant as a literal of the column's type; undefined for NULL and for all that is no constant. */
function literal(tokens: readonly Token[], engineType: string): Literal | undefined {
  if (!COMPARABLE.test(engineType)) return undefined;
  const [first, second] = tokens;
  const content = stringContent(first);
  if (content !== undefined) {
    // A plan shows a literal with newlines on several lines, without the empty ones.
    if (content.includes("\n") || (tokens.length > 1 && !isSymbol(second, "::"))) return undefined;
    return { type: engineType, text: content };
  }
  if (tokens.length === 1 && isWord(first, "true", "false")) {
    return { type: engineType, text: first?.text.toLowerCase() ?? "" };
  }
  const negative = isSymbol(first, "-");
  const digits = negative ? second : first;
  if (digits?.kind !== "number" || tokens.length !== (negative ? 2 : 1)) return undefined;
  const text = digits.text === "1e1000" ? "inf" : digits.text;
  return { type: engineType, text: negative ? `-${text}` : text };
}

function compareOp(token: Token | undefined): CompareOp | undefined {
  switch (token?.text) {
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return token.text;
    default:
      return undefined;
  }
}

function withoutOuterParentheses(tokens: readonly Token[]): readonly Token[] {
  let inner = tokens;
  while (isSymbol(inner[0], "(") && closingParenthesis(inner, 0) === inner.length - 1)
    inner = inner.slice(1, -1);
  return inner;
}

function topLevelIndex(tokens: readonly Token[], wanted: (token: Token) => boolean): number | undefined {
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (["(", "[", "{"].some((open) => isSymbol(token, open))) depth++;
    else if ([")", "]", "}"].some((close) => isSymbol(token, close))) depth--;
    else if (depth === 0 && wanted(token)) return index;
  }
  return undefined;
}

function hasTopLevel(tokens: readonly Token[], word: string): boolean {
  return topLevelIndex(tokens, (token) => isWord(token, word)) !== undefined;
}

function splitAtWord(tokens: readonly Token[], word: string): (readonly Token[])[] {
  const parts: (readonly Token[])[] = [];
  let rest = tokens;
  for (;;) {
    const at = topLevelIndex(rest, (token) => isWord(token, word));
    if (at === undefined) return [...parts, rest];
    parts.push(rest.slice(0, at));
    rest = rest.slice(at + 1);
  }
}
