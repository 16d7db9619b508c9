import { quoteIdentifier, quoteString } from "../../../engine/index.js";
import { type DataType, engineType, type StructField } from "../../../table-format/index.js";
import {
  clockMicros,
  dayNumber,
  decimalUnits,
  floatingNumber,
  instantMicros,
  unfit,
  type ValuePlace,
  wholeNumber,
} from "./row-values.js";

/** Of more values than this the engine reads columns faster than text. */
const MOST_VALUES = 64;

/**
 * A SELECT of a few rows, their values written out: for one row this is what costs least. `undefined` for rows that
 * are better given as columns: many, or with values inside others.
 *
 * @param given the columns, in the order of each row
 * @throws LakeError `invalid-input` `row-value` naming the row and the field.
 */
export function literalRows(
  given: readonly StructField[],
  rows: readonly ReadonlyMap<string, unknown>[],
): string | undefined {
  if (given.length === 0 || given.length * rows.length > MOST_VALUES) return undefined;
  const values: string[] = [];
  for (const [row, fields] of rows.entries()) {
    const literals: string[] = [];
    for (const { name, type } of given) {
      const literal = literalOf(fields.get(name), type, { row, path: name });
      if (literal === undefined) return undefined;
      literals.push(literal);
    }
    values.push(`(${literals.join(", ")})`);
  }
  const names = given.map(({ name }) => quoteIdentifier(name)).join(", ");
  return `SELECT * FROM (VALUES ${values.join(", ")}) AS given(${names})`;
}

/** `undefined` for a value that text does not hold as it is. */
function literalOf(value: unknown, type: DataType, place: ValuePlace): string | undefined {
  const engine = engineType(type);
  const cast = (text: string): string => `CAST(${quoteString(text)} AS ${engine})`;
  if (value === null || value === undefined) return `CAST(NULL AS ${engine})`;
  switch (type.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      return cast(String(wholeNumber(value, type, place)));
    case "float":
    case "double": {
      const number = floatingNumber(value, type, place);
      return cast(Object.is(number, -0) ? "-0.0" : String(number));
    }
    case "decimal":
      return cast(decimalText(decimalUnits(value, type, place), type.scale));
    case "boolean":
      if (typeof value !== "boolean") throw unfit(value, type, place);
      return cast(String(value));
    case "string":
      if (typeof value !== "string") throw unfit(value, type, place);
      // The engine takes a NUL for the end of a statement.
      return value.includes("\0") ? undefined : cast(value);
    case "binary":
      if (!(value instanceof Uint8Array)) throw unfit(value, type, place);
      return `from_hex(${quoteString(Buffer.from(value).toString("hex"))})`;
    case "date":
      return `CAST('1970-01-01' AS DATE) + CAST(${quoteString(String(dayNumber(value, type, place)))} AS INTEGER)`;
    case "timestamp":
      return `CAST(make_timestamp(${instantMicros(value, type, place)}) AS ${engine})`;
    case "timestamp_ntz":
      return `make_timestamp(${clockMicros(value, type, place)})`;
    default:
      return undefined;
  }
}

function decimalText(units: bigint, scale: number): string {
  const digits = String(units < 0n ? -units : units).padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? "" : `.${digits.slice(-scale)}`;
  return `${units < 0n ? "-" : ""}${whole}${fraction}`;
}
