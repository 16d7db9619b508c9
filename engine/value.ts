import {
  DuckDBArrayValue,
  DuckDBBitValue,
  DuckDBBlobValue,
  DuckDBDateValue,
  DuckDBDecimalValue,
  DuckDBIntervalValue,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBStructValue,
  DuckDBTimestampMillisecondsValue,
  DuckDBTimestampNanosecondsValue,
  DuckDBTimestampSecondsValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBUnionValue,
  type DuckDBValue,
} from "@duckdb/node-api";

/**
 * One SQL value in JavaScript. Integers of 64 bits and more are `bigint`; decimals, dates and
 * timestamps are strings that hold every digit: `"12.50"`, `"2024-01-31"`,
 * `"2024-01-31 10:00:00.123456"` (wall clock), `"2024-01-31T10:00:00.123456Z"` (instant, UTC).
 * A MAP is a `Map`, a STRUCT a plain object, a LIST an array, a BLOB a `Uint8Array`.
 */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | ReadonlyMap<Value, Value>
  | { readonly [field: string]: Value };

export type Row = { readonly [column: string]: Value };

export function toValue(value: DuckDBValue): Value {
  if (value === null || typeof value !== "object") return value ?? null;
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return value.items.map(toValue);
  if (value instanceof DuckDBStructValue) {
    const fields: Record<string, Value> = {};
    for (const [name, field] of Object.entries(value.entries)) fields[name] = toValue(field);
    return fields;
  }
  if (value instanceof DuckDBMapValue) {
    return new Map(value.entries.map((entry) => [toValue(entry.key), toValue(entry.value)]));
  }
  if (value instanceof DuckDBUnionValue) return toValue(value.value);
  if (value instanceof DuckDBBlobValue) return value.bytes;
  if (value instanceof DuckDBTimestampTZValue) return instantText(value.micros);
  if (
    value instanceof DuckDBDecimalValue ||
    value instanceof DuckDBDateValue ||
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBTimestampSecondsValue ||
    value instanceof DuckDBTimestampMillisecondsValue ||
    value instanceof DuckDBTimestampNanosecondsValue ||
    value instanceof DuckDBIntervalValue ||
    value instanceof DuckDBBitValue
  ) {
    return value.toString();
  }
  return String(value);
}

/** ISO 8601 in UTC with as many digits of the fraction as it has. */
function instantText(micros: bigint): string {
  const wallClock = new DuckDBTimestampValue(micros).toString();
  return /^\d{4}-/.test(wallClock) ? `${wallClock.replace(" ", "T")}Z` : wallClock;
}
