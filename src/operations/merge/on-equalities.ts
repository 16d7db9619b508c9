import { isJsonObject, type JsonObject, type JsonValue } from "../../../core/index.js";
import { byteLocation, listField, nodeField, textField } from "../../sql/syntax-tree.js";
import { utf16Offsets } from "../../sql/text-edits.js";
import { isSymbol, isWord, type Token, tokenize } from "../../sql/tokens.js";

/** One side of an equality: its text and its syntax tree. */
export interface Operand {
  readonly text: string;
  readonly node: JsonObject;
}

export interface Equality {
  readonly left: Operand;
  readonly right: Operand;
}

/**
 * The equalities that must all be TRUE for a condition to be TRUE, at its top level. The tree does not tell where an
 * operand begins and ends: the texts are found by their tokens, so each must be parsed and be {@link sameTree}.
 * Pure.
 *
 * @param query a SELECT of the condition
 * @param tree what `session.parse(query)` gave
 */
export function equalitiesOf(query: string, tree: JsonObject): Equality[] {
  const tokens = tokenize(query);
  const utf16 = utf16Offsets(query);
  return conjunctsOf(selectedNode(tree)).flatMap((node): Equality[] => {
    const [left, right] = [nodeField(node, "left"), nodeField(node, "right")];
    const location = byteLocation(node);
    if (
      node["type"] !== "COMPARE_EQUAL" ||
      left === undefined ||
      right === undefined ||
      location === undefined
    ) {
      return [];
    }
    const operator = tokens.findIndex(({ start }) => start === utf16(location));
    if (!isSymbol(tokens[operator], "=")) return [];
    const texts = [
      operandText(query, tokens, operator, -1),
      operandText(query, tokens, operator, 1),
    ] as const;
    return [{ left: { text: texts[0], node: left }, right: { text: texts[1], node: right } }];
  });
}

/** The first column that a SELECT gives. */
export function selectedNode(tree: JsonObject): JsonObject | undefined {
  const [statement] = listField(tree, "statements");
  const query = isJsonObject(statement) ? nodeField(statement, "node") : undefined;
  const [selected] = query === undefined ? [] : listField(query, "select_list");
  return isJsonObject(selected) ? selected : undefined;
}

function conjunctsOf(node: JsonObject | undefined): JsonObject[] {
  if (node === undefined) return [];
  if (textField(node, "type") !== "CONJUNCTION_AND") return [node];
  return listField(node, "children").flatMap((child) => (isJsonObject(child) ? conjunctsOf(child) : []));
}

/** What stands beside an operator, up to the next AND or the parentheses around it. */
function operandText(query: string, tokens: readonly Token[], operator: number, step: 1 | -1): string {
  const [opening, closing] = step === 1 ? [OPEN, CLOSE] : [CLOSE, OPEN];
  let depth = 0;
  let last = operator;
  for (let at = operator + step; at >= 0 && at < tokens.length; at += step) {
    const token = tokens[at];
    if (depth === 0 && isWord(token, "and", "select")) break;
    if (isOneOf(token, opening)) depth++;
    if (isOneOf(token, closing) && --depth < 0) break;
    last = at;
  }
  const [first, end] =
    step === 1 ? [tokens[operator + 1], tokens[last]] : [tokens[last], tokens[operator - 1]];
  return query.slice(first?.start ?? 0, end?.end ?? 0);
}

const OPEN = ["(", "[", "{"] as const;
const CLOSE = [")", "]", "}"] as const;

function isOneOf(token: Token | undefined, symbols: readonly string[]): boolean {
  return symbols.some((symbol) => isSymbol(token, symbol));
}

/** Whether two trees say the same, wherever it stands in their texts. */
export function sameTree(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (Array.isArray(a)) {
    return (
      Array.isArray(b) && a.length === b.length && a.every((item: JsonValue, at) => sameTree(item, b[at]))
    );
  }
  if (!isJsonObject(a)) return a === b;
  if (!isJsonObject(b)) return false;
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  names.delete("query_location");
  return [...names].every((name) => sameTree(a[name], b[name]));
}
