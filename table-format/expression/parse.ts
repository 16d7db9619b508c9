import { unsupportedExpression } from "./failure.js";
import { parsePrimary } from "./parse-primary.js";
import type { ArithmeticOp, ComparisonOp, Expression } from "./syntax.js";
import { TokenCursor } from "./token-cursor.js";

// How tightly operators bind, loosest first (Spark's SqlBaseParser: booleanExpression, predicate,
// valueExpression).
const OR = 10;
const AND = 20;
const NOT = 30;
const PREDICATE = 40;
const COMPARISON = 50;
const UNARY = 100;

const COMPARISONS: Readonly<Record<string, ComparisonOp>> = {
  "=": "=",
  "==": "=",
  "<>": "<>",
  "!=": "<>",
  "<": "<",
  "<=": "<=",
  "!>": "<=",
  ">": ">",
  ">=": ">=",
  "!<": ">=",
  "<=>": "<=>",
};

const ARITHMETIC: Readonly<Record<string, readonly [ArithmeticOp, number]>> = {
  "|": ["|", 60],
  "^": ["^", 65],
  "&": ["&", 70],
  "+": ["+", 80],
  "-": ["-", 80],
  "*": ["*", 90],
  "/": ["/", 90],
  "%": ["%", 90],
};

/** Nesting that no honest expression reaches; deeper ones would exhaust the stack. */
const MAX_DEPTH = 200;

/**
 * Parses one Spark SQL expression, as Delta tables keep them for CHECK constraints, generated columns,
 * defaults and invariants.
 *
 * @throws LakeError `unsupported` naming the place, for what is not an expression or not one that this
 * release knows.
 */
export function parseExpression(sql: string): Expression {
  const cursor = new TokenCursor(sql);
  const parser = new Parser(cursor);
  const expression = parser.parse(0);
  if (cursor.peek().kind !== "end") throw cursor.unexpected("the end");
  return expression;
}

/** What the parts of the grammar call back for the expressions inside them. */
export interface ExpressionParser {
  readonly cursor: TokenCursor;
  /** An expression of operators that bind more tightly than `minimum`. */
  parse(minimum: number): Expression;
}

class Parser implements ExpressionParser {
  readonly cursor: TokenCursor;
  #depth = 0;

  constructor(cursor: TokenCursor) {
    this.cursor = cursor;
  }

  parse(minimum: number): Expression {
    if (++this.#depth > MAX_DEPTH)
      throw unsupportedExpression(`an expression nested more than ${MAX_DEPTH} deep`);
    let left = this.#prefix();
    let hasPredicate = false;
    for (;;) {
      const next = hasPredicate ? undefined : this.#predicate(left, minimum);
      if (next !== undefined) hasPredicate = true;
      const grown = next ?? this.#operator(left, minimum);
      if (grown === undefined) break;
      left = grown;
    }
    this.#depth--;
    return left;
  }

  #prefix(): Expression {
    const { cursor } = this;
    if (cursor.skipWord("not") || cursor.skipSymbol("!")) return { node: "not", of: this.parse(NOT) };
    if (cursor.isSymbol("-") && cursor.peek(1).kind === "number") return parsePrimary(this);
    if (cursor.skipSymbol("-")) return { node: "negate", of: this.parse(UNARY) };
    if (cursor.skipSymbol("+")) return this.parse(UNARY);
    if (cursor.skipSymbol("~")) return { node: "complement", of: this.parse(UNARY) };
    return parsePrimary(this);
  }

