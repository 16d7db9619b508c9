import { isLakeError } from "../../core/index.js";
import { type Expression, parseExpression } from "../expression/index.js";
import { foldCase } from "../schema/index.js";
import type { FieldPath } from "./field-path.js";

/**
 * Whether a rule of the table names a column: the very path, something inside it, or something that it is
 * inside of. An expression that this release cannot parse counts as naming every column whose name stands in
 * its text.
 */
export function namesColumn(expression: string, path: FieldPath): boolean {
  const parsed = tryParse(expression);
  if (parsed === undefined) return foldCase(expression).includes(foldCase(path[0] ?? ""));
  return columnPaths(parsed).some((named) => overlaps(named, path));
}

function tryParse(expression: string): Expression | undefined {
  try {
    return parseExpression(expression);
  } catch (error) {
    if (isLakeError(error, "unsupported") || isLakeError(error, "invalid-input")) return undefined;
    throw error;
  }
}

function overlaps(a: FieldPath, b: FieldPath): boolean {
  const shared = Math.min(a.length, b.length);
  return a.slice(0, shared).every((name, index) => foldCase(name) === foldCase(b[index] ?? ""));
}

function columnPaths(expression: Expression): readonly FieldPath[] {
  return expression.node === "column"
    ? [expression.path]
    : operandsOf(expression).flatMap((operand) => columnPaths(operand));
}

function operandsOf(expression: Expression): readonly Expression[] {
  switch (expression.node) {
    case "literal":
    case "column":
      return [];
    case "field":
    case "negate":
    case "complement":
    case "not":
    case "is":
    case "cast":
      return [expression.of];
    case "item":
      return [expression.of, expression.key];
    case "and":
    case "or":
    case "arithmetic":
    case "comparison":
      return [expression.left, expression.right];
    case "in":
      return [expression.of, ...expression.items];
    case "like":
      return [expression.of, expression.pattern];
    case "case":
      return [...expression.branches.flatMap(({ when, result }) => [when, result]), expression.otherwise];
    case "call":
      return expression.args;
  }
}
