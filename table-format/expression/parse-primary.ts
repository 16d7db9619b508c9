import type { DataType } from "../schema/index.js";
import { unsupportedExpression } from "./failure.js";
import type { ExpressionParser } from "./parse.js";
import { intervalPart, numberLiteral } from "./parse-literal.js";
import { typeNamed } from "./parse-type.js";
import { type CaseBranch, type Expression, type Literal, NULL } from "./syntax.js";
import type { TokenCursor } from "./token-cursor.js";

/** Functions that Spark lets stand without parentheses. */
const WITHOUT_PARENTHESES = ["current_date", "current_timestamp", "localtimestamp"];

/** A literal, a column, a call or an expression in parentheses, and what stands after it: `.field`, `[item]`, `::type`. */
export function parsePrimary(parser: ExpressionParser): Expression {
  const { cursor } = parser;
  let expression = parseHead(parser);
  for (;;) {
    if (cursor.skipSymbol(".")) {
      const name = fieldName(cursor);
      expression =
        expression.node === "column"
          ? { node: "column", path: [...expression.path, name] }
          : { node: "field", of: expression, name };
    } else if (cursor.skipSymbol("[")) {
      const key = parser.parse(0);
      cursor.expectSymbol("]");
      expression = { node: "item", of: expression, key };
    } else if (cursor.skipSymbol("::")) {
      expression = { node: "cast", of: expression, type: parseType(cursor), isTry: false };
    } else {
      return expression;
    }
  }
}

function fieldName(cursor: TokenCursor): string {
  const token = cursor.peek();
  if (token.kind !== "word" && token.kind !== "quoted-name") throw cursor.unexpected("a field's name");
  return cursor.take().text;
}

function parseHead(parser: ExpressionParser): Expression {
  const { cursor } = parser;
  const { kind, text } = cursor.peek();
  switch (kind) {
    case "number":
      return literal(numberLiteral(cursor.take().text, false));
    case "string":
      return literal({ kind: "string", value: stringText(cursor) });
    case "quoted-name":
      cursor.take();
      if (cursor.isSymbol("(")) throw unsupportedExpression(`the function ${text}`, { function: text });
      return { node: "column", path: [text] };
    case "word":
      return parseWord(parser, text.toLowerCase());
    default:
      if (cursor.skipSymbol("-")) return literal(numberLiteral(cursor.take().text, true));
      if (!cursor.skipSymbol("(")) throw cursor.unexpected("an expression");
  }
  const inner = parser.parse(0);
  cursor.expectSymbol(")");
  return inner;
}

/** String literals that follow each other are one string, as in Spark. */
function stringText(cursor: TokenCursor): string {
  let text = "";
  while (cursor.peek().kind === "string") text += cursor.take().text;
  return text;
}

function literal(value: Literal): Expression {
  return { node: "literal", literal: value };
}

function parseWord(parser: ExpressionParser, word: string): Expression {
  const { cursor } = parser;
  const name = cursor.take().text;
  if (cursor.peek().kind === "string") {
    if (word === "date" || word === "timestamp" || word === "timestamp_ntz" || word === "timestamp_ltz") {
      const type = word === "timestamp_ltz" ? "timestamp" : word;
      return literal({ kind: "dated", type, text: stringText(cursor) });
    }
    if (word === "x") {
      const hex = stringText(cursor);
      if (!/^([0-9a-f]{2})*$/i.test(hex)) throw unsupportedExpression(`X'${hex}' is not hexadecimal`);
      return literal({ kind: "binary", hex });
    }
  }
  if (word === "interval" && !cursor.isSymbol("(")) return parseInterval(cursor);
  if (word === "null") return NULL;
  if (word === "true" || word === "false") return literal({ kind: "boolean", value: word === "true" });
  if (word === "case") return parseCase(parser);
  if (cursor.skipSymbol("(")) return parseCall(parser, word);
  if (WITHOUT_PARENTHESES.includes(word)) return { node: "call", name: word, args: [] };
  return { node: "column", path: [name] };
}

function parseInterval(cursor: TokenCursor): Expression {
  const sum = { months: 0n, days: 0n, micros: 0n };
  do {
    const sign = cursor.skipSymbol("-") ? "-" : "";
    const count = cursor.take();
    const unit = cursor.take();
    if ((count.kind !== "number" && count.kind !== "string") || unit.kind !== "word") {
      throw unsupportedExpression(`an interval of "${count.text} ${unit.text}"`);
    }
    const part = intervalPart(sign + count.text, unit.text);
    sum.months += part.months;
    sum.days += part.days;
    sum.micros += part.micros;
  } while (cursor.peek().kind === "number" || cursor.peek().kind === "string");
  return literal({ kind: "interval", ...sum });
}

