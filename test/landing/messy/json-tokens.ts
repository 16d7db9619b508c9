/** A JSON value as it was written: numbers keep their digits, objects their members, also those of one name. */
export type Token =
  | { readonly kind: "null" }
  | { readonly kind: "boolean"; readonly value: boolean }
  | { readonly kind: "number"; readonly text: string }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "array"; readonly items: readonly Token[] }
  | { readonly kind: "object"; readonly members: readonly Member[] };

export interface Member {
  readonly name: string;
  readonly token: Token;
}

/** A value of a text, and where it ends. */
export interface Cut {
  readonly token: Token;
  readonly end: number;
}

const WHITE_SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: JSON has no control characters in strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const WORDS: readonly (readonly [string, Token])[] = [
  ["null", { kind: "null" }],
  ["true", { kind: "boolean", value: true }],
  ["false", { kind: "boolean", value: false }],
];

/**
 * The one value that a text is; undefined when it is not. To the letter of RFC 8259, but for a comma after the last item,
 * which leaves nothing to guess.
 */
export function tokenOf(text: string): Token | undefined {
  const cut = cutValue(text, 0);
  return cut !== undefined && skip(text, cut.end) === text.length ? cut.token : undefined;
}

/** The value that begins at a place, white space before it passed over. */
export function cutValue(text: string, from: number): Cut | undefined {
  const at = skip(text, from);
  const first = text[at];
  if (first === "{") return cutObject(text, at + 1);
  if (first === "[") return cutArray(text, at + 1);
  if (first === '"') return cutString(text, at);
  for (const [word, token] of WORDS) {
    if (text.startsWith(word, at)) return { token, end: at + word.length };
  }
  const number = match(NUMBER, text, at);
  return number === undefined
    ? undefined
    : { token: { kind: "number", text: number }, end: at + number.length };
}

export function skip(text: string, from: number): number {
  return from + (match(WHITE_SPACE, text, from)?.length ?? 0);
}

function cutString(
  text: string,
  at: number,
): { readonly token: Token & { kind: "string" }; readonly end: number } | undefined {
  const written = match(STRING, text, at);
  if (written === undefined) return undefined;
  return { token: { kind: "string", value: String(JSON.parse(written)) }, end: at + written.length };
}

function cutArray(text: string, from: number): Cut | undefined {
  const items: Token[] = [];
  let at = from;
  for (;;) {
    at = skip(text, at);
    if (text[at] === "]") return { token: { kind: "array", items }, end: at + 1 };
    const item = cutValue(text, at);
    if (item === undefined) return undefined;
    items.push(item.token);
    at = skip(text, item.end);
    if (text[at] === "]") return { token: { kind: "array", items }, end: at + 1 };
    if (text[at] !== ",") return undefined;
    at++;
  }
}

function cutObject(text: string, from: number): Cut | undefined {
  const members: Member[] = [];
  let at = from;
  for (;;) {
    at = skip(text, at);
    if (text[at] === "}") return { token: { kind: "object", members }, end: at + 1 };
    const name = cutString(text, at);
    if (name === undefined) return undefined;
    at = skip(text, name.end);
    if (text[at] !== ":") return undefined;
    const value = cutValue(text, at + 1);
    if (value === undefined) return undefined;
    members.push({ name: name.token.value, token: value.token });
    at = skip(text, value.end);
    if (text[at] === "}") return { token: { kind: "object", members }, end: at + 1 };
    if (text[at] !== ",") return undefined;
    at++;
  }
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** The same text for the same value: white space and escapes do not count, digits and the order of members do. */
export function written(token: Token): string {
  switch (token.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(token.value);
    case "number":
      return token.text;
    case "string":
      return JSON.stringify(token.value);
    case "array":
      return `[${token.items.map(written).join(",")}]`;
    case "object":
      return `{${token.members.map(({ name, token: value }) => `${JSON.stringify(name)}:${written(value)}`).join(",")}}`;
  }
}
