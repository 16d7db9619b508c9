import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Engine, type Session } from "../../engine/index.js";
import { compileExpression } from "../../table-format/expression/index.js";
import type { StructType } from "../../table-format/schema/index.js";

const SEED = 20241;

/** A condition over two whole numbers: its Spark SQL, and a naive reading of what Spark says it means. */
interface Condition {
  readonly sql: string;
  readonly value: (row: Pair) => Truth;
}

interface Pair {
  readonly a: number | null;
  readonly b: number | null;
}

type Truth = boolean | null;

class DivisionByZero extends Error {}

const NUMBERS = [null, 0, 1, 2, 3] as const;
const PAIRS: readonly Pair[] = NUMBERS.flatMap((a) => NUMBERS.map((b) => ({ a, b })));

function compare(left: number | null, right: number | null, test: (a: number, b: number) => boolean): Truth {
  return left === null || right === null ? null : test(left, right);
}

function divide(dividend: number | null, divisor: number | null): number | null {
  if (dividend === null || divisor === null) return null;
  if (divisor === 0) throw new DivisionByZero();
  return dividend / divisor;
}

const LEAVES: readonly Condition[] = [
  { sql: "a = 1", value: ({ a }) => compare(a, 1, (x, y) => x === y) },
  { sql: "b < a", value: ({ a, b }) => compare(b, a, (x, y) => x < y) },
  { sql: "a <=> b", value: ({ a, b }) => a === b },
  { sql: "a IS NULL", value: ({ a }) => a === null },
  { sql: "b IN (1, NULL)", value: ({ b }) => (b === 1 ? true : null) },
  { sql: "b NOT IN (0, 2)", value: ({ b }) => (b === null ? null : b !== 0 && b !== 2) },
  { sql: "b <> 0", value: ({ b }) => compare(b, 0, (x, y) => x !== y) },
  { sql: "a / b > 1", value: ({ a, b }) => compare(divide(a, b), 1, (x, y) => x > y) },
  { sql: "6 div a = 3", value: ({ a }) => compare(divide(6, a), 3, (x, y) => Math.trunc(x) === y) },
  { sql: "NULL", value: () => null },
  { sql: "true", value: () => true },
];

const conditions: fc.Arbitrary<Condition> = fc.letrec<{ condition: Condition }>((tie) => {
  const inner = tie("condition");
  const leaf = fc.constantFrom(...LEAVES);
  return {
    condition: fc.oneof(
      { depthSize: "medium", withCrossShrink: true },
      leaf,
      inner.map((of): Condition => ({ sql: `NOT (${of.sql})`, value: (row) => negated(of.value(row)) })),
      inner.map(
        (of): Condition => ({ sql: `(${of.sql}) IS NOT FALSE`, value: (row) => of.value(row) !== false }),
      ),
      fc.array(inner, { minLength: 2, maxLength: 4 }).map(
        (all): Condition => ({
          sql: all.map(({ sql }) => `(${sql})`).join(" AND "),
          value: (row) => decided(all, row, false),
        }),
      ),
      fc.array(inner, { minLength: 2, maxLength: 4 }).map(
        (all): Condition => ({
          sql: all.map(({ sql }) => `(${sql})`).join(" OR "),
          value: (row) => decided(all, row, true),
        }),
      ),
      fc.tuple(inner, inner, inner).map(
        ([when, yes, no]): Condition => ({
          sql: `CASE WHEN ${when.sql} THEN ${yes.sql} ELSE ${no.sql} END`,
          value: (row) => (when.value(row) === true ? yes : no).value(row),
        }),
      ),
    ),
  };
}).condition;

function negated(value: Truth): Truth {
  return value === null ? null : !value;
}

/** From left to right: the first operand that decides ends it, and what stands right of it is not looked at. */
function decided(operands: readonly Condition[], row: Pair, decider: boolean): Truth {
  let unknown = false;
  for (const operand of operands) {
    const value = operand.value(row);
    if (value === decider) return decider;
    if (value === null) unknown = true;
  }
  return unknown ? null : !decider;
}

const COLUMNS: StructType = {
  type: "struct",
  fields: ["a", "b"].map((name) => ({ name, type: { type: "integer" }, nullable: true, metadata: {} })),
};

describe("conditions in Spark SQL", () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
    session = await engine.acquire();
  });
  afterAll(() => engine.close());

  async function evaluate(sql: string, pairs: readonly Pair[]): Promise<unknown[]> {
    const values = pairs.map(({ a, b }, n) => `(${a ?? "NULL"}, ${b ?? "NULL"}, ${n})`).join(", ");
    const rows = await session.rows(`SELECT ${sql} AS v FROM (VALUES ${values}) AS t(a, b, n) ORDER BY n`);
    return rows.map((row) => row["v"]);
  }

  // Where the naive reading fails, an optimizer may see that the part that fails does not matter, in Spark too.
  it("are what a naive reading says, and fail for no row for which that has a value", async () => {
    await fc.assert(
      fc.asyncProperty(conditions, async (condition) => {
        const { sql } = compileExpression(condition.sql, { columns: COLUMNS });
        const expected: Truth[] = [];
        const passing: Pair[] = [];
        for (const pair of PAIRS) {
          try {
            expected.push(condition.value(pair));
            passing.push(pair);
          } catch (error) {
            if (!(error instanceof DivisionByZero)) throw error;
          }
        }
        if (passing.length > 0) expect(await evaluate(sql, passing)).toEqual(expected);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});
