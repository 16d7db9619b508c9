import { quoteString } from "../../engine/index.js";

/**
 * What the text of one value is. A column or field has one kind of value or it stays text; the one
 * pair of kinds that share a type is whole numbers and fractions (DOUBLE).
 *
 * The same pattern decides the kind when types are inferred and again, for every value, when the file
 * is read: a cast never sees a text that it would round, cut or guess at (DuckDB casts '0.5' and
 * '00501' to BIGINT, '2024-01-05 10:00:00' to DATE and '...+02:00' to TIMESTAMP without a word).
 */
export type ValueKind = keyof typeof KINDS;

// `bit` marks the kind in a column's bitmap. Patterns are RE2, matched whole, tried in this order.
// RE2 repeats at most 1,000 times; no pattern comes near.
const KINDS = {
  /** Whole, and exact as a double: |n| < 10^15. */
  integer: { bit: 1, pattern: "0|-?[1-9][0-9]{0,14}" },
  /** Whole, of up to 38 digits; whether it fits 64 bits is the cast's to say. */
  wide: { bit: 2, pattern: "-?[1-9][0-9]{15,37}" },
  /** A fraction or an exponent. A leading zero before another digit makes it text. */
  fraction: {
    bit: 4,
    pattern: "-?(?:0|[1-9][0-9]*)?\\.[0-9]+(?:[eE][+-]?[0-9]+)?|-?(?:0|[1-9][0-9]*)(?:[eE][+-]?[0-9]+)|-0",
  },
  nonFinite: { bit: 8, pattern: "[Nn]a[Nn]|NAN|[+-]?(?:[Ii]nf|INF|[Ii]nfinity)" },
  boolean: { bit: 16, pattern: "true|false|True|False|TRUE|FALSE" },
  /** Year first, so that no order of day and month is guessed. */
  date: { bit: 32, pattern: "[0-9]{4}(?:-[0-9]{1,2}-[0-9]{1,2}|/[0-9]{1,2}/[0-9]{1,2})" },
  /** Date and time of day with no zone, to the microsecond. */
  wallClock: {
    bit: 64,
    pattern: "[0-9]{4}(?:-[0-9]{2}-|/[0-9]{2}/)[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\\.[0-9]{1,6})?)?",
  },
  /** Date and time of day with `Z` or an offset, to the microsecond. */
  instant: {
    bit: 128,
    pattern:
      "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)",
  },
  /** Anything else. */
  text: { bit: 256, pattern: ".*" },
  /** A JSON object or array, in a place where other records hold a scalar. */
  nested: { bit: 512, pattern: "(?s)[\\[{].*" },
  /** A JSON string, in a place where other records hold something else. */
  quoted: { bit: 1024, pattern: '(?s)".*' },
} as const;

/** A whole number outside 64 bits; counted by inference beside `wide`. */
const OVERFLOW_BIT = 2048;

/** Kinds that a type other than text comes from. */
export const TEXT_KINDS = [
  "integer",
  "wide",
  "fraction",
  "nonFinite",
  "boolean",
  "date",
  "wallClock",
  "instant",
] as const satisfies readonly ValueKind[];

/** SQL: whether a VARCHAR expression is, as a whole, of one of the kinds. */
export function isOfKind(expression: string, kinds: readonly ValueKind[]): string {
  const pattern = kinds.map((kind) => `(?:${KINDS[kind].pattern})`).join("|");
  return `regexp_full_match(${expression}, ${quoteString(pattern)})`;
}

/** What a text of a kind must cast to beside matching its pattern: there is no 30th of February. */
const CAST_OF_KIND: Readonly<Partial<Record<ValueKind, ScalarType>>> = {
  fraction: "DOUBLE",
  date: "DATE",
  wallClock: "TIMESTAMP",
  instant: "TIMESTAMP WITH TIME ZONE",
};

function kindBit(expression: string, kinds: readonly ValueKind[], otherwise: ValueKind): string {
  const cases = kinds.map(
    (kind) => `WHEN ${isOfKind(expression, [kind])} THEN ${bitOfMatch(expression, kind)}`,
  );
  return `CASE WHEN ${expression} IS NULL THEN NULL ${cases.join(" ")} ELSE ${KINDS[otherwise].bit} END`;
}