function parseCase(parser: ExpressionParser): Expression {
  const { cursor } = parser;
  const operand = cursor.isWord("when") ? undefined : parser.parse(0);
  const branches: CaseBranch[] = [];
  while (cursor.skipWord("when")) {
    const tested = parser.parse(0);
    cursor.expectWord("then");
    const when: Expression =
      operand === undefined ? tested : { node: "comparison", op: "=", left: operand, right: tested };
    branches.push({ when, result: parser.parse(0) });
  }
  if (branches.length === 0) throw cursor.unexpected("WHEN");
  const otherwise = cursor.skipWord("else") ? parser.parse(0) : NULL;
  cursor.expectWord("end");
  return { node: "case", branches, otherwise };
}

/** What stands after `name(`. */
function parseCall(parser: ExpressionParser, name: string): Expression {
  const { cursor } = parser;
  if (name === "cast" || name === "try_cast") {
    const of = parser.parse(0);
    cursor.expectWord("as");
    const type = parseType(cursor);
    cursor.expectSymbol(")");
    return { node: "cast", of, type, isTry: name === "try_cast" };
  }
  if (name === "extract") {
    const part = fieldName(cursor).toLowerCase();
    cursor.expectWord("from");
    return { node: "call", name: extractFunction(part), args: [...closeCall(parser, [])] };
  }
  if (name === "trim" && ["both", "leading", "trailing"].some((word) => cursor.isWord(word))) {
    const where = cursor.take().text.toLowerCase();
    const chars = cursor.isWord("from") ? undefined : parser.parse(0);
    cursor.expectWord("from");
    const [text = NULL] = closeCall(parser, []);
    const call = where === "both" ? "btrim" : where === "leading" ? "ltrim_of" : "rtrim_of";
    return { node: "call", name: call, args: chars === undefined ? [text] : [text, chars] };
  }
  if (cursor.skipSymbol(")")) return { node: "call", name, args: [] };
  if (cursor.isWord("distinct")) throw unsupportedExpression(`DISTINCT in the function ${name}`);
  const args = [parser.parse(0)];
  if (name === "trim" && cursor.skipWord("from")) {
    const [text = NULL] = closeCall(parser, []);
    return { node: "call", name: "btrim", args: [text, ...args] };
  }
  if ((name === "substring" || name === "substr") && cursor.skipWord("from")) {
    args.push(parser.parse(0));
    if (cursor.skipWord("for")) args.push(parser.parse(0));
    cursor.expectSymbol(")");
    return { node: "call", name, args };
  }
  while (cursor.skipSymbol(",")) args.push(parser.parse(0));
  cursor.expectSymbol(")");
  return { node: "call", name, args };
}

/** One more argument, then the closing parenthesis. */
function closeCall(parser: ExpressionParser, args: readonly Expression[]): readonly Expression[] {
  const all = [...args, parser.parse(0)];
  parser.cursor.expectSymbol(")");
  return all;
}

const EXTRACTS: Readonly<Record<string, string>> = {
  year: "year",
  years: "year",
  quarter: "quarter",
  month: "month",
  months: "month",
  mon: "month",
  week: "weekofyear",
  day: "day",
  days: "day",
  dayofweek: "dayofweek",
  dow: "dayofweek",
  doy: "dayofyear",
  hour: "hour",
  hours: "hour",
  minute: "minute",
  minutes: "minute",
};

function extractFunction(part: string): string {
  const name = Object.hasOwn(EXTRACTS, part) ? EXTRACTS[part] : undefined;
  // EXTRACT(SECOND ...) is a decimal with the fraction, which second() is not.
  if (name === undefined) throw unsupportedExpression(`EXTRACT(${part.toUpperCase()} ...)`);
  return name;
}

function parseType(cursor: TokenCursor): DataType {
  const name = fieldName(cursor);
  const numbers: number[] = [];
  if (cursor.isSymbol("<")) throw unsupportedExpression(`a cast to the type ${name}<...>`);
  if (cursor.skipSymbol("(")) {
    do {
      const token = cursor.take();
      if (token.kind !== "number" || !/^\d+$/.test(token.text)) throw unsupportedExpression("a cast's type");
      numbers.push(Number(token.text));
    } while (cursor.skipSymbol(","));
    cursor.expectSymbol(")");
  }
  return typeNamed(name, numbers);
}
