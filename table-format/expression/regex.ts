import { unsupportedExpression } from "./failure.js";

// What ends a line in Java, which neither `.` nor the text before a final `$` includes.
const LINE_ENDS = "\\n\\r\\x{85}\\x{2028}\\x{2029}";

/** Escapes that mean one character, or one class of ASCII characters, in both dialects. */
const SAME_ESCAPES = /^\\(?:[dDwWtnrf]|[^A-Za-z0-9])/;
const COUNT = /^\{\d{1,3}(?:,(?:\d{1,3})?)?\}/;

/**
 * A Java regular expression, which Spark's functions take, in the dialect of RE2, which DuckDB has. What the
 * two read alike goes over, `.`, `$` and `\s` in a form that means the same; all else is refused: lookaround,
 * back references, possessive quantifiers, `\b`, Unicode classes, flags.
 *
 * @param use `any` to ask whether there is a match; `extract` where its text counts, so that `$`, which
 * would take a line end with it, is refused.
 * @throws LakeError `unsupported` naming what stands in the way.
 */
export function engineRegex(pattern: string, use: "any" | "extract"): string {
  let result = "";
  let rest = pattern;
  const refuse = (what: string): never => {
    throw unsupportedExpression(`the regular expression ${pattern}: ${what}`, { pattern });
  };
  while (rest !== "") {
    const step = nextPart(rest, use, refuse);
    result += step.sql;
    rest = rest.slice(step.length);
  }
  return result;
}

interface Part {
  readonly sql: string;
  readonly length: number;
}

function nextPart(rest: string, use: "any" | "extract", refuse: (what: string) => never): Part {
  const [first = ""] = rest;
  switch (first) {
    case ".":
      return { sql: `[^${LINE_ENDS}]`, length: 1 };
    case "$":
      if (use === "extract") refuse("$ means the end of the text or of its last line");
      return { sql: `(?:\\r\\n|[${LINE_ENDS}])?\\z`, length: 1 };
    case "^":
      return { sql: "\\A", length: 1 };
    case "\\":
      return escapePart(rest, refuse);
    case "[":
      return classPart(rest, refuse);
    case "(":
      if (rest.startsWith("(?:")) return { sql: "(?:", length: 3 };
      if (rest.startsWith("(?")) refuse("a group that begins with (?");
      return { sql: "(", length: 1 };
    case "*":
    case "+":
    case "?":
    case "{": {
      const count = first === "{" ? COUNT.exec(rest)?.[0] : first;
      if (count === undefined) return refuse("{ that is not a count");
      const after = rest[count.length];
      if (after === "+" || after === "*" || after === "{") refuse("a possessive or doubled quantifier");
      const lazy = after === "?" ? "?" : "";
      return { sql: count + lazy, length: count.length + lazy.length };
    }
    case "}":
    case "]":
      return { sql: `\\${first}`, length: 1 };
    default:
      return { sql: first, length: 1 };
  }
}

function escapePart(rest: string, refuse: (what: string) => never): Part {
  if (rest.startsWith("\\s")) return { sql: "[\\t\\n\\x0B\\f\\r ]", length: 2 };
  if (rest.startsWith("\\S")) return { sql: "[^\\t\\n\\x0B\\f\\r ]", length: 2 };
  const found = SAME_ESCAPES.exec(rest)?.[0];
  return found === undefined
    ? refuse(`the escape ${rest.slice(0, 2)}`)
    : { sql: found, length: found.length };
}

/** A character class: single characters, ranges and the escapes of the same meaning. */
function classPart(rest: string, refuse: (what: string) => never): Part {
  let at = 1;
  let sql = "[";
  if (rest[at] === "^") {
    sql += "^";
    at++;
  }
  const begin = at;
  for (;;) {
    const character = rest[at];
    if (character === undefined) return refuse("a class without an end");
    if (character === "]" && at > begin) return { sql: `${sql}]`, length: at + 1 };
    if (character === "]" || character === "[" || rest.startsWith("&&", at)) {
      return refuse("a class inside a class");
    }
    if (rest.startsWith("\\s", at)) {
      sql += "\\t\\n\\x0B\\f\\r ";
      at += 2;
    } else if (character === "\\") {
      const found = SAME_ESCAPES.exec(rest.slice(at))?.[0];
      if (found === undefined) return refuse(`the escape ${rest.slice(at, at + 2)}`);
      sql += found;
      at += found.length;
    } else {
      sql += character;
      at++;
    }
  }
}
