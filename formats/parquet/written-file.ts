import { LakeError } from "../../core/index.js";
import type { Value } from "../../engine/index.js";

/**
 * Statistics of one leaf of a written file's columns, as the writer counted them. Members of lists
 * and maps have statistics too, of their items and not of rows: `path` then ends in `element`, `key`
 * or `value`, and only the file's schema tells such a path from a struct's field of that name.
 */
export interface ColumnStatistics {
  /** The column, then struct fields inside it. */
  readonly path: readonly string[];
  /** Bytes of the column in the file. */
  readonly sizeBytes: bigint;
  /** NULL values; a NULL struct counts for each of its fields. */
  readonly nullCount: bigint;
  /**
   * The least and greatest value as DuckDB writes them as text: booleans as 0 and 1, timestamps with a
   * zone as `2024-01-01 00:00:00.123456+00`, BLOBs in hexadecimal. NaN is not among them; zeros are
   * -0.0 as the least and 0.0 as the greatest, since they compare equal. Absent when the column has
   * no values but NULL or NaN, and for types and long texts the writer keeps none for.
   */
  readonly min?: string;
  readonly max?: string;
  /**
   * Whether `min` and `max` may be bounds and not values: the writer cuts texts at 256 bytes and
   * rounds the greatest up.
   */
  readonly boundsCut: boolean;
  /** FLOAT and DOUBLE only. */
  readonly hasNan?: boolean;
}

export interface WrittenFile {
  readonly localPath: string;
  readonly sizeBytes: bigint;
  readonly rowCount: bigint;
  /**
   * The value of each partition column as DuckDB casts it to text (timestamps
   * `2024-01-01 10:00:00.123456`, with a zone `+00` at the end, BLOBs with `\xFF` escapes), NULL as
   * null; an empty text and a text 'NULL' are what they are.
   */
  readonly partitionValues: ReadonlyMap<string, string | null>;
  readonly columns: readonly ColumnStatistics[];
}

// The writer cuts texts and BLOBs longer than this; one whose cut was moved back to the start of a
// character, or whose last byte was raised, is up to three bytes shorter.
const UNCUT_BYTES = 252;

/** One row of `COPY ... (RETURN_STATS)`. */
export function writtenFile(row: { readonly [column: string]: Value }): WrittenFile {
  const columns = asMap(row["column_statistics"]);
  const partitions = row["partition_keys"] === null ? new Map<Value, Value>() : asMap(row["partition_keys"]);
  return {
    localPath: String(row["filename"]),
    sizeBytes: asBigInt(row["file_size_bytes"]),
    rowCount: asBigInt(row["count"]),
    partitionValues: new Map(
      [...partitions].map(([name, value]) => [String(name), value === null ? null : String(value)]),
    ),
    columns: [...columns].map(([name, facts]) => columnStatistics(String(name), asMap(facts))),
  };
}

function columnStatistics(name: string, facts: ReadonlyMap<Value, Value>): ColumnStatistics {
  const text = (key: string): string | undefined => {
    const value = facts.get(key);
    return value === undefined || value === null ? undefined : String(value);
  };
  const hasNan = text("has_nan");
  const isFloat = hasNan !== undefined;
  const min = isFloat && text("min") === "0.0" ? "-0.0" : text("min");
  const max = isFloat && text("max") === "-0.0" ? "0.0" : text("max");
  const bytes = Math.max(Buffer.byteLength(min ?? ""), Buffer.byteLength(max ?? ""));
  return {
    path: splitColumnName(name),
    sizeBytes: asBigInt(facts.get("column_size_bytes")),
    nullCount: asBigInt(facts.get("null_count")),
    ...(min === undefined || max === undefined ? {} : { min, max }),
    boundsCut: bytes >= UNCUT_BYTES,
    ...(isFloat ? { hasNan: hasNan === "true" } : {}),
  };
}

/** The parts of a name as the writer spells it: each quoted, joined by dots. `"a.b"."c""d"` has two. */
export function splitColumnName(name: string): string[] {
  const parts = [...name.matchAll(/"((?:[^"]|"")*)"(?:\.|$)/gy)].map((match) =>
    (match[1] ?? "").replaceAll('""', '"'),
  );
  if (parts.length === 0) throw new LakeError("internal", "column-name", `unexpected column name ${name}`);
  return parts;
}

function asMap(value: Value | undefined): ReadonlyMap<Value, Value> {
  if (value instanceof Map) return value;
  throw new LakeError("internal", "copy-statistics", "the writer returned no statistics");
}

function asBigInt(value: Value | undefined): bigint {
  return typeof value === "bigint" ? value : BigInt(String(value ?? 0));
}