  /** The expression that an operator makes of `left`, when one comes next that binds tightly enough. */
  #operator(left: Expression, minimum: number): Expression | undefined {
    const { cursor } = this;
    if (cursor.isWord("or")) {
      if (minimum >= OR) return undefined;
      cursor.take();
      return { node: "or", left, right: this.parse(OR) };
    }
    if (cursor.isWord("and")) {
      if (minimum >= AND) return undefined;
      cursor.take();
      return { node: "and", left, right: this.parse(AND) };
    }
    const { kind, text } = cursor.peek();
    if (cursor.isWord("div")) return this.#arithmetic(left, "div", 90, minimum);
    if (kind !== "symbol") return undefined;
    if (text === "||") {
      if (minimum >= 80) return undefined;
      cursor.take();
      return { node: "call", name: "concat", args: [left, this.parse(80)] };
    }
    const comparison = COMPARISONS[text];
    if (comparison !== undefined) {
      if (minimum >= COMPARISON) return undefined;
      cursor.take();
      return { node: "comparison", op: comparison, left, right: this.parse(COMPARISON) };
    }
    const arithmetic = ARITHMETIC[text];
    return arithmetic === undefined
      ? undefined
      : this.#arithmetic(left, arithmetic[0], arithmetic[1], minimum);
  }

  #arithmetic(left: Expression, op: ArithmeticOp, power: number, minimum: number): Expression | undefined {
    if (minimum >= power) return undefined;
    this.cursor.take();
    return { node: "arithmetic", op, left, right: this.parse(power) };
  }

  /** IS, IN, BETWEEN and LIKE, of which the grammar allows one after an expression. */
  #predicate(left: Expression, minimum: number): Expression | undefined {
    const { cursor } = this;
    if (minimum >= PREDICATE) return undefined;
    if (cursor.skipWord("is")) return this.#is(left);
    const negated = cursor.isWord("not");
    const word = cursor.peek(negated ? 1 : 0);
    const name = word.kind === "word" ? word.text.toLowerCase() : "";
    if (!["in", "between", "like", "ilike", "rlike", "regexp"].includes(name)) return undefined;
    if (negated) cursor.take();
    cursor.take();
    const predicate = this.#namedPredicate(left, name);
    return negated ? { node: "not", of: predicate } : predicate;
  }

  #namedPredicate(of: Expression, name: string): Expression {
    const { cursor } = this;
    if (name === "between") {
      const low = this.parse(PREDICATE);
      cursor.expectWord("and");
      const high = this.parse(PREDICATE);
      return {
        node: "and",
        left: { node: "comparison", op: ">=", left: of, right: low },
        right: { node: "comparison", op: "<=", left: of, right: high },
      };
    }
    if (name === "in") {
      cursor.expectSymbol("(");
      const items = [this.parse(0)];
      while (cursor.skipSymbol(",")) items.push(this.parse(0));
      cursor.expectSymbol(")");
      return { node: "in", of, items };
    }
    const pattern = this.parse(PREDICATE);
    if (name === "rlike" || name === "regexp")
      return { node: "like", kind: "rlike", of, pattern, escape: "" };
    let escapeWith = "\\";
    if (cursor.skipWord("escape")) {
      const token = cursor.take();
      if (token.kind !== "string" || [...token.text].length !== 1) {
        throw unsupportedExpression("ESCAPE takes a string of one character");
      }
      escapeWith = token.text;
    }
    return { node: "like", kind: name === "ilike" ? "ilike" : "like", of, pattern, escape: escapeWith };
  }

  #is(of: Expression): Expression {
    const { cursor } = this;
    const negated = cursor.skipWord("not");
    const positive = this.#isWhat(of);
    return negated ? { node: "not", of: positive } : positive;
  }

  #isWhat(of: Expression): Expression {
    const { cursor } = this;
    if (cursor.skipWord("null") || cursor.skipWord("unknown")) return { node: "is", of, what: "null" };
    if (cursor.skipWord("true")) return { node: "is", of, what: "true" };
    if (cursor.skipWord("false")) return { node: "is", of, what: "false" };
    if (cursor.skipWord("distinct")) {
      cursor.expectWord("from");
      const right = this.parse(PREDICATE);
      return { node: "not", of: { node: "comparison", op: "<=>", left: of, right } };
    }
    throw cursor.unexpected("NULL, TRUE, FALSE, UNKNOWN or DISTINCT FROM");
  }
}
