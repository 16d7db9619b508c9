import {
  csvKindBit,
  isOfKind,
  type KindSet,
  type ScalarType,
  scalarTypeOf,
  TEXT_KINDS,
  usualBranches,
} from "../inference/value-kinds.js";

/** A whole number is of the kind `integer` up to here. */
const LARGEST_INTEGER = 999_999_999_999_999;

/** Whether the type of a column is text, whatever other values it may hold. Pure. */
export function isSettled(known: KindSet): boolean {
  return !known.isEmpty && !known.isWithin("nonFinite") && scalarTypeOf(known) === "VARCHAR";
}

/**
 * SQL: the bit of a field's kind as `csvKindBit` gives it, NULL for most of those that say nothing new: a value of the
 * kinds that are known costs what its cast does, and not a look at one pattern after another.
 *
 * @param text A VARCHAR expression; it is repeated.
 * @param known Kinds that values of the column were found to be of.
 */
export function furtherKindBit(text: string, known: KindSet): string {
  const type = scalarTypeOf(known);
  if (type === "VARCHAR") return csvKindBit(text);
  const kinds = TEXT_KINDS.filter((kind) => known.has(kind));
  const others = kinds.length === 0 ? "" : `WHEN ${isOfKind(text, kinds)} THEN ${castOf(text, type, known)}`;
  const value = `CASE ${usualBranches(text, type, "TRY_CAST")} ${others} END`;
  const isKnown =
    type === "BIGINT" && !known.has("wide")
      ? `(${value}) BETWEEN -${LARGEST_INTEGER} AND ${LARGEST_INTEGER}`
      : `(${value}) IS NOT NULL`;
  return `CASE WHEN ${isKnown} THEN NULL ELSE ${csvKindBit(text)} END`;
}

/** SQL: the text as a value of the type; NULL where the type does not hold it, though its pattern is right. */
function castOf(text: string, type: ScalarType, known: KindSet): string {
  const cast = `TRY_CAST(${text} AS ${type})`;
  if (type !== "DOUBLE") return cast;
  const nonFinite = known.has("nonFinite") ? ` OR ${isOfKind(text, ["nonFinite"])}` : "";
  return `CASE WHEN isfinite(${cast})${nonFinite} THEN ${cast} END`;
}
