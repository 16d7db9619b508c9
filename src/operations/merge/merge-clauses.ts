import { LakeError } from "../../../core/index.js";
import type { MergeClause } from "../../sql/dml/row-statements.js";

/** A clause and its number, which counts from 0 in the order of the statement. */
export interface NumberedClause<C extends MergeClause = MergeClause> {
  readonly number: number;
  readonly clause: C;
}

export type ClauseKind = MergeClause["when"];

export type ClauseOf<K extends ClauseKind> = Extract<MergeClause, { readonly when: K }>;

/** The clauses of one kind, in their order. */
export function clausesOf<K extends ClauseKind>(
  clauses: readonly MergeClause[],
  when: K,
): NumberedClause<ClauseOf<K>>[] {
  return clauses.flatMap((clause, number) => (isOf(clause, when) ? [{ number, clause }] : []));
}

function isOf<K extends ClauseKind>(clause: MergeClause, when: K): clause is ClauseOf<K> {
  return clause.when === when;
}

/** A clause as messages name it. */
export function clauseText({ when, action }: MergeClause): string {
  return `WHEN ${when.toUpperCase().replaceAll("-", " ")} THEN ${action.kind.toUpperCase()}`;
}

/**
 * Checks what Spark asks of clauses too.
 *
 * @throws LakeError `invalid-input` `merge-clauses` for a merge without clauses, for a clause that comes after
 *   one of its kind without a condition, and for values of a source row where there is none.
 */
export function checkClauses(clauses: readonly MergeClause[]): void {
  if (clauses.length === 0) {
    throw new LakeError("invalid-input", "merge-clauses", "a MERGE needs at least one WHEN clause");
  }
  const starred = clausesOf(clauses, "not-matched-by-source").find(
    ({ clause: { action } }) => action.kind === "update" && action.set === "all",
  );
  if (starred !== undefined) {
    throw new LakeError(
      "invalid-input",
      "merge-clauses",
      `${clauseText(starred.clause)} *: there is no row of the source to take values from`,
      { hint: "Name the columns that are to be set." },
    );
  }
  for (const when of ["matched", "not-matched", "not-matched-by-source"] as const) {
    const own = clausesOf(clauses, when);
    const open = own.slice(0, -1).find(({ clause }) => clause.condition === undefined);
    if (open === undefined) continue;
    throw new LakeError(
      "invalid-input",
      "merge-clauses",
      `${clauseText(open.clause)} has no condition, so the clauses of its kind after it would never apply`,
      { hint: "Only the last clause of a kind may be without a condition." },
    );
  }
}

/** SQL of the number of the first clause whose condition is TRUE; NULL for none. */
export function clauseNumberSql(clauses: readonly NumberedClause[]): string {
  if (clauses.length === 0) return "NULL::INTEGER";
  const cases = clauses.map(({ number, clause }) => `WHEN ${conditionSql(clause)} THEN ${number}`);
  return `CASE ${cases.join(" ")} END::INTEGER`;
}

/** A condition for the rows that some clause applies to. */
export function anyClauseSql(clauses: readonly NumberedClause[]): string {
  return clauses.length === 0 ? "FALSE" : clauses.map(({ clause }) => conditionSql(clause)).join(" OR ");
}

function conditionSql({ condition }: MergeClause): string {
  return condition === undefined ? "TRUE" : `(${condition}\n)`;
}

/** Whether rows of the table stay as they are, whatever they match. */
export function isInsertOnly(clauses: readonly MergeClause[]): boolean {
  return clauses.every(({ when }) => when === "not-matched");
}

/**
 * Whether a row of the table may match several rows of the source: where nothing is done to it, or where it is
 * deleted whatever the row of the source holds (delta-spark's `isOnlyOneUnconditionalDelete`).
 */
export function allowsSeveralMatches(clauses: readonly MergeClause[]): boolean {
  if (isInsertOnly(clauses)) return true;
  const [only, ...more] = clausesOf(clauses, "matched");
  return more.length === 0 && only?.clause.action.kind === "delete" && only.clause.condition === undefined;
}
