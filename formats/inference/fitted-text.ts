import { doesNotFit, isOfKind, type ScalarType, usualBranches, type ValueKind } from "./value-kinds.js";

/**
 * SQL: a text as a value of a column's type, NULL where it is not one; it never fails. `undefined` for a type that
 * has no texts: BLOB, VARIANT and the nested ones.
 *
 * The kinds of `ValueKind` decide, and every value is kept exactly:
 * - whole numbers go to any type of numbers that holds them, fractions to FLOAT, DOUBLE and to a DECIMAL with as many
 *   digits; a FLOAT takes a fraction that it gives back, digit for digit;
 * - DATE takes dates; TIMESTAMP those, as midnight, and wall clocks; TIMESTAMP WITH TIME ZONE both, in UTC, and
 *   instants;
 * - VARCHAR takes every text.
 *
 * @param text A VARCHAR expression; it is repeated.
 * @param type A DuckDB type as it spells it.
 */
export function fittedText(text: string, type: string): string | undefined {
  if (type === "VARCHAR") return text;
  const branches = branchesOf(text, type);
  return branches === undefined ? undefined : `CASE ${branches} END`;
}

/** As {@link fittedText}, but a text that is not of the type fails the statement, an empty one excepted: it is NULL. */
export function strictText(text: string, type: string): string {
  if (type === "VARCHAR") return text;
  const fitted = fittedText(text, type) ?? "NULL";
  return `coalesce(${fitted}, CASE WHEN ${text} <> '' THEN ${doesNotFit(text, type)} END)`;
}

/** WHEN ... THEN ..., where the value is NULL for a text that is not of the type. */
function branchesOf(text: string, type: string): string | undefined {
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(type);
  if (decimal !== null) return decimalBranches(text, type, Number(decimal[2]));
  switch (type) {
    case "TINYINT":
    case "SMALLINT":
    case "INTEGER":
    case "BIGINT":
    case "HUGEINT":
      return digitForDigit(text, type);
    case "FLOAT":
      return floatBranches(text);
    case "DOUBLE":
      return doubleBranches(text);
    case "BOOLEAN":
      return scalarBranches(text, type, ["boolean"]);
    case "DATE":
      return scalarBranches(text, type, ["date"]);
    case "TIMESTAMP":
      return scalarBranches(text, type, ["wallClock", "date"]);
    case "TIMESTAMP WITH TIME ZONE": {
      const inUtc = `WHEN ${isOfKind(text, ["wallClock", "date"])} THEN CAST(TRY_CAST(${text} AS TIMESTAMP) AS ${type})`;
      return `${scalarBranches(text, type, ["instant"])} ${inUtc}`;
    }
    default:
      return undefined;
  }
}

function scalarBranches(text: string, type: ScalarType, kinds: readonly ValueKind[]): string {
  return `${usualBranches(text, type, "TRY_CAST")} WHEN ${isOfKind(text, kinds)} THEN TRY_CAST(${text} AS ${type})`;
}

/** The number's own text is the text: no sign, zero or space was dropped and no digit rounded away. */
function digitForDigit(text: string, type: string): string {
  const value = `TRY_CAST(${text} AS ${type})`;
  return `WHEN CAST(${value} AS VARCHAR) = ${text} THEN ${value}`;
}

function decimalBranches(text: string, type: string, scale: number): string {
  const value = `TRY_CAST(${text} AS ${type})`;
  // Zeros behind the last digit that the type keeps say nothing more.
  const fraction = scale === 0 ? "0+" : `[0-9]{1,${scale}}0*`;
  const pattern = `-?(?:0|[1-9][0-9]*)(?:\\.${fraction})?|-?\\.${fraction}`;
  return `${digitForDigit(text, type)} WHEN regexp_full_match(${text}, '${pattern}') THEN ${value}`;
}

function doubleBranches(text: string): string {
  const value = `TRY_CAST(${text} AS DOUBLE)`;
  return (
    `${usualBranches(text, "DOUBLE", "TRY_CAST")} ` +
    `WHEN ${isOfKind(text, ["integer", "fraction"])} AND isfinite(${value}) THEN ${value} ` +
    `WHEN ${isOfKind(text, ["nonFinite"])} THEN ${value} ` +
    `WHEN ${isOfKind(text, ["wide"])} AND ${isSameWhole(text, value)} THEN ${value}`
  );
}

function floatBranches(text: string): string {
  const value = `TRY_CAST(${text} AS FLOAT)`;
  const shown = `TRY_CAST(CAST(${value} AS VARCHAR) AS DOUBLE)`;
  return (
    `WHEN ${isOfKind(text, ["integer", "wide"])} THEN CASE WHEN isfinite(${value}) AND ${isSameWhole(text, value)} THEN ${value} END ` +
    `WHEN ${isOfKind(text, ["fraction"])} AND isfinite(${value}) AND ${shown} = TRY_CAST(${text} AS DOUBLE) THEN ${value} ` +
    `WHEN ${isOfKind(text, ["nonFinite"])} THEN ${value}`
  );
}

/** SQL: whether a floating value is the whole number that the text says. */
function isSameWhole(text: string, value: string): string {
  return `TRY_CAST(${value} AS HUGEINT) = TRY_CAST(${text} AS HUGEINT)`;
}
