import type { Value } from "../../../engine/index.js";
import { base64, jsonText } from "./json.js";

/** A value that is not NULL as plain text: nested values are JSON, a BLOB is base64. */
export function cellText(value: Exclude<Value, null>): string {
  if (typeof value !== "object") return String(value);
  return value instanceof Uint8Array ? base64(value) : jsonText(value);
}

/** Whether a column of this type, as the engine writes it, holds numbers. */
export function isNumericType(type: string): boolean {
  return /^(U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL(\(.*\))?|BIGNUM)$/.test(type);
}
