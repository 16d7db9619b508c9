import { LakeError } from "../../core/index.js";
import type { Parameters, Session, Value } from "../../engine/index.js";
import { pickParameters } from "./parameters.js";
import type { AsOf } from "./references.js";

/** What a time-travel clause came to. `timestamp` is in milliseconds since the epoch. */
export type AsOfValue =
  | { readonly unit: "version"; readonly version: bigint }
  | { readonly unit: "timestamp"; readonly timestamp: number };

/** The expression of a time-travel clause. */
export type AsOfExpression = Pick<AsOf, "unit" | "expression">;

/**
 * The query whose one row and column `value` holds a clause's value: the version as text, or the
 * instant in whole milliseconds (a wall clock or a date is in UTC, microseconds round down).
 */
export function asOfQuery({ unit, expression }: AsOfExpression): string {
  return unit === "version"
    ? `SELECT CAST((${expression}) AS VARCHAR) AS value`
    : `SELECT CAST(floor(epoch_us(CAST((${expression}) AS TIMESTAMP WITH TIME ZONE)) / 1000) AS BIGINT) AS value`;
}

/**
 * Evaluates a time-travel clause: a constant, never a value of a table.
 *
 * @param parameters the values of the whole query
 * @throws LakeError `invalid-input` when the expression is not a version, or not a timestamp.
 */
export async function evaluateAsOf(
  session: Session,
  asOf: AsOf,
  parameters?: Parameters,
): Promise<AsOfValue> {
  const [row] = await session.rows(asOfQuery(asOf), {
    parameters: pickParameters(parameters, asOf.parameters),
  });
  return asOfValue(asOf, row?.["value"] ?? null);
}

/**
 * What the `value` of {@link asOfQuery} says.
 *
 * @throws LakeError `invalid-input` when it is not a version, or not a timestamp.
 */
export function asOfValue(asOf: AsOfExpression, value: Value): AsOfValue {
  if (asOf.unit === "version") {
    if (typeof value !== "string" || !/^\d+$/.test(value))
      throw notAValue(asOf, "a version, a whole number from 0");
    return { unit: "version", version: BigInt(value) };
  }
  if (typeof value !== "bigint") throw notAValue(asOf, "a timestamp");
  return { unit: "timestamp", timestamp: Number(value) };
}

function notAValue({ unit, expression }: AsOfExpression, wanted: string): LakeError {
  return new LakeError(
    "invalid-input",
    "sql-time-travel",
    `${unit.toUpperCase()} AS OF ${expression} is not ${wanted}`,
  );
}
