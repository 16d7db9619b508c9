import { LakeError } from "../../core/index.js";
import type { Parameters } from "../../engine/index.js";
import { applyEdits, type Edit } from "./text-edits.js";
import { type Token, tokenize } from "./tokens.js";

/** A parameter in a text; `identifier` is `"1"`, `"2"`, ... or its name in lower case. */
export interface ParameterUse {
  readonly token: Token;
  readonly identifier: string;
}

/** The parameters of a text. As in DuckDB a `?` is the one after the largest number so far. */
export function parameterUses(tokens: readonly Token[]): ParameterUse[] {
  let largest = 0;
  return tokens
    .filter((token) => token.kind === "parameter")
    .map((token) => {
      const identifier = token.text === "?" ? String(largest + 1) : token.text.slice(1).toLowerCase();
      if (isPosition(identifier)) largest = Math.max(largest, Number(identifier));
      return { token, identifier };
    });
}

export function isPosition(identifier: string): boolean {
  return /^\d+$/.test(identifier);
}

/**
 * The values for the parameters with these identifiers, in that order, out of all that the caller gave:
 * the engine refuses a value that its statement does not use.
 *
 * @throws LakeError `invalid-input` `sql-parameter` when one has no value.
 */
export function pickParameters(
  all: Parameters | undefined,
  identifiers: readonly string[],
): Parameters | undefined {
  if (identifiers.length === 0) return undefined;
  const values = new Map(Object.entries(all ?? {}).map(([key, value]) => [key.toLowerCase(), value]));
  const offset = Array.isArray(all) ? 1 : 0;
  const picked = identifiers.map((identifier) => {
    const key = isPosition(identifier) ? String(Number(identifier) - offset) : identifier;
    const value = values.get(key);
    if (value !== undefined) return [identifier, value] as const;
    const spelled = isPosition(identifier) ? `number ${identifier}` : `$${identifier}`;
    throw new LakeError("invalid-input", "sql-parameter", `the parameter ${spelled} has no value`, {
      context: { parameter: identifier },
    });
  });
  return identifiers.every(isPosition) ? picked.map(([, value]) => value) : Object.fromEntries(picked);
}

/** Numbers the `?` of texts that are given their parameters together, one text after the other. */
export class ParameterNumbers {
  #largest = 0;

  /** The text with `$1`, `$2`, ... in the place of each `?`. */
  number(text: string): string {
    const edits: Edit[] = [];
    for (const token of tokenize(text)) {
      if (token.kind !== "parameter") continue;
      const position = token.text === "?" ? this.#largest + 1 : Number(token.text.slice(1));
      if (position > this.#largest) this.#largest = position;
      const { start, end } = token;
      if (token.text === "?") edits.push({ start, end, replacement: [`$${position}`] });
    }
    return applyEdits(text, edits).text;
  }
}
