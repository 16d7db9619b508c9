import type { DataType, PrimitiveName } from "../schema/index.js";
import { unsupportedExpression } from "./failure.js";

const NAMES: Readonly<Record<string, PrimitiveName>> = {
  boolean: "boolean",
  tinyint: "byte",
  byte: "byte",
  smallint: "short",
  short: "short",
  int: "integer",
  integer: "integer",
  bigint: "long",
  long: "long",
  float: "float",
  real: "float",
  double: "double",
  date: "date",
  timestamp: "timestamp",
  timestamp_ltz: "timestamp",
  timestamp_ntz: "timestamp_ntz",
  string: "string",
  binary: "binary",
};

/**
 * A simple type by its Spark SQL name; `numbers` are what stands in parentheses after it.
 *
 * @throws LakeError `unsupported` for any other type.
 */
export function typeNamed(name: string, numbers: readonly number[]): DataType {
  const lower = name.toLowerCase();
  if (lower === "decimal" || lower === "dec" || lower === "numeric") {
    const [precision = 10, scale = 0] = numbers;
    if (numbers.length <= 2 && precision >= 1 && precision <= 38 && scale <= precision) {
      return { type: "decimal", precision, scale };
    }
  }
  const primitive = Object.hasOwn(NAMES, lower) ? NAMES[lower] : undefined;
  if (primitive !== undefined && numbers.length === 0) return { type: primitive };
  const text = numbers.length === 0 ? name : `${name}(${numbers.join(", ")})`;
  throw unsupportedExpression(`a cast to the type ${text}`, { type: text });
}

/** Functions that are casts by another name: `date(x)`, `string(x)`. */
export function castFunction(name: string): DataType | undefined {
  if (name === "decimal") return { type: "decimal", precision: 10, scale: 0 };
  const isCast = /^(boolean|tinyint|smallint|int|bigint|float|double|date|timestamp|string|binary)$/.test(
    name,
  );
  return isCast ? typeNamed(name, []) : undefined;
}
