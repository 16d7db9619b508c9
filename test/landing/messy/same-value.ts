import type { Value } from "../../../engine/index.js";
import { type Token, tokenOf, written } from "./json-tokens.js";

/** Whether a column's value is the very value that a JSON record had there. */
export function isSameValue(token: Token, value: Value): boolean {
  if (value === null || token.kind === "null") return value === null && token.kind === "null";
  if (typeof value === "bigint") return token.kind === "number" && isSameNumber(token.text, String(value));
  if (typeof value === "number") return token.kind === "number" && isNearestDouble(token.text, value);
  if (typeof value === "boolean") return token.kind === "boolean" && token.value === value;
  if (typeof value === "string") return isSameText(token, value);
  if (value instanceof Uint8Array) return false;
  if (isList(value)) {
    return (
      token.kind === "array" &&
      token.items.length === value.length &&
      token.items.every((item, index) => isSameValue(item, value[index] ?? null))
    );
  }
  return token.kind === "object" && isSameStruct(token, fieldsOf(value));
}

/** Whether a column's value is the very value that the text of a CSV field says; empty fields are NULL. */
export function isSameField(text: string, value: Value): boolean {
  if (value === null) return text === "";
  if (typeof value === "bigint") return isSameNumber(text, String(value));
  if (typeof value === "number") return isNearestDouble(text, value);
  if (typeof value === "boolean") return text.toLowerCase() === String(value);
  return (
    typeof value === "string" && (text === value || isSameTime(text, value) || isSameNumber(text, value))
  );
}

function isSameText(token: Token, value: string): boolean {
  switch (token.kind) {
    case "string":
      return token.value === value || isSameTime(token.value, value);
    case "number":
      // A decimal has no more and no fewer digits than it needs; a text column has the number as it was written.
      return token.text === value || isSameNumber(token.text, value);
    default: {
      const kept = tokenOf(value);
      return kept !== undefined && written(kept) === written(token);
    }
  }
}

/** Names of fields may differ in case, as long as no two keys of the record do. */
function isSameStruct({ members }: Token & { kind: "object" }, fields: ReadonlyMap<string, Value>): boolean {
  const keys = new Map(members.map(({ name, token }) => [name.toLowerCase(), token]));
  if (keys.size < members.length) return false;
  const values = new Map([...fields].map(([name, value]) => [name.toLowerCase(), value]));
  return (
    [...keys].every(([name, token]) => isSameValue(token, values.get(name) ?? null)) &&
    [...values].every(([name, value]) => value === null || keys.has(name))
  );
}

export function fieldsOf(
  value: Exclude<Value, null | boolean | number | bigint | string>,
): Map<string, Value> {
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [String(key), item]));
  return new Map(Object.entries(value));
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value);
}

const DECIMAL = /^([+-]?)0*([0-9]*)(?:\.([0-9]*?)0*)?(?:[eE]([+-]?[0-9]{1,4}))?$/;

/** Whether two texts say the same number, digit by digit. */
export function isSameNumber(left: string, right: string): boolean {
  const [a, b] = [digitsOf(left), digitsOf(right)];
  return a !== undefined && a === b;
}

/** `-12.50e1` as `-125e0`: an integer without zeros at its end, and an exponent. */
function digitsOf(text: string): string | undefined {
  const parts = DECIMAL.exec(text);
  if (parts === null || !/[0-9]/.test(text)) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  const digits = all.replace(/0+$/, "");
  if (digits === "") return "0";
  const scale = Number(exponent) - fraction.length + (all.length - digits.length);
  return `${sign === "-" ? "-" : ""}${digits}e${scale}`;
}

/** A whole number must be exact; a fraction is as near as a double can be. */
function isNearestDouble(text: string, value: number): boolean {
  if (!/^-?[0-9.]+(?:[eE][+-]?[0-9]+)?$/.test(text)) return false;
  if (/^-?[0-9]+$/.test(text)) return Number.isInteger(value) && BigInt(text) === BigInt(value);
  return Number.isFinite(value) && Number(text) === value;
}

const TIME =
  /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/** Whether two texts say the same day, wall clock or instant, each in any spelling of ISO 8601. */
function isSameTime(left: string, right: string): boolean {
  const [a, b] = [microsOf(left), microsOf(right)];
  return a !== undefined && a === b;
}

function microsOf(text: string): bigint | undefined {
  const parts = TIME.exec(text);
  if (parts === null) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map((part) => Number(part ?? 0));
  const millis = Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
  if (new Date(millis).getUTCDate() !== day) return undefined;
  const [hours = "0", minutes = "0"] = (parts[8] ?? "Z").replace("Z", "").match(/[+-]?\d{2}/g) ?? [];
  const offset = (Number(hours) * 60 + Math.sign(Number(hours) || 1) * Number(minutes)) * 60_000;
  return BigInt(millis - offset) * 1000n + BigInt((parts[7] ?? "").padEnd(6, "0"));
}
