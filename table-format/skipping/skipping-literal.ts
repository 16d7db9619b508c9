import { quoteString } from "../../engine/index.js";
import { type DataType, engineType } from "../schema/index.js";
import type { Literal } from "./predicate.js";

const INTEGER_TYPES = new Set([
  "TINYINT",
  "SMALLINT",
  "INTEGER",
  "BIGINT",
  "HUGEINT",
  "UTINYINT",
  "USMALLINT",
  "UINTEGER",
  "UBIGINT",
  "UHUGEINT",
]);
const FLOAT_TYPES = new Set(["FLOAT", "DOUBLE"]);
const INSTANT_TYPES = new Set(["TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"]);
const DECIMAL_TYPE = /^DECIMAL\(\d+,\s*(\d+)\)$/;

/**
 * A literal as SQL of the type that a column of `type` is compared in, when that comparison means what
 * DuckDB's own, between the column and the literal as it is typed, means. `undefined` otherwise. The SQL is
 * NULL when the text is not of the literal's type.
 */
export function literalSql(type: DataType, literal: Literal): string | undefined {
  const literalType = literal.type.trim().toUpperCase();
  switch (type.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      return integerSql(literalType, literal.text);
    case "decimal": {
      const digits = decimalDigits(literalType, literal.text);
      const fits =
        digits !== undefined && digits.scale <= type.scale && digits.whole <= type.precision - type.scale;
      return fits ? tryCast(literal.text, engineType(type)) : undefined;
    }
    case "float":
    case "double":
      return floatingSql(type.type, literalType, literal.text);
    case "timestamp":
      return INSTANT_TYPES.has(literalType) ? tryCast(literal.text, engineType(type)) : undefined;
    case "timestamp_ntz":
      if (literalType === "DATE") return `CAST(${tryCast(literal.text, "DATE")} AS TIMESTAMP)`;
      return literalType === "TIMESTAMP" ? tryCast(literal.text, "TIMESTAMP") : undefined;
    case "string":
      return literalType === "VARCHAR" ? quoteString(literal.text) : undefined;
    case "boolean":
    case "date":
    case "binary":
      return literalType === engineType(type) ? tryCast(literal.text, literalType) : undefined;
    default:
      return undefined;
  }
}

/** Whether a literal is a NaN, which DuckDB and Spark order after every number. */
export function isNaNLiteral(literal: Literal): boolean {
  return FLOAT_TYPES.has(literal.type.trim().toUpperCase()) && /^\s*[+-]?nan\s*$/i.test(literal.text);
}

function integerSql(literalType: string, text: string): string | undefined {
  if (!INTEGER_TYPES.has(literalType) || !/^[+-]?\d+$/.test(text)) return undefined;
  const value = BigInt(text);
  return tryCast(text, BigInt.asIntN(64, value) === value ? "BIGINT" : "HUGEINT");
}

/** The digits before the point and after it that matter, of a literal whose text its type holds as it is. */
function decimalDigits(literalType: string, text: string): { whole: number; scale: number } | undefined {
  const scale = INTEGER_TYPES.has(literalType) ? "0" : DECIMAL_TYPE.exec(literalType)?.[1];
  const match = /^[+-]?0*(\d*)(?:\.(\d*?)0*)?$/.exec(text);
  if (scale === undefined || match === null) return undefined;
  const fraction = match[2] ?? "";
  return fraction.length <= Number(scale)
    ? { whole: (match[1] ?? "").length, scale: fraction.length }
    : undefined;
}

/** The most significant digits that survive on the way to a double and back. */
const EXACT_DIGITS = { float: 6, double: 15 } as const;

function floatingSql(type: "float" | "double", literalType: string, text: string): string | undefined {
  const target = type === "float" ? "FLOAT" : "DOUBLE";
  if (literalType === target) return tryCast(text, target);
  if (literalType === "FLOAT") return `CAST(${tryCast(text, "FLOAT")} AS DOUBLE)`;
  if (literalType === "DOUBLE") {
    // DuckDB compares as DOUBLE; comparing as FLOAT is the same when the literal is one.
    const value = Number(text);
    return Math.fround(value) === value ? tryCast(text, "FLOAT") : undefined;
  }
  const digits = decimalDigits(literalType, text);
  if (digits === undefined || digits.whole + digits.scale > EXACT_DIGITS[type]) return undefined;
  // A fraction becomes a DOUBLE in DuckDB's comparison with a FLOAT column: whole numbers are the same in both.
  return type === "double" || digits.scale === 0 ? tryCast(text, target) : undefined;
}

function tryCast(text: string, type: string): string {
  return `TRY_CAST(${quoteString(text)} AS ${type})`;
}
