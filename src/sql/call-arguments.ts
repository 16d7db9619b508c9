import type { JsonObject } from "../../core/index.js";
import { listField, nodeField } from "./syntax-tree.js";
import { isSymbol, type Token } from "./tokens.js";

/** What a call names as a table: a string, or an identifier, as `TableResolver.resolve` takes it. */
export function tableArgument(argument: JsonObject): string | undefined {
  const literal = nodeField(argument, "value")?.["value"];
  if (typeof literal === "string") return literal;
  const names = listField(argument, "column_names").map(String);
  const [name, inner] = names;
  if (argument["type"] !== "COLUMN_REF" || names.length > 2) return undefined;
  return inner !== undefined && name?.toLowerCase() === "delta" ? `delta.\`${inner}\`` : names.join(".");
}

/** The tokens [from, to). */
export interface TokenRange {
  readonly from: number;
  readonly to: number;
}

/** The arguments in the tokens [from, to). */
export function splitAtCommas(tokens: readonly Token[], from: number, to: number): TokenRange[] {
  const parts: TokenRange[] = [];
  let begin = from;
  let depth = 0;
  for (let index = from; index < to; index++) {
    if (["(", "[", "{"].some((open) => isSymbol(tokens[index], open))) depth++;
    else if ([")", "]", "}"].some((close) => isSymbol(tokens[index], close))) depth--;
    else if (depth === 0 && isSymbol(tokens[index], ",")) {
      parts.push({ from: begin, to: index });
      begin = index + 1;
    }
  }
  if (begin < to) parts.push({ from: begin, to });
  return parts;
}
