import { isDate, isInstant, isUsualDate, isUsualTime, isWallClock } from "./clock-text.js";
import type { JsonCursor } from "./json-cursor.js";
import { exactNumber, fitsDecimal, isExactDouble, isExactFloat, plainNumber } from "./number-token.js";
import type { TargetNode } from "./target-node.js";

/** What becomes of a value: the engine reads it as it stands, or another text in its place, or it does not fit. */
export type ScalarFit =
  | "as-is"
  | { readonly kind: "rewritten"; readonly text: string }
  | { readonly kind: "misfit"; readonly reason: string };

export type ScalarNode = Exclude<TargetNode, { readonly kind: "list" | "map" | "struct" }>;

/** Whole numbers of so many digits are exact in a double, and in a BIGINT. */
const SAFE_DIGITS = 15;
/** The engine reads a number by way of a double: with so few characters it keeps all its digits. */
const SAFE_DECIMAL_BYTES = 16;

const misfit = (reason: string): ScalarFit => ({ kind: "misfit", reason });
const rewritten = (text: string): ScalarFit => ({ kind: "rewritten", text });

/**
 * Whether a value, which the cursor has just read from `at` to `end`, is of a type. No text is a number or a boolean,
 * and neither is a text, but for a column of texts: it takes any value as its JSON text.
 */
export function fitsScalar(node: ScalarNode, cursor: JsonCursor, at: number, end: number): ScalarFit {
  const byte = cursor.data[at] ?? 0;
  const isNull = byte === 0x6e && end === at + 4;
  if (node.kind === "json") return isNull ? "as-is" : textOf(cursor, at, end);
  if (byte === 0x22) return fitsString(node, cursor, at, end);
  if (isNull) return "as-is";
  if (byte === 0x74 || byte === 0x66) {
    return node.kind === "boolean" || node.kind === "text" ? "as-is" : misfit(`is no ${describe(node)}`);
  }
  if (byte === 0x7b || byte === 0x5b) {
    return node.kind === "text" ? textOf(cursor, at, end) : misfit(`is no ${describe(node)}`);
  }
  return fitsNumber(node, cursor, at, end);
}

function textOf(cursor: JsonCursor, at: number, end: number): ScalarFit {
  return rewritten(JSON.stringify(cursor.data.toString("utf8", at, end)));
}

function fitsString(node: ScalarNode, cursor: JsonCursor, at: number, end: number): ScalarFit {
  switch (node.kind) {
    case "text":
      return "as-is";
    case "date":
      return fitsTime(isDate, node, cursor, at, end);
    case "wall-clock":
      return fitsTime(isWallClock, node, cursor, at, end);
    case "instant":
      return fitsTime(isInstant, node, cursor, at, end);
    default:
      return misfit(`is no ${describe(node)}`);
  }
}

/** Whether a text is a date or a time as nearly all are written; what is not may be one still. */
function isUsualText(node: ScalarNode, data: Buffer, at: number, end: number): boolean {
  const length = end - at - 2;
  if (node.kind === "date") return length === 10 && isUsualDate(data, at + 1);
  const separator = data[at + 11];
  if (length < 19 || (separator !== 0x20 && separator !== 0x54)) return false;
  if (!isUsualDate(data, at + 1) || !isUsualTime(data, at + 12)) return false;
  return length === 19 || (length === 20 && node.kind === "instant" && data[at + 20] === 0x5a);
}

/** No text of a date or a time is longer. */
const LONGEST_TIME = 40;

function fitsTime(
  isFitting: (text: string) => boolean,
  node: ScalarNode,
  cursor: JsonCursor,
  at: number,
  end: number,
): ScalarFit {
  if (isUsualText(node, cursor.data, at, end)) return "as-is";
  const fits =
    end - at <= LONGEST_TIME || cursor.escaped
      ? isFitting(
          cursor.escaped ? cursor.textOf(at + 1, end - 1) : cursor.data.toString("latin1", at + 1, end - 1),
        )
      : false;
  return fits ? "as-is" : misfit(`is no ${describe(node)}`);
}

/** Whether a number is as nearly all are, and fits as it stands. */
function isUsual(node: ScalarNode, { isWhole, digits, hasExponent, isNonFinite }: JsonCursor): boolean {
  if (node.kind === "double") return !isNonFinite && !hasExponent && digits <= SAFE_DIGITS;
  return (
    node.kind === "whole" && isWhole && (digits <= 2 || (digits <= SAFE_DIGITS && node.type === "BIGINT"))
  );
}

function fitsNumber(node: ScalarNode, cursor: JsonCursor, at: number, end: number): ScalarFit {
  const { isWhole, digits, hasExponent, isNonFinite } = cursor;
  const isMinusZero = isWhole && cursor.data[at] === 0x2d && cursor.data[at + 1] === 0x30;
  if (!isMinusZero && isUsual(node, cursor)) return "as-is";
  const text = (): string => cursor.data.toString("latin1", at, end);
  const no = (): ScalarFit => misfit(`is no ${describe(node)}`);
  switch (node.kind) {
    case "text":
      return isWhole && digits <= SAFE_DIGITS && !isMinusZero ? "as-is" : rewritten(JSON.stringify(text()));
    case "whole": {
      if (isNonFinite) return no();
      if (isWhole && !isMinusZero) {
        const value =
          digits <= SAFE_DIGITS ? BigInt(Number(text())) : digits > 40 ? undefined : BigInt(text());
        return value !== undefined && value >= node.minimum && value <= node.maximum ? "as-is" : no();
      }
      const exact = exactNumber(text());
      if (exact === undefined || exact.scale > 0) return no();
      return exact.digits >= node.minimum && exact.digits <= node.maximum
        ? rewritten(String(exact.digits))
        : no();
    }
    case "decimal": {
      if (isNonFinite) return no();
      const exact = exactNumber(text());
      if (exact === undefined || !fitsDecimal(exact, node.precision, node.scale)) return no();
      const isPlain = !hasExponent && !isMinusZero && end - at <= SAFE_DECIMAL_BYTES;
      return isPlain ? "as-is" : rewritten(`"${plainNumber(exact)}"`);
    }
    case "double": {
      if (isNonFinite) return "as-is";
      if (isWhole) return digits <= SAFE_DIGITS || isExactDouble(text()) ? "as-is" : no();
      return Number.isFinite(Number(text())) ? "as-is" : no();
    }
    case "float":
      return isNonFinite || isExactFloat(text(), isWhole) ? "as-is" : no();
    default:
      return no();
  }
}

/** The type, for a person. */
function describe(node: ScalarNode): string {
  switch (node.kind) {
    case "whole":
      return node.type;
    case "decimal":
      return `DECIMAL(${node.precision},${node.scale})`;
    case "wall-clock":
      return "TIMESTAMP";
    case "instant":
      return "TIMESTAMP WITH TIME ZONE";
    case "none":
      return "value of its column's type";
    default:
      return node.kind.toUpperCase();
  }
}
