import { invalidExpression, unsupportedExpression } from "./failure.js";
import { engineRegex } from "./regex.js";
import type { Expression } from "./syntax.js";
import { BOOLEAN, made, stringSql, type TypedSql, valueTypeText } from "./typed-sql.js";

/**
 * LIKE, ILIKE and RLIKE. The pattern must be a literal: only then can what the two engines read differently
 * be refused beforehand.
 *
 * @throws LakeError `unsupported` for any other pattern, `invalid-input` for what is not a string.
 */
export function likeSql(
  like: Expression & { readonly node: "like" },
  of: TypedSql,
  pattern: TypedSql,
): TypedSql {
  if (of.type.type !== "string" && of.type.type !== "void") {
    throw invalidExpression("expression-type", `${like.kind.toUpperCase()} of ${valueTypeText(of.type)}`);
  }
  const text = pattern.literal;
  if (typeof text !== "string") {
    throw unsupportedExpression(`${like.kind.toUpperCase()} with a pattern that is not a literal`);
  }
  const subject = of.type.type === "void" ? "CAST(NULL AS VARCHAR)" : of.sql;
  if (like.kind === "rlike") {
    return made(`regexp_matches(${subject}, ${stringSql(engineRegex(text, "any"))})`, BOOLEAN, [of]);
  }
  checkEscapes(text, like.escape);
  const isAscii = /^[\0-\x7f]*$/.test(text);
  if (like.kind === "ilike" && !isAscii) throw unsupportedExpression("ILIKE with letters beyond ASCII");
  const sql = `${subject} ${like.kind.toUpperCase()} ${stringSql(text)} ESCAPE ${stringSql(like.escape)}`;
  return made(sql, BOOLEAN, [of]);
}

/** Spark lets `%`, `_` and the escape itself be escaped and nothing else. */
function checkEscapes(pattern: string, escapeWith: string): void {
  const characters = [...pattern];
  for (let index = 0; index < characters.length; index++) {
    if (characters[index] !== escapeWith) continue;
    const next = characters[++index];
    if (next !== "%" && next !== "_" && next !== escapeWith) {
      throw unsupportedExpression(`the LIKE pattern ${pattern}, which escapes what cannot be escaped`);
    }
  }
}
