import { type DataType, engineType } from "../schema/index.js";
import type { CompareOp } from "./predicate.js";

/** The bounds of a column in a file. */
export interface Bounds {
  /**
   * SQL that is FALSE only when no value within the bounds is in `op` to the literal; `undefined` when nothing
   * can be said. `literal` is SQL that `literalSql` gave, or several such put together, and not NaN.
   */
  test(op: CompareOp, literal: string): string | undefined;
}

/** SQL of a bound, read out of the statistics' JSON as `type`, a DuckDB type; NULL when it is not one. */
export type ReadBound = (side: "minValues" | "maxValues", type: string) => string;

/**
 * The bounds of a column of `type`. Where writers differ in what they call a bound, the loosest reading
 * counts (PROTOCOL.md, "Per-file Statistics"):
 * - strings are cut at a length, and a maximum that was cut should have a greatest character after it; one
 *   that may lack it, or have Spark's old U+FFFD, is compared up to the cut only;
 * - timestamps may lack everything below the millisecond;
 * - writers pass over NaN, which is greater than every number, so a maximum says nothing of `>`;
 * - JSON's fractions pass through a double, which holds 15 digits: longer decimals get a margin;
 * - a fraction for a column of whole numbers is rounded, past no whole number.
 */
export function boundsOf(type: DataType, read: ReadBound): Bounds {
  const stored = engineType(type);
  const min = (): string => read("minValues", stored);
  const max = (): string => read("maxValues", stored);
  switch (type.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      // A table whose columns were widened has files with narrower statistics: one type fits all.
      return exact(
        () => read("minValues", "BIGINT"),
        () => read("maxValues", "BIGINT"),
      );
    case "boolean":
    case "date":
      return exact(min, max);
    case "decimal":
      return type.precision <= DOUBLE_DIGITS ? exact(min, max) : wideDecimals(read);
    case "float":
    case "double":
      return floats(min, max, stored);
    case "timestamp":
      return timestamps(
        zoned(() => read("minValues", "VARCHAR")),
        zoned(() => read("maxValues", "VARCHAR")),
        stored,
      );
    case "timestamp_ntz":
      return timestamps(
        () => read("minValues", "VARCHAR"),
        () => read("maxValues", "VARCHAR"),
        stored,
      );
    case "string":
      return strings(min, max);
    default:
      return { test: () => undefined };
  }
}

type Sql = () => string;

// Delta's decimals of up to 15 digits survive the way through a double.
const DOUBLE_DIGITS = 15;

function exact(min: Sql, max: Sql): Bounds {
  return {
    test(op, literal) {
      switch (op) {
        case "=":
          return `${min()} <= ${literal} AND ${max()} >= ${literal}`;
        case "!=":
          return `${min()} != ${literal} OR ${max()} != ${literal}`;
        case "<":
        case "<=":
          return `${min()} ${op} ${literal}`;
        case ">":
        case ">=":
          return `${max()} ${op} ${literal}`;
      }
    },
  };
}

/** Doubles in place of decimals, with a margin for the digits that a double does not hold. */
function wideDecimals(read: ReadBound): Bounds {
  const margin = (side: "minValues" | "maxValues"): string => `abs(${read(side, "DOUBLE")}) * 1e-15`;
  const bounds = exact(
    () => `${read("minValues", "DOUBLE")} - ${margin("minValues")}`,
    () => `${read("maxValues", "DOUBLE")} + ${margin("maxValues")}`,
  );
  return { test: (op, literal) => bounds.test(op, `CAST(${literal} AS DOUBLE)`) };
}

function floats(min: Sql, max: Sql, type: string): Bounds {
  const bounds = exact(
    // A minimum that is NaN comes from a writer that met a NaN first: it says nothing.
    () => `NULLIF(${min()}, CAST('nan' AS ${type}))`,
    () => `NULLIF(${max()}, CAST('nan' AS ${type}))`,
  );
  return {
    test: (op, literal) => (op === "=" || op === "<" || op === "<=" ? bounds.test(op, literal) : undefined),
  };
}

function timestamps(min: Sql, max: Sql, type: string): Bounds {
  return exact(
    () => `TRY_CAST(${min()} AS ${type})`,
    () => `TRY(TRY_CAST(${max()} AS ${type}) + INTERVAL 999 MICROSECOND)`,
  );
}

/** Text of a timestamp that ends in its zone, "Z" or "+02:00"; without one it would be read in ours. */
function zoned(text: Sql): Sql {
  const hasZone = (): string =>
    ["%Z", "%+__:__", "%-__:__"].map((end) => `${text()} LIKE '${end}'`).join(" OR ");
  return () => `CASE WHEN ${hasZone()} THEN ${text()} END`;
}

// Delta's own writers cut strings no shorter than this.
const PREFIX_LENGTH = 32;

function strings(min: Sql, max: Sql): Bounds {
  const bounds = exact(min, max);
  // What Spark put at the cut: its tie-breaker, and before it a "?" for half of a surrogate pair.
  const stem = (): string => `rtrim(${max()}, '\uFFFD?')`;
  const maybeCut = (): string => `length(${max()}) >= ${PREFIX_LENGTH} OR ends_with(${max()}, '\uFFFD')`;
  const reaches = (op: ">" | ">=", literal: string): string =>
    `CASE WHEN ${maybeCut()} THEN ${stem()} >= left(${literal}, length(${stem()})) ELSE ${max()} ${op} ${literal} END`;
  return {
    test(op, literal) {
      switch (op) {
        case "=":
          return `${min()} <= ${literal} AND ${reaches(">=", literal)}`;
        case ">":
        case ">=":
          return reaches(op, literal);
        case "!=":
          return `${bounds.test("!=", literal)} OR length(${literal}) >= ${PREFIX_LENGTH}`;
        default:
          return bounds.test(op, literal);
      }
    },
  };
}
