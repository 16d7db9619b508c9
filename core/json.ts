import { isSafeNumber, LosslessNumber, parse, stringify } from "lossless-json";

export type JsonValue = null | boolean | number | bigint | string | JsonArray | JsonObject;
export type JsonArray = readonly JsonValue[];
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

// A number needs the lossless path only when a double may not hold it: 16 or more digits in a row,
// possibly around a decimal point. The test also fires inside strings, which costs time, not truth.
const MAYBE_UNSAFE_NUMBER = /\d[\d.]{15}/;

function exactNumber(text: string): number | bigint | LosslessNumber {
  if (/^-?\d+$/.test(text)) {
    const asNumber = Number(text);
    return Number.isSafeInteger(asNumber) ? asNumber : BigInt(text);
  }
  return isSafeNumber(text, { approx: false }) ? Number(text) : new LosslessNumber(text);
}

/**
 * Parses JSON without losing digits: an integer beyond ±(2^53 - 1) becomes a `bigint`.
 * A fraction that a double cannot hold keeps its digits as a string.
 *
 * @throws SyntaxError when the text is not JSON.
 */
export function parseJson(text: string): JsonValue {
  if (!MAYBE_UNSAFE_NUMBER.test(text)) return JSON.parse(text) as JsonValue;
  return parse(
    text,
    (_key, value) => (value instanceof LosslessNumber ? value.toString() : value),
    exactNumber,
  ) as JsonValue;
}

/** Writes JSON; a `bigint` becomes a JSON number with all its digits. */
export function stringifyJson(value: unknown, space?: number): string {
  return stringify(value, undefined, space) ?? "null";
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