/** SQL: the bit of a text that matches the pattern of a kind. */
function bitOfMatch(expression: string, kind: ValueKind): string {
  const { bit } = KINDS[kind];
  if (kind === "wide") {
    return `CASE WHEN TRY_CAST(${expression} AS BIGINT) IS NULL THEN ${bit | OVERFLOW_BIT} ELSE ${bit} END`;
  }
  const type = CAST_OF_KIND[kind];
  if (type === undefined) return String(bit);
  const cast = `TRY_CAST(${expression} AS ${type})`;
  const fits = type === "DOUBLE" ? `isfinite(${cast})` : `${cast} IS NOT NULL`;
  return `CASE WHEN ${fits} THEN ${bit} ELSE ${KINDS.text.bit} END`;
}

/** What a text of any kind but `text` may begin with, beside what sorts before ':'. */
const FIRST_LETTERS = [..."NnIiTtFf"].map((letter) => letter.charCodeAt(0)).join(", ");

/** SQL: the kind's bit of a field of a CSV record; NULL for NULL and for the empty text. */
export function csvKindBit(expression: string): string {
  // Most texts are told by their first character, without a pattern.
  const isText = `ascii(${expression}) > 57 AND ascii(${expression}) NOT IN (${FIRST_LETTERS})`;
  return (
    `CASE WHEN ${expression} = '' THEN NULL WHEN ${isText} THEN ${KINDS.text.bit} ` +
    `ELSE ${kindBit(expression, TEXT_KINDS, "text")} END`
  );
}

/** SQL: the kind's bit of a JSON string. */
export function jsonStringKindBit(expression: string): string {
  return kindBit(expression, ["date", "wallClock", "instant"], "text");
}

/** SQL: the kind's bit of any JSON value given as its JSON text. */
export function jsonValueKindBit(expression: string): string {
  return kindBit(
    expression,
    ["quoted", "nested", "integer", "wide", "fraction", "nonFinite", "boolean"],
    "text",
  );
}

/** The kinds found in the values of one column or field. */
export class KindSet {
  readonly #bits: number;

  /** @param bits What `bit_or` of the kinds' bits gave; 0 when every value is NULL. */
  constructor(bits: number) {
    this.#bits = bits;
  }

  get isEmpty(): boolean {
    return this.#bits === 0;
  }

