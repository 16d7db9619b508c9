import type { DataType, PrimitiveName } from "../schema/index.js";

/** A literal as Spark SQL types it. */
export type Literal =
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "string"; readonly value: string }
  | {
      readonly kind: "integer";
      readonly type: "byte" | "short" | "integer" | "long";
      readonly value: bigint;
    }
  /** `text` is a plain decimal number with exactly `scale` digits after the point. */
  | { readonly kind: "decimal"; readonly text: string; readonly precision: number; readonly scale: number }
  | { readonly kind: "floating"; readonly type: "float" | "double"; readonly text: string }
  /** `hex` is an even number of hexadecimal digits. */
  | { readonly kind: "binary"; readonly hex: string }
  | {
      readonly kind: "dated";
      readonly type: Extract<PrimitiveName, "date" | "timestamp" | "timestamp_ntz">;
      readonly text: string;
    }
  | { readonly kind: "interval"; readonly months: bigint; readonly days: bigint; readonly micros: bigint };

export type ArithmeticOp = "+" | "-" | "*" | "/" | "%" | "div" | "&" | "|" | "^";
export type ComparisonOp = "=" | "<>" | "<" | "<=" | ">" | ">=" | "<=>";

/** A Spark SQL expression. */
export type Expression =
  | { readonly node: "literal"; readonly literal: Literal }
  /** A column, then fields of structs: `a.b` is the path `["a", "b"]`. */
  | { readonly node: "column"; readonly path: readonly string[] }
  /** A field of something that is not a column: `a[0].b`. */
  | { readonly node: "field"; readonly of: Expression; readonly name: string }
  /** An item of an array, counted from 0, or a value of a map. */
  | { readonly node: "item"; readonly of: Expression; readonly key: Expression }
  | { readonly node: "negate"; readonly of: Expression }
  | { readonly node: "complement"; readonly of: Expression }
  | { readonly node: "not"; readonly of: Expression }
  | { readonly node: "and" | "or"; readonly left: Expression; readonly right: Expression }
  | {
      readonly node: "arithmetic";
      readonly op: ArithmeticOp;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly node: "comparison";
      readonly op: ComparisonOp;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly node: "is"; readonly of: Expression; readonly what: "null" | "true" | "false" }
  | { readonly node: "in"; readonly of: Expression; readonly items: readonly Expression[] }
  | {
      readonly node: "like";
      readonly kind: "like" | "ilike" | "rlike";
      readonly of: Expression;
      readonly pattern: Expression;
      readonly escape: string;
    }
  | { readonly node: "case"; readonly branches: readonly CaseBranch[]; readonly otherwise: Expression }
  | { readonly node: "cast"; readonly of: Expression; readonly type: DataType; readonly isTry: boolean }
  /** `name` is in lower case. */
  | { readonly node: "call"; readonly name: string; readonly args: readonly Expression[] };

export interface CaseBranch {
  readonly when: Expression;
  readonly result: Expression;
}

export const NULL: Expression = { node: "literal", literal: { kind: "null" } };
