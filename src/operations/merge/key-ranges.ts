import { quoteIdentifier, type Row } from "../../../engine/index.js";
import type { ColumnPath, DataType, Literal, Predicate } from "../../../table-format/index.js";
import type { MatchKey } from "./match-keys.js";
import type { MergeSession } from "./merge-session.js";
import { SOURCE } from "./merge-source.js";

/** The different values of a key in order, how far each is from the one before, and that one. */
const KEYS = "gl_merge_keys";

/** At most so many ranges speak of the values of a key. */
const MAX_RANGES = 100;
/** Values whose text is longer are not put into a predicate. */
const MAX_TEXT = 1_000;

const EVERY_ROW: Predicate = { kind: "constant", value: true };

/**
 * A predicate over the table that is TRUE for every row whose key is one of the source's: it says the ranges in which
 * they lie, with the widest gaps between them left out. NULL is equal to nothing.
 *
 * @param valueType the engine's type of the key's expression, which the column is compared in
 */
export async function keyPredicate(
  merge: MergeSession,
  key: MatchKey,
  valueType: string,
): Promise<Predicate> {
  const { session, signal } = merge;
  const value = `(${key.expression.text}\n)`;
  const from = `${SOURCE} AS ${quoteIdentifier(merge.names.source)}`;
  const [ends = {}] = await session.rows(
    `SELECT min(${value})::VARCHAR AS lo, max(${value})::VARCHAR AS hi FROM ${from}`,
    { signal },
  );
  const whole = rangeOf(ends);
  if (whole === undefined) return { kind: "constant", value: false };
  if (!isSayable(whole)) return EVERY_ROW;
  await merge.run(
    `CREATE OR REPLACE TEMP TABLE ${KEYS} AS
     SELECT k, lag(k) OVER keys AS before, p - lag(p) OVER keys AS gap
     FROM (SELECT k, ${positionSql(key.type, whole)} AS p FROM (SELECT DISTINCT ${value} AS k FROM ${from}) WHERE k IS NOT NULL)
     WINDOW keys AS (ORDER BY k)`,
  );
  const gaps = await session.rows(
    `SELECT before::VARCHAR AS hi, k::VARCHAR AS lo
     FROM (FROM ${KEYS} WHERE gap > 0 ORDER BY gap DESC LIMIT ${MAX_RANGES - 1}) ORDER BY k`,
    { signal },
  );
  await merge.run(`DROP TABLE ${KEYS}`);
  const ranges = rangesBetween(whole, gaps);
  return ranges.every(isSayable) ? inRanges(key.column, valueType, ranges) : EVERY_ROW;
}

/** Both ends included. */
interface Range {
  readonly lo: string;
  readonly hi: string;
}

function rangeOf({ lo, hi }: Row): Range | undefined {
  return typeof lo === "string" && typeof hi === "string" ? { lo, hi } : undefined;
}

/** NaN is equal to itself, and statistics do not speak of it; a NUL ends a text of SQL. */
function isSayable({ lo, hi }: Range): boolean {
  return [lo, hi].every((text) => text.length <= MAX_TEXT && text !== "nan" && !text.includes("\0"));
}

/** @param gaps in order: where a range ends and where the next begins */
function rangesBetween(whole: Range, gaps: readonly Row[]): Range[] {
  const ranges: Range[] = [];
  let { lo } = whole;
  for (const gap of gaps) {
    ranges.push({ lo, hi: String(gap["hi"]) });
    lo = String(gap["lo"]);
  }
  return [...ranges, { lo, hi: whole.hi }];
}

/** Pure. */
function inRanges(column: ColumnPath, type: string, ranges: readonly Range[]): Predicate {
  const compare = (op: "=" | "<=" | ">=", text: string): Predicate => {
    const value: Literal = { type, text };
    return { kind: "compare", column, op, value };
  };
  const operands = ranges.map(({ lo, hi }): Predicate => {
    if (lo === hi) return compare("=", lo);
    return { kind: "and", operands: [compare(">=", lo), compare("<=", hi)] };
  });
  return { kind: "or", operands };
}

/**
 * SQL of a number that grows with the key `k`, by which gaps are compared: a guess at how many files lie in one. NULL
 * where there is none.
 */
function positionSql(type: DataType, { lo, hi }: Range): string {
  switch (type.type) {
    case "string": {
      const bytes = `hex(encode(substr(k, ${commonLength(lo, hi) + 1}, ${POSITION_BYTES})))`;
      return `TRY(CAST(CAST('0x' || rpad(left(${bytes}, ${2 * POSITION_BYTES}), ${2 * POSITION_BYTES}, '0') AS UBIGINT) AS DOUBLE))`;
    }
    case "boolean":
      return "CAST(CAST(k AS INTEGER) AS DOUBLE)";
    case "date":
    case "timestamp":
    case "timestamp_ntz":
      return "TRY(epoch(k))";
    default:
      return "CAST(k AS DOUBLE)";
  }
}

const POSITION_BYTES = 6;

/** Code points that two texts begin with alike. */
function commonLength(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  const differs = left.findIndex((character, index) => character !== right[index]);
  return differs === -1 ? left.length : differs;
}
