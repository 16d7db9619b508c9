import { castSql } from "./cast.js";
import { unsupportedExpression } from "./failure.js";
import type { ArithmeticOp } from "./syntax.js";
import {
  asDecimal,
  type Decimal,
  type Failure,
  made,
  sqlType,
  type TypedSql,
  type ValueType,
  valueTypeText,
} from "./typed-sql.js";

/** `value` where the divisor is not zero; NULL before an error when the dividend is NULL, as in Spark. */
export function unlessZero(value: string, dividend: TypedSql, divisor: TypedSql, failure: Failure): string {
  const error = failure.fail("a division by zero");
  return `CASE WHEN ${divisor.sql} = 0 AND ${dividend.sql} IS NOT NULL THEN ${error} ELSE ${value} END`;
}

/**
 * Arithmetic of decimals in Spark's types (`BinaryArithmetic.resultDecimalType`), as far as they have at most
 * 38 digits: beyond that Spark drops digits of the fraction.
 *
 * @throws LakeError `unsupported` for a result of more digits, and for `%` and `div`.
 */
export function decimalArithmetic(
  op: ArithmeticOp,
  left: TypedSql,
  right: TypedSql,
  failure: Failure,
): TypedSql {
  const [a, b] = [asDecimal(left), asDecimal(right)];
  const result = a === undefined || b === undefined ? undefined : decimalResult(op, a, b);
  if (a === undefined || b === undefined || result === undefined || result.precision > 38) {
    throw unsupportedExpression(
      `${valueTypeText(left.type)} ${op} ${valueTypeText(right.type)}, whose result Spark rounds`,
      { operator: op },
    );
  }
  const type: ValueType = { type: "decimal", ...result };
  if (op === "/") return quotient(left, right, [a, b, result], failure);
  // Each with the result's digits, so that DuckDB computes in a type that holds it: DECIMAL(10,2) times
  // itself would be a DECIMAL(18,4).
  const [x, y] = [left, right].map((value, index) =>
    castSql(
      value,
      {
        type: "decimal",
        precision: result.precision,
        scale: op === "*" ? (index === 0 ? a.scale : b.scale) : result.scale,
      },
      failure,
    ),
  );
  return made(`CAST(${x?.sql} ${op} ${y?.sql} AS ${sqlType(type)})`, type, [left, right], true);
}

function decimalResult(op: ArithmeticOp, a: Decimal, b: Decimal): Decimal | undefined {
  const scale = Math.max(a.scale, b.scale);
  switch (op) {
    case "+":
    case "-":
      return { precision: Math.max(a.precision - a.scale, b.precision - b.scale) + scale + 1, scale };
    case "/": {
      const fraction = Math.max(6, a.scale + b.precision + 1);
      return { precision: a.precision - a.scale + b.scale + fraction, scale: fraction };
    }
    case "*":
      return { precision: a.precision + b.precision + 1, scale: a.scale + b.scale };
    default:
      return undefined;
  }
}

/** A quotient rounded half away from zero, computed in whole numbers: DuckDB divides decimals as doubles. */
function quotient(
  left: TypedSql,
  right: TypedSql,
  [a, b, result]: readonly [Decimal, Decimal, Decimal],
  failure: Failure,
): TypedSql {
  const type: ValueType = { type: "decimal", ...result };
  const [x, y] = [
    castSql(left, { type: "decimal", ...a }, failure),
    castSql(right, { type: "decimal", ...b }, failure),
  ];
  const [dividend, divisor] = [unscaled(x, a), unscaled(y, b)];
  const shifted = `(${dividend} * CAST('1${"0".repeat(result.scale - a.scale + b.scale)}' AS HUGEINT))`;
  const size = `((2 * abs(${shifted}) + abs(${divisor})) // (2 * abs(${divisor})))`;
  const sign = `CASE WHEN (${x.sql} < 0) <> (${y.sql} < 0) THEN -1 ELSE 1 END`;
  const unit = `CAST('0.${"0".repeat(result.scale - 1)}1' AS DECIMAL(${result.scale},${result.scale}))`;
  const value = `CAST(CAST(${size} * ${sign} AS DECIMAL(38,0)) * ${unit} AS ${sqlType(type)})`;
  return made(unlessZero(value, x, y, failure), type, [x, y], true);
}

/** A decimal as the whole number of its last digit's units. */
function unscaled(value: TypedSql, { precision, scale }: Decimal): string {
  if (scale === 0) return `CAST(${value.sql} AS HUGEINT)`;
  if (precision + scale > 37) {
    throw unsupportedExpression(`a division of ${valueTypeText(value.type)}`, { operator: "/" });
  }
  const wide = `CAST(${value.sql} AS DECIMAL(${precision},${scale}))`;
  return `CAST(CAST(${wide} AS DECIMAL(${precision + scale},${scale})) * CAST('1${"0".repeat(scale)}' AS DECIMAL(${scale + 1},0)) AS HUGEINT)`;
}
