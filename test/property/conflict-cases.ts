import fc from "fast-check";
import type { Predicate } from "../../table-format/index.js";

// Small tables and what transactions do to them, at random.

export type Style = "mark" | "rewrite";

export type Operation =
  | {
      readonly kind: "append";
      readonly rows: readonly NewRow[];
      readonly hasStats: boolean;
    }
  | {
      readonly kind: "delete";
      readonly where: Predicate;
      readonly style: Style;
    }
  | {
      readonly kind: "update";
      readonly where: Predicate;
      readonly style: Style;
      readonly to: NewRow;
    }
  /** Rows of these keys get another value; keys without a row are inserted. */
  | {
      readonly kind: "merge";
      readonly keys: readonly number[];
      readonly to: number;
      readonly style: Style;
      readonly insertInto: number | null;
    }
  /** Copies rows to a partition. */
  | {
      readonly kind: "copy";
      readonly where: Predicate;
      readonly into: number | null;
    }
  | {
      readonly kind: "compact";
      readonly p: number | null;
      readonly most: number;
    }
  /** `p` absent: the whole table. */
  | {
      readonly kind: "overwrite";
      readonly p?: number | null;
      readonly rows: readonly NewRow[];
    };

export interface NewRow {
  readonly p: number | null;
  readonly n: number | null;
}

export const PARTITIONS = [0, 1, 2, null] as const;
const values = fc.oneof({ weight: 9, arbitrary: fc.nat(9) }, { weight: 1, arbitrary: fc.constant(null) });
const partition = fc.constantFrom(...PARTITIONS);
const newRow: fc.Arbitrary<NewRow> = fc.record({ p: partition, n: values });
const style = fc.constantFrom<Style>("mark", "rewrite");

export const literal = (value: number): { type: string; text: string } => ({
  type: "INTEGER",
  text: String(value),
});
const column = fc.constantFrom<readonly [string]>(["p"], ["n"]);
const leaf: fc.Arbitrary<Predicate> = fc.oneof(
  fc.record({
    kind: fc.constant("compare" as const),
    column,
    op: fc.constantFrom("=", "=", "!=", "<", "<=", ">", ">="),
    value: fc.nat(9).map(literal),
  }),
  fc.record({
    kind: fc.constant("in" as const),
    column,
    values: fc.array(fc.nat(9).map(literal), { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    kind: fc.constantFrom("is-null" as const, "is-not-null" as const),
    column,
  }),
  fc.record({ kind: fc.constant("constant" as const), value: fc.boolean() }),
);
const predicate: fc.Arbitrary<Predicate> = fc.oneof(
  leaf,
  fc.record({
    kind: fc.constantFrom("and" as const, "and" as const, "or" as const),
    operands: fc.array(leaf, { minLength: 2, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant("not" as const), operand: leaf }),
);

export const operations: fc.Arbitrary<Operation> = fc.oneof(
  fc.record({
    kind: fc.constant("append" as const),
    rows: fc.array(newRow, { minLength: 1, maxLength: 3 }),
    hasStats: fc.boolean(),
  }),
  fc.record({ kind: fc.constant("delete" as const), where: predicate, style }),
  fc.record({
    kind: fc.constant("update" as const),
    where: predicate,
    style,
    to: newRow,
  }),
  fc.record({
    kind: fc.constant("merge" as const),
    keys: fc.uniqueArray(fc.nat(9), { minLength: 1, maxLength: 3 }),
    to: fc.nat(9),
    style,
    insertInto: partition,
  }),
  fc.record({
    kind: fc.constant("copy" as const),
    where: predicate,
    into: partition,
  }),
  fc.record({
    kind: fc.constant("compact" as const),
    p: partition,
    most: fc.integer({ min: 2, max: 3 }),
  }),
  fc
    .record(
      {
        kind: fc.constant("overwrite" as const),
        p: partition,
        rows: fc.array(values, { minLength: 1, maxLength: 2 }),
      },
      { requiredKeys: ["kind", "rows"] },
    )
    .map(
      (drawn): Operation =>
        drawn.p === undefined
          ? { kind: "overwrite", rows: drawn.rows.map((n) => ({ p: 0, n })) }
          : {
              kind: "overwrite",
              p: drawn.p,
              rows: drawn.rows.map((n) => ({ p: drawn.p ?? null, n })),
            },
    ),
);

export const tables: fc.Arbitrary<readonly (readonly [readonly NewRow[], boolean])[]> = fc.array(
  fc.tuple(
    fc
      .tuple(partition, fc.array(values, { minLength: 1, maxLength: 4 }))
      .map(([p, drawn]) => drawn.map((n) => ({ p, n }))),
    fc.boolean(),
  ),
  { minLength: 2, maxLength: 7 },
);
