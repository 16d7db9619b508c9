import { LakeError } from "../../core/index.js";
import type { Constraint, ConstraintKind } from "./constraints.js";
import { ruleText } from "./constraints.js";
import { identityExhausted } from "./identity.js";
import { markedErrorOf, markedErrorSql } from "./marked-error.js";

type Rule = Omit<Constraint, "sql" | "columns">;

/**
 * The rows of a SELECT, each of them checked as it goes by: the first that breaks a rule ends the statement,
 * and {@link violationOf} tells from its error which one. No second pass, and no row is dropped or changed.
 *
 * @param select gives the table's columns by their logical names
 */
export function checkedSelect(select: string, constraints: readonly Constraint[], marker: string): string {
  if (constraints.length === 0) return select;
  const tests = constraints.map(({ sql, columns, ...rule }) => {
    const { kind, name, expression } = rule;
    const failure = markedErrorSql(marker, { broken: kind, name, expression }, columns);
    return `WHEN (${sql}) IS NOT TRUE THEN ${failure}`;
  });
  return `SELECT * FROM (${select}) AS checked WHERE CASE ${tests.join(" ")} ELSE TRUE END`;
}

/** SQL for a rule that cannot be evaluated for a row: it divides by zero, or casts what does not fit. */
export function failedRuleSql(marker: string, rule: Rule, what: string): string {
  return markedErrorSql(
    marker,
    { broken: rule.kind, name: rule.name, expression: rule.expression, what },
    [],
  );
}

/** SQL for the row that an identity column has no value left for. */
export function exhaustedIdentitySql(marker: string, column: string): string {
  return markedErrorSql(marker, { exhausted: column }, []);
}

/**
 * The error of a write whose statement stopped at a row that breaks a rule, given the marker that its rules
 * were made with: `invalid-input` `constraint`, the rule in its context. `undefined` for any other failure,
 * which stays what it is.
 */
export function violationOf(error: unknown, marker: string): LakeError | undefined {
  const marked = markedErrorOf(error, marker);
  if (marked === undefined) return undefined;
  const { exhausted, broken, name, expression, what } = marked.facts;
  if (typeof exhausted === "string") return identityExhausted(exhausted);
  if (!isKind(broken) || typeof name !== "string" || typeof expression !== "string") return undefined;
  const rule = { kind: broken, name, expression };
  const values = [...marked.row].map(([column, value]) => `${column} = ${value ?? "NULL"}`);
  const reason = typeof what === "string" ? `: ${what}` : values.length === 0 ? "" : `: ${values.join(", ")}`;
  return new LakeError(
    "invalid-input",
    "constraint",
    typeof what === "string"
      ? `${ruleText(rule)} cannot be evaluated for a row${reason}`
      : `a row breaks ${ruleText(rule)}${reason}`,
    {
      context: { constraint: name, kind: broken, expression },
      hint: "Nothing was committed. Correct the rows, or change the table's rule.",
      cause: error,
    },
  );
}

const KINDS: readonly ConstraintKind[] = ["check", "invariant", "not-null", "generated", "length"];

function isKind(value: unknown): value is ConstraintKind {
  return KINDS.some((kind) => kind === value);
}
