// Finds the imports of a TypeScript or JavaScript text by reading its tokens: comments, the insides of
// strings and templates are never mistaken for code.

// A `/` after the end of a value divides; anywhere else it opens a regular expression.
const ENDS_VALUE = /^[\])}]$/;
const KEYWORDS_BEFORE_REGEXP = new Set([
  "return",
  "typeof",
  "case",
  "in",
  "of",
  "delete",
  "void",
  "do",
  "else",
  "yield",
  "await",
  "throw",
]);

/**
 * Every module that `text` names in `import ... from`, `import "x"`, `import("x")`, `export ... from`,
 * `import type`, `import x = require("x")` and `typeof import("x")`, with the line (from 1) it is on.
 */
export function importsOf(text) {
  const tokens = tokensOf(text);
  const found = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind !== "string") continue;
    const before = tokens[index - 1];
    const call = before?.text === "(" ? tokens[index - 2] : undefined;
    const isImport =
      (before?.kind === "word" && (before.text === "from" || before.text === "import")) ||
      (call?.kind === "word" && (call.text === "import" || call.text === "require"));
    if (isImport) found.push({ specifier: token.text, line: token.line });
  }
  return found;
}

function tokensOf(text) {
  const tokens = [];
  // Braces that a template's `${` opened, by depth: its `}` goes on with the template.
  const templateDepths = [];
  let depth = 0;
  let line = 1;
  let at = 0;
  const push = (kind, value, length) => {
    tokens.push({ kind, text: value, line });
    line += countLines(text.slice(at, at + length));
    at += length;
  };
  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const character = text[at] ?? "";
    if (/\s/.test(character) || rest === "//" || rest === "/*" || (at === 0 && rest === "#!")) {
      const length = blankLength(text, at);
      line += countLines(text.slice(at, at + length));
      at += length;
    } else if (character === '"' || character === "'") {
      const length = quotedLength(text, at, character);
      push("string", text.slice(at + 1, at + length - 1), length);
    } else if (character === "`" || (character === "}" && templateDepths.at(-1) === depth)) {
      if (character === "}") templateDepths.pop();
      const { length, opens } = templateLength(text, at + 1);
      if (opens) templateDepths.push(depth);
      const whole = character === "`" && !opens;
      push(whole ? "string" : "template", text.slice(at + 1, at + length), length + 1);
    } else if (character === "/" && startsRegExp(tokens.at(-1))) {
      push("regexp", "/", regExpLength(text, at));
    } else if (/[\w$]/.test(character)) {
      const [word] = /^[\w$]+/.exec(text.slice(at)) ?? [character];
      push("word", word, word.length);
    } else {
      if (character === "{") depth++;
      if (character === "}") depth--;
      push("mark", character, 1);
    }
  }
  return tokens;
}

function countLines(text) {
  return text.split("\n").length - 1;
}

function blankLength(text, at) {
  if (text.startsWith("/*", at)) {
    const end = text.indexOf("*/", at + 2);
    return (end === -1 ? text.length : end + 2) - at;
  }
  if (/\s/.test(text[at] ?? "")) return 1;
  const end = text.indexOf("\n", at);
  return (end === -1 ? text.length : end) - at;
}

function quotedLength(text, start, quote) {
  let at = start + 1;
  while (at < text.length && text[at] !== quote && text[at] !== "\n") at += text[at] === "\\" ? 2 : 1;
  return at + 1 - start;
}

/** From the inside of a template to its end or to the `${` that opens an expression, inclusive. */
function templateLength(text, start) {
  let at = start;
  while (at < text.length && text[at] !== "`" && !text.startsWith("${", at)) at += text[at] === "\\" ? 2 : 1;
  const opens = text.startsWith("${", at);
  return { length: at - start + (opens ? 2 : 1), opens };
}

function startsRegExp(before) {
  if (before === undefined) return true;
  if (before.kind === "word") return KEYWORDS_BEFORE_REGEXP.has(before.text);
  return before.kind === "mark" && !ENDS_VALUE.test(before.text);
}

function regExpLength(text, start) {
  let at = start + 1;
  let inClass = false;
  for (; at < text.length && text[at] !== "\n" && (inClass || text[at] !== "/"); at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === "[") inClass = true;
    else if (text[at] === "]") inClass = false;
  }
  return at + 1 - start;
}
