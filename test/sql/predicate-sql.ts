import { quoteIdentifier, quoteString } from "../../engine/index.js";
import type { ColumnPath, Literal, Predicate } from "../../table-format/index.js";

/**
 * A predicate as SQL that is TRUE wherever the predicate may be: unknown parts are whatever keeps the
 * row, under NOT as well.
 */
export function predicateSql(predicate: Predicate, negated = false): string {
  switch (predicate.kind) {
    case "and":
    case "or":
      return `(${predicate.operands.map((operand) => predicateSql(operand, negated)).join(` ${predicate.kind.toUpperCase()} `)})`;
    case "not":
      return `(NOT ${predicateSql(predicate.operand, !negated)})`;
    case "compare":
      return `(${columnSql(predicate.column)} ${predicate.op} ${literalSql(predicate.value)})`;
    case "in":
      return `(${columnSql(predicate.column)} IN (${predicate.values.map(literalSql).join(", ")}))`;
    case "is-null":
      return `(${columnSql(predicate.column)} IS NULL)`;
    case "is-not-null":
      return `(${columnSql(predicate.column)} IS NOT NULL)`;
    case "constant":
      return String(predicate.value);
    case "unknown":
      return String(!negated);
  }
}

function columnSql([column, ...fields]: ColumnPath): string {
  return fields.reduce(
    (sql, field) => `struct_extract(${sql}, ${quoteString(field)})`,
    quoteIdentifier(column),
  );
}

function literalSql({ type, text }: Literal): string {
  return `CAST(${quoteString(text)} AS ${type})`;
}
