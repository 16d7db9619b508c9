import { LakeError } from "../core/index.js";
import type { ObjectPath } from "./object-store.js";

/**
 * Parses an object path.
 *
 * @throws LakeError `invalid-input` when a segment is empty, `.` or `..`, or holds a NUL or half a
 * surrogate pair (which has no UTF-8 form).
 */
export function objectPath(text: string): ObjectPath {
  if (!isObjectPath(text)) {
    throw new LakeError("invalid-input", "object-path", `not an object path: ${JSON.stringify(text)}`);
  }
  return text;
}

export function isObjectPath(text: string): text is ObjectPath {
  return (
    !/\0|\p{Surrogate}/u.test(text) &&
    text.split("/").every((segment) => segment !== "" && segment !== "." && segment !== "..")
  );
}

/**
 * Orders well-formed strings as their UTF-8 bytes. JavaScript's own order is that of UTF-16 code
 * units, which puts U+10000 and above (surrogates, D800 to DFFF) below U+E000 to U+FFFF.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return utf8Rank(x) - utf8Rank(y);
  }
  return a.length - b.length;
}

function utf8Rank(codeUnit: number): number {
  return codeUnit >= 0xd800 && codeUnit <= 0xdfff ? codeUnit + 0x10000 : codeUnit;
}
