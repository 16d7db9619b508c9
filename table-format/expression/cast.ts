import { type DataType, engineType } from "../schema/index.js";
import { unsupportedExpression } from "./failure.js";
import {
  BOOLEAN,
  type Failure,
  isNumeric,
  isStored,
  isTemporal,
  isWhole,
  made,
  sqlType,
  stringSql,
  type TypedSql,
  type ValueType,
  valueTypeText,
} from "./typed-sql.js";

// What Spark takes off both ends of a string before it reads a value in it, in a character class of RE2.
const BLANKS = "\\x00-\\x20\\x7f";
const WHOLE_NUMBER = "[+-]?[0-9]+";
const NUMBER = "[+-]?(?:[0-9]+\\.?[0-9]*|\\.[0-9]+)(?:[eE][+-]?[0-9]+)?";
const SPECIAL_NUMBER = "(?i:[+-]?(?:nan|inf|infinity))";
const DAY = "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}";
const TIME = "(?:[01]?[0-9]|2[0-3]):[0-5]?[0-9]:[0-5]?[0-9](?:\\.[0-9]{1,6})?";
const ZONE = "(?:Z| ?UTC|[+-][0-9]{2}:[0-9]{2})";

/** How casts fail: by an error, or to NULL. */
export interface CastMode extends Failure {
  readonly cast?: "CAST" | "TRY_CAST";
  /** SQL for a string whose value Spark may read and this release does not: never NULL. */
  unknown?(what: string): string;
}

/** Casts implicitly: nothing to do when the type is the one wanted, a typed NULL for a bare one. */
export function coerce(value: TypedSql, target: ValueType, failure: Failure): TypedSql {
  if (valueTypeText(value.type) === valueTypeText(target)) return value;
  if (!isStored(target)) throw noCast(value.type, target);
  return castSql(value, target, failure);
}

/**
 * `CAST(value AS target)` with Spark's meaning under ANSI, where a value that does not fit is an error
 * (Spark SQL reference, "ANSI Compliance", "Cast"). Casts whose text or digits DuckDB would give differently
 * are refused, doubles to strings and decimals for one.
 *
 * @throws LakeError `unsupported` naming both types.
 */
export function castSql(value: TypedSql, target: DataType, mode: CastMode): TypedSql {
  const { type: source, sql } = value;
  const plain = (text: string, canFail: boolean): TypedSql =>
    made(`CAST(${text} AS ${engineType(target)})`, target, [value], canFail);
  if (source.type === "void") return plain("NULL", false);
  if (valueTypeText(source) === valueTypeText(target)) return value;
  if (source.type === "string") return fromString(value, target, mode);
  if (target.type === "string") return asText(value, mode);
  if (isNumeric(source) && isNumeric(target)) return betweenNumbers(value, target, mode);
  if (isNumeric(source) && target.type === "boolean") return made(`${sql} <> 0`, BOOLEAN, [value]);
  if (source.type === "boolean" && isNumeric(target)) return plain(`CAST(${sql} AS INTEGER)`, false);
  if (isTemporal(source) && isTemporal(target)) return betweenTimes(value, target);
  if (source.type === "timestamp" && target.type === "long") return secondsOf(value);
  if (isWhole(source) && target.type === "timestamp" && mode.cast !== "TRY_CAST") {
    return plain(`make_timestamp(CAST(${sql} AS BIGINT) * 1000000)`, true);
  }
  throw noCast(source, target);
}

/** Whole seconds since the epoch, rounded down. */
function secondsOf(value: TypedSql): TypedSql {
  const micros = `epoch_us(${value.sql})`;
  return made(
    `(${micros} - ((${micros} % 1000000) + 1000000) % 1000000) // 1000000`,
    { type: "long" },
    [value],
    false,
  );
}

/** `TRY_CAST`: NULL where the cast fails. @throws LakeError `unsupported` as {@link castSql}. */
export function tryCastSql(value: TypedSql, target: DataType, failure: Failure): TypedSql {
  return castSql(value, target, {
    fail: () => "NULL",
    cast: "TRY_CAST",
    unknown: (what) => failure.fail(what),
  });
}

function betweenTimes(value: TypedSql, target: DataType): TypedSql {
  const { sql, type: source } = value;
  // Without the calendar of ICU, which costs ten times as much: the session's zone is UTC.
  const clock = source.type === "timestamp" ? `make_timestamp(epoch_us(${sql}))` : sql;
  return made(`CAST(${clock} AS ${engineType(target)})`, target, [value]);
}

function betweenNumbers(value: TypedSql, target: DataType, mode: CastMode): TypedSql {
  const { sql, type: source } = value;
  const isFloating = source.type === "float" || source.type === "double";
  if (isFloating && target.type === "decimal") throw noCast(source, target);
  // Spark cuts the fraction off, DuckDB rounds it.
  const cut = isWhole(target) && !isWhole(source) ? `trunc(${sql})` : sql;
  return made(`${mode.cast ?? "CAST"}(${cut} AS ${engineType(target)})`, target, [value], true);
}

