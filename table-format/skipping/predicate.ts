/**
 * A filter in the small language that data skipping understands. SQL's three-valued logic holds:
 * a row passes when the predicate is TRUE, not when it is NULL.
 *
 * `unknown` stands for anything else. It may be true or false for any row, so it keeps every file,
 * under NOT as well.
 */
export type Predicate =
  | { readonly kind: "and"; readonly operands: readonly Predicate[] }
  | { readonly kind: "or"; readonly operands: readonly Predicate[] }
  | { readonly kind: "not"; readonly operand: Predicate }
  | { readonly kind: "compare"; readonly column: ColumnPath; readonly op: CompareOp; readonly value: Literal }
  | { readonly kind: "in"; readonly column: ColumnPath; readonly values: readonly Literal[] }
  | { readonly kind: "is-null"; readonly column: ColumnPath }
  | { readonly kind: "is-not-null"; readonly column: ColumnPath }
  | { readonly kind: "constant"; readonly value: boolean }
  | { readonly kind: "unknown" };

/** A column, then struct fields inside it, as the table's schema spells them. */
export type ColumnPath = readonly [string, ...string[]];

/** `=` and the like give NULL on NULL. */
export type CompareOp = "=" | "!=" | "<" | "<=" | ">" | ">=";

/**
 * A literal: the text that DuckDB casts to `type` exactly (`{type: "DATE", text: "2024-01-31"}`,
 * `{type: "DOUBLE", text: "nan"}`). `type` is a DuckDB type name. A NULL literal is not a literal:
 * comparing with it is `unknown`.
 */
export interface Literal {
  readonly type: string;
  readonly text: string;
}
