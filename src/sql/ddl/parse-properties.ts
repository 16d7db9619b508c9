import type { StatementReader } from "../statement-reader.js";
import { identifierName, isSymbol, stringContent } from "../tokens.js";

/** `('key' = 'value', key.part = 3, ...)`. @throws LakeError `sql-syntax` for a key that stands there twice. */
export function parseProperties(reader: StatementReader): Readonly<Record<string, string>> {
  const properties = new Map<string, string>();
  reader.list(() => {
    const at = reader.peek();
    const key = parseKey(reader);
    if (properties.has(key)) throw reader.problem(`the property ${key} stands here twice`, at);
    reader.takeSymbol("=");
    properties.set(key, parseValue(reader));
  });
  return Object.fromEntries(properties);
}

/** `('key', key.part, ...)`. */
export function parsePropertyNames(reader: StatementReader): readonly string[] {
  return reader.list(() => parseKey(reader));
}

function parseKey(reader: StatementReader): string {
  const quoted = stringContent(reader.peek());
  if (quoted !== undefined) {
    reader.take();
    return quoted;
  }
  const parts: string[] = [];
  do {
    const part = identifierName(reader.peek());
    if (part === undefined) throw reader.expected("the name of a property");
    reader.take();
    parts.push(part);
  } while (reader.takeSymbol("."));
  return parts.join(".");
}

/** A string, a number, or `true` or `false`: properties hold text. */
function parseValue(reader: StatementReader): string {
  const quoted = stringContent(reader.peek());
  const minus = isSymbol(reader.peek(), "-") && reader.peek(1)?.kind === "number";
  if (minus) reader.take();
  const token = reader.peek();
  if (quoted === undefined && token?.kind !== "number" && !/^(?:true|false)$/i.test(token?.text ?? "")) {
    throw reader.expected("a value in quotes, a number, TRUE or FALSE");
  }
  reader.take();
  return quoted ?? `${minus ? "-" : ""}${token?.text ?? ""}`;
}
