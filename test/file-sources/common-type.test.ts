import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isLakeError } from "../../core/index.js";
import { Engine, type Session } from "../../engine/index.js";
import { commonType } from "../../src/file-sources/common-type.js";
import { convertedSql } from "../../src/file-sources/convert-value.js";
import { type EngineType, engineText, parseEngineType } from "../../table-format/index.js";

const common = (a: string, b: string): string =>
  engineText(commonType(parseEngineType(a), parseEngineType(b)));

test.each([
  ["TINYINT", "BIGINT", "BIGINT"],
  ["UTINYINT", "TINYINT", "SMALLINT"],
  ["UINTEGER", "INTEGER", "BIGINT"],
  ["UBIGINT", "BIGINT", "DECIMAL(20,0)"],
  ["BIGINT", "DECIMAL(5,2)", "DECIMAL(21,2)"],
  ["DECIMAL(38,0)", "DECIMAL(10,5)", "VARCHAR"],
  ["FLOAT", "INTEGER", "DOUBLE"],
  ["DECIMAL(10,2)", "DOUBLE", "DOUBLE"],
  ["BOOLEAN", "BIGINT", "VARCHAR"],
  ["DATE", "TIMESTAMP", "TIMESTAMP"],
  ["TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "VARCHAR"],
  ['"NULL"', "DATE", "DATE"],
  ["BIGINT[]", "DOUBLE[]", "DOUBLE[]"],
  ["BIGINT[]", "BIGINT", "VARCHAR"],
  ["STRUCT(a BIGINT)", 'STRUCT("A" DOUBLE, b DATE)', 'STRUCT("a" DOUBLE, "b" DATE)'],
  ["STRUCT(a BIGINT)", "MAP(VARCHAR, BIGINT)", "VARCHAR"],
  ["MAP(VARCHAR, INTEGER)", "MAP(VARCHAR, BIGINT)", "MAP(VARCHAR, BIGINT)"],
  ["BLOB", "VARCHAR", "VARCHAR"],
])("%s and %s go to %s", (a, b, expected) => {
  expect(common(a, b)).toBe(expected);
  // A struct takes the order and the spelling of its first.
  if (!expected.startsWith("STRUCT")) expect(common(b, a)).toBe(expected);
});

/** A type and SQL of a value of it. */
interface Typed {
  readonly type: string;
  readonly value: string;
}

const whole = (type: string, min: bigint, max: bigint): fc.Arbitrary<Typed> =>
  fc.bigInt({ min, max }).map((n) => ({ type, value: `'${n}'::${type}` }));
const scalar: fc.Arbitrary<Typed> = fc.oneof(
  whole("SMALLINT", -32768n, 32767n),
  whole("UINTEGER", 0n, 4294967295n),
  whole("BIGINT", -(2n ** 63n), 2n ** 63n - 1n),
  whole("UBIGINT", 0n, 2n ** 64n - 1n),
  whole("DECIMAL(38,0)", -(10n ** 37n), 10n ** 37n),
  fc.integer().map((n) => ({ type: "DECIMAL(12,2)", value: `'${n}e-2'::DECIMAL(12,2)` })),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((n) => ({ type: "DOUBLE", value: `'${n}'::DOUBLE` })),
  fc.boolean().map((b) => ({ type: "BOOLEAN", value: String(b) })),
  fc.nat(40_000).map((days) => ({ type: "DATE", value: `DATE '1950-01-01' + ${days}` })),
  fc.nat(2 ** 31 - 1).map((n) => ({ type: "TIMESTAMP", value: `make_timestamp(${n}::BIGINT * 1000003)` })),
  fc.stringMatching(/^[a-z "\\]{0,6}$/).map((text) => ({ type: "VARCHAR", value: `'${text}'` })),
);
const typed: fc.Arbitrary<Typed> = fc.oneof(
  { weight: 4, arbitrary: scalar },
  {
    weight: 1,
    arbitrary: scalar.map(({ type, value }) => ({ type: `${type}[]`, value: `[${value}, NULL]` })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(scalar, scalar).map(([a, b]) => ({
      type: `STRUCT(a ${a.type}, b ${b.type})`,
      value: `{'a': ${a.value}, 'b': ${b.value}}`,
    })),
  },
);

describe("values in their common type", () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
    session = await engine.acquire();
  });
  afterAll(() => engine.close());

  test("are what they were, or fail the query", async () => {
    await fc.assert(
      fc.asyncProperty(typed, typed, async (a, b) => {
        const from = parseEngineType(a.type);
        const to = commonType(from, parseEngineType(b.type));
        const converted = convertedSql("v", from, to);
        const reading = session.rows(
          `SELECT typeof(c) AS type, ${backSql("c", from, to)} IS NOT DISTINCT FROM v AS same
           FROM (SELECT v, ${converted} AS c FROM (SELECT ${a.value} AS v))`,
        );
        const [row] = await reading.catch((error: unknown) => {
          // Only what is not exact as a DOUBLE is refused.
          if (engineText(to).includes("DOUBLE") && isLakeError(error, "invalid-input")) return [];
          throw error;
        });
        if (row === undefined) return;
        expect(row).toEqual({ type: expect.any(String), same: true });
        expect(engineText(parseEngineType(String(row["type"])))).toBe(engineText(to));
      }),
      { seed: 20, numRuns: 400 },
    );
  });
});

/** A converted value in the type that it came from. */
function backSql(sql: string, from: EngineType, to: EngineType): string {
  const isJson = to.kind === "scalar" && (from.kind === "struct" || from.kind === "list");
  return isJson ? `CAST(CAST(${sql} AS JSON) AS ${engineText(from)})` : `CAST(${sql} AS ${engineText(from)})`;
}
