/** Whether a text reads as a number, a date or a truth value rather than as a name. */
const LOOKS_LIKE_DATA =
  /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|\d{4}-\d{1,2}-\d{1,2}(?:[T ].*)?|true|false|null|nan)$/i;

/**
 * Whether the first record names the columns. It does not when one of its fields is empty or the same
 * as another; else it does when none of its fields looks like data, or when a field that looks like a
 * name stands over data.
 */
export function hasHeader(records: readonly (readonly string[])[]): boolean {
  const [first, ...rest] = records;
  if (first === undefined) return false;
  const named = first.filter((field) => field.trim() !== "");
  if (named.length === 0) return false;
  if (!first.some((field) => LOOKS_LIKE_DATA.test(field.trim()))) {
    const distinct = new Set(named.map((field) => field.toLowerCase()));
    return distinct.size === named.length || rest.length === 0 || isOverData(first, rest);
  }
  return isOverData(first, rest);
}

function isOverData(first: readonly string[], rest: readonly (readonly string[])[]): boolean {
  return first.some((field, column) => {
    if (field.trim() === "" || LOOKS_LIKE_DATA.test(field.trim())) return false;
    const below = rest.map((record) => record[column] ?? "").filter((text) => text.trim() !== "");
    return below.length > 0 && below.every((text) => LOOKS_LIKE_DATA.test(text.trim()));
  });
}