  get overflows64Bits(): boolean {
    return (this.#bits & OVERFLOW_BIT) !== 0;
  }

  has(kind: ValueKind): boolean {
    return (this.#bits & KINDS[kind].bit) !== 0;
  }

  /** Whether there are values, and each is of one of the kinds. */
  isWithin(...kinds: readonly ValueKind[]): boolean {
    const allowed = kinds.reduce((mask, kind) => mask | KINDS[kind].bit, OVERFLOW_BIT);
    return this.#bits !== 0 && (this.#bits & ~allowed) === 0;
  }

  /** The kinds, for a note to a person. */
  describe(): string {
    const names: Readonly<Record<ValueKind, string>> = {
      integer: "whole numbers",
      wide: "whole numbers beyond a double's exact range",
      fraction: "fractions",
      nonFinite: "NaN or infinity",
      boolean: "true/false",
      date: "dates",
      wallClock: "timestamps without a zone",
      instant: "timestamps with a zone",
      text: "text",
      nested: "objects or arrays",
      quoted: "strings",
    };
    return (Object.keys(KINDS) as ValueKind[])
      .filter((kind) => this.has(kind))
      .map((kind) => names[kind])
      .join(", ");
  }
}

/** The type of a scalar column or field of a text format. */
export type ScalarType =
  | "BIGINT"
  | "DECIMAL(38,0)"
  | "DOUBLE"
  | "BOOLEAN"
  | "DATE"
  | "TIMESTAMP"
  | "TIMESTAMP WITH TIME ZONE"
  | "VARCHAR";

/** The one type that holds every value of these kinds without loss; VARCHAR when no other does. */
export function scalarTypeOf(kinds: KindSet): ScalarType {
  if (kinds.isWithin("integer")) return "BIGINT";
  if (kinds.isWithin("integer", "wide")) return kinds.overflows64Bits ? "DECIMAL(38,0)" : "BIGINT";
  if (kinds.isWithin("integer", "fraction", "nonFinite") && !kinds.isWithin("nonFinite")) return "DOUBLE";
  if (kinds.isWithin("boolean")) return "BOOLEAN";
  if (kinds.isWithin("date")) return "DATE";
  if (kinds.isWithin("wallClock")) return "TIMESTAMP";
  if (kinds.isWithin("instant")) return "TIMESTAMP WITH TIME ZONE";
  return "VARCHAR";
}

const KINDS_OF_TYPE: Readonly<Record<Exclude<ScalarType, "VARCHAR">, readonly ValueKind[]>> = {
  BIGINT: ["integer", "wide"],
  "DECIMAL(38,0)": ["integer", "wide"],
  DOUBLE: ["integer", "fraction", "nonFinite"],
  BOOLEAN: ["boolean"],
  DATE: ["date"],
  TIMESTAMP: ["wallClock"],
  "TIMESTAMP WITH TIME ZONE": ["instant"],
};

/** What a read fails with, as its message's first word, when a value is not of its column's type. */
export const VALUE_DOES_NOT_FIT = "value-does-not-fit";

/** SQL that fails the statement, naming the value and what it was to be. */
export function doesNotFit(expression: string, type: string): string {
  return `error('${VALUE_DOES_NOT_FIT}: ' || left(CAST(${expression} AS VARCHAR), 100) || ' is not ${type}')`;
}

/**
 * Branches of a CASE for the way nearly all values are written, told without a pattern at a fraction of
 * its cost. What they let through is of the type's kinds, or is a text that the cast refuses.
 *
 * @param refusal What a text that is not of the type does in them: fails, or gives NULL.
 */
export function usualBranches(text: string, type: ScalarType, refusal: "CAST" | "TRY_CAST" = "CAST"): string {
  // The same expression in a branch's condition and in its result is evaluated once.
  const cast = `TRY_CAST(${text} AS ${type})`;
  const when = (condition: string): string => `WHEN ${condition} THEN ${refusal}(${text} AS ${type})`;
  switch (type) {
    case "BIGINT":
      return `WHEN CAST(${cast} AS VARCHAR) = ${text} THEN ${cast}`;
    case "DOUBLE":
      return `WHEN ${isJsonNumber(text, cast)} THEN ${cast}`;
    case "BOOLEAN":
      return `WHEN ${text} = 'true' THEN true WHEN ${text} = 'false' THEN false`;
    case "DATE":
      return when(`${text} LIKE '____-__-__'`);
    case "TIMESTAMP":
      return when(`${text} LIKE '____-__-_____:__:__'`);
    case "TIMESTAMP WITH TIME ZONE":
      return `${when(`${text} LIKE '____-__-_____:__:__Z'`)} ${when(`${text} LIKE '____-__-_____:__:__.%Z' AND strlen(${text}) <= 27`)}`;
    default:
      return "";
  }
}

/**
 * SQL: whether a text is a number as JSON writes it, given its cast to DOUBLE, and below 10^15, where
 * whole numbers are exact. JSON's grammar refuses '007', '+1', '1.' and '1_000' as the patterns do; its
 * parser lets white space stand around a value, which sorts before '-', and takes NaN and infinities,
 * which the engine orders above every number. Of other JSON values the cast makes NULL.
 */
function isJsonNumber(text: string, cast: string): string {
  const trailing = [9, 10, 13, 32].map((code) => `suffix(${text}, chr(${code}))`).join(" OR ");
  return `abs(${cast}) < 1e15 AND json_valid(${text}) AND ${text} >= '-' AND NOT (${trailing})`;
}

/** SQL: a VARCHAR expression as a value of the type; fails on text that is not of the type's kinds. */
export function strictCast(expression: string, type: ScalarType, emptyIsNull: boolean): string {
  if (type === "VARCHAR") return expression;
  const present = emptyIsNull ? `${expression} <> ''` : `${expression} IS NOT NULL`;
  const fits = isOfKind(expression, KINDS_OF_TYPE[type]);
  // The cast makes an infinity of '1e999' without a word.
  const finite = `(isfinite(TRY_CAST(${expression} AS DOUBLE)) OR ${isOfKind(expression, ["nonFinite"])})`;
  return (
    `CASE ${usualBranches(expression, type)} ` +
    `WHEN ${type === "DOUBLE" ? `${fits} AND ${finite}` : fits} THEN CAST(${expression} AS ${type}) ` +
    `WHEN ${present} THEN ${doesNotFit(expression, type)} END`
  );
}