function asText(value: TypedSql, mode: CastMode): TypedSql {
  const { sql, type } = value;
  const text = (of: string): TypedSql => made(`CAST(${of} AS VARCHAR)`, { type: "string" }, [value]);
  const dated = (of: string): TypedSql =>
    made(withFourDigitYear(of, `CAST(${of} AS VARCHAR)`, mode), { type: "string" }, [value], true);
  switch (type.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
    case "boolean":
      return text(sql);
    case "date":
    case "timestamp_ntz":
      return dated(sql);
    case "decimal":
      // DuckDB leaves out the 0 before the point where the type has no digit for it.
      if (type.precision > type.scale) return text(sql);
      if (type.precision === 38) throw noCast(type, { type: "string" });
      return text(`CAST(${sql} AS DECIMAL(${type.precision + 1},${type.scale}))`);
    case "timestamp":
      return dated(`make_timestamp(epoch_us(${sql}))`);
    case "binary":
      if (mode.cast === "TRY_CAST") throw noCast(type, { type: "string" });
      return made(`decode(${sql})`, { type: "string" }, [value], true);
    default:
      throw noCast(type, { type: "string" });
  }
}

/** The text of a date or wall clock, for the years that both engines write alike, 1 to 9999. */
export function withFourDigitYear(clock: string, text: string, failure: Failure): string {
  const error = failure.fail("a year before 1 or after 9999 has no text that engines agree on");
  return `CASE WHEN year(${clock}) BETWEEN 1 AND 9999 THEN ${text} WHEN ${clock} IS NULL THEN NULL ELSE ${error} END`;
}

/** Strings that Spark may read as this type in a form that this release does not know, as a pattern of RE2. */
function doubtfulForm(target: DataType): string | undefined {
  switch (target.type) {
    // Digits of other scripts, and the suffixes that Java allows.
    case "decimal":
    case "float":
    case "double":
      return `[^\\x00-\\x7f]|[0-9.][dDfF][${BLANKS}]*$`;
    // Years alone, months alone, years of more digits, more digits of a second, zones by name.
    case "date":
    case "timestamp":
    case "timestamp_ntz":
      return `^[${BLANKS}]*[+-]?[0-9]{4}`;
    default:
      return undefined;
  }
}

/** Reads a string that looks as `pattern` says, blanks around it aside, and fails on any other. */
function fromString(value: TypedSql, target: DataType, mode: CastMode): TypedSql {
  const what = `a string is not a ${valueTypeText(target)}`;
  const doubt = mode.unknown?.(what);
  const form = doubtfulForm(target);
  const unread =
    doubt === undefined || form === undefined
      ? ""
      : `WHEN regexp_matches(${value.sql}, ${stringSql(form)}) THEN ${doubt} `;
  const error = mode.fail(what);
  const trimmed = `regexp_replace(${value.sql}, '^[${BLANKS}]+|[${BLANKS}]+$', '', 'g')`;
  const read = (pattern: string, as: string): TypedSql =>
    made(
      `CASE WHEN regexp_full_match(${trimmed}, ${stringSql(pattern)}) THEN ${as} WHEN ${value.sql} IS NULL THEN NULL ${unread}ELSE ${error} END`,
      target,
      [value],
      true,
    );
  const keyword = mode.cast ?? "CAST";
  const cast = `${keyword}(${trimmed} AS ${sqlType(target)})`;
  switch (target.type) {
    case "byte":
    case "short":
    case "integer":
    case "long":
      return read(WHOLE_NUMBER, cast);
    case "decimal":
      return read(NUMBER, cast);
    case "float":
    case "double":
      return read(`${NUMBER}|${SPECIAL_NUMBER}`, cast);
    case "boolean":
      return read(
        "(?i:t|true|y|yes|1|f|false|n|no|0)",
        `lower(${trimmed}) IN ('t', 'true', 'y', 'yes', '1')`,
      );
    case "date": {
      const day = `regexp_extract(${trimmed}, '^[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}')`;
      return read(`${DAY}(?:[ T].*)?`, `${keyword}(${day} AS DATE)`);
    }
    case "timestamp":
      return read(`${DAY}(?:[ T]${TIME}(?:${ZONE})?)?`, cast);
    case "timestamp_ntz":
      return read(`${DAY}(?:[ T]${TIME})?`, cast);
    case "binary":
      return made(`encode(${value.sql})`, target, [value]);
    default:
      throw noCast(value.type, target);
  }
}

function noCast(source: ValueType, target: ValueType): Error {
  const [from, to] = [valueTypeText(source), valueTypeText(target)];
  return unsupportedExpression(`a cast of ${from} to ${to}`, { from, to });
}
