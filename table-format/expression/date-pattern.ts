import { unsupportedExpression } from "./failure.js";

/** Letters of Spark's datetime patterns, as `strftime` writes the same. */
const FORMATS: Readonly<Record<string, string>> = {
  yyyy: "%Y",
  yy: "%y",
  MMMM: "%B",
  MMM: "%b",
  MM: "%m",
  M: "%-m",
  dd: "%d",
  d: "%-d",
  EEEE: "%A",
  EEE: "%a",
  EE: "%a",
  E: "%a",
  HH: "%H",
  H: "%-H",
  hh: "%I",
  h: "%-I",
  a: "%p",
  mm: "%M",
  m: "%-M",
  ss: "%S",
  s: "%-S",
  SSS: "%g",
  SSSSSS: "%f",
};

/** Those that are read as well, and the digits that each stands for. */
const READ: Readonly<Record<string, string>> = {
  yyyy: "[0-9]{4}",
  MM: "[0-9]{2}",
  dd: "[0-9]{2}",
  HH: "[0-9]{2}",
  mm: "[0-9]{2}",
  ss: "[0-9]{2}",
};

/** A run of one letter, a quoted text, or characters that stand for themselves. */
const PARTS = /([A-Za-z])\1*|'((?:[^']|'')*)'|[^A-Za-z']+/g;

/**
 * The `strftime` format that writes what Spark's `date_format` writes with `pattern` (Spark SQL reference,
 * "Datetime Patterns"), for years of four digits.
 *
 * @throws LakeError `unsupported` naming the letters that have no equal.
 */
export function datePattern(pattern: string): string {
  return partsOf(pattern)
    .map((part) => ("text" in part ? part.text.replaceAll("%", "%%") : formatOf(part.letters, pattern)))
    .join("");
}

/**
 * How a string in the form of `pattern` is read: the `strptime` format, and a regular expression for exactly
 * that form.
 *
 * @throws LakeError `unsupported` for a pattern of more than years, months, days, hours, minutes and seconds,
 * each with all its digits, and for one without year, month and day.
 */
export function parsePattern(pattern: string): { readonly engine: string; readonly form: string } {
  const parts = partsOf(pattern);
  const letters = parts.flatMap((part) => ("letters" in part ? [part.letters] : []));
  const complete = ["yyyy", "MM", "dd"].every((needed) => letters.includes(needed));
  if (!complete || new Set(letters).size !== letters.length) throw refused(pattern, pattern);
  const form = parts
    .map((part) => {
      if ("text" in part) return part.text.replaceAll(/[^A-Za-z0-9]/g, "\\$&");
      const digits = Object.hasOwn(READ, part.letters) ? READ[part.letters] : undefined;
      if (digits === undefined) throw refused(part.letters, pattern);
      return digits;
    })
    .join("");
  return { engine: datePattern(pattern), form };
}

type Part = { readonly letters: string } | { readonly text: string };

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const match of pattern.matchAll(PARTS)) {
    const [all, letter, quoted] = match;
    if (match.index !== at) throw refused(pattern.slice(at), pattern);
    at += all.length;
    if (letter !== undefined) parts.push({ letters: all });
    else if (quoted !== undefined) parts.push({ text: quoted === "" ? "'" : quoted.replaceAll("''", "'") });
    else if (/[[\]{}#]/.test(all)) throw refused(all, pattern);
    else parts.push({ text: all });
  }
  if (at !== pattern.length) throw refused(pattern.slice(at), pattern);
  return parts;
}

function formatOf(letters: string, pattern: string): string {
  const format = Object.hasOwn(FORMATS, letters) ? FORMATS[letters] : undefined;
  if (format === undefined) throw refused(letters, pattern);
  return format;
}

function refused(what: string, pattern: string): Error {
  return unsupportedExpression(`"${what}" in the datetime pattern ${pattern}`, { pattern });
}
