/** A row of the tables that the merges of the tests are made on. */
export interface ModelRow {
  /** Tells rows apart. */
  readonly tag: number;
  readonly id: number | null;
  readonly name: string | null;
  readonly amount: number | null;
  readonly part: string | null;
}

/** SQL and what it means. `undefined` as a row of one side where there is none. */
export interface ModelCondition {
  readonly sql: string;
  readonly holds: (target: ModelRow | undefined, source: ModelRow | undefined) => boolean;
}

export type ModelAction =
  | { readonly kind: "delete" }
  | { readonly kind: "insert" }
  | {
      readonly kind: "update";
      readonly set: readonly (readonly [column: string, sql: string])[];
      readonly apply: (target: ModelRow, source: ModelRow | undefined) => ModelRow;
    };

export interface ModelClause {
  readonly when: "matched" | "not-matched" | "not-matched-by-source";
  readonly condition: ModelCondition | undefined;
  readonly action: ModelAction;
}

export interface ModelChange {
  readonly type: "insert" | "delete" | "update_preimage" | "update_postimage";
  readonly row: ModelRow;
}

export type ModelOutcome =
  | { readonly kind: "ambiguous" }
  | {
      readonly kind: "merged";
      readonly rows: readonly ModelRow[];
      readonly changes: readonly ModelChange[];
      readonly inserted: number;
      readonly updated: number;
      readonly deleted: number;
    };

/** A MERGE, row by row, as its definition says it. */
export function mergeByModel(
  target: readonly ModelRow[],
  source: readonly ModelRow[],
  on: ModelCondition,
  clauses: readonly ModelClause[],
): ModelOutcome {
  const of = (when: ModelClause["when"]): readonly ModelClause[] =>
    clauses.filter((clause) => clause.when === when);
  const [matched, notMatched, lonely] = [of("matched"), of("not-matched"), of("not-matched-by-source")];
  const deletesAnyway =
    matched.length === 1 && matched[0]?.action.kind === "delete" && matched[0].condition === undefined;
  const changesTable = matched.length + lonely.length > 0;
  const rows: ModelRow[] = [];
  const changes: ModelChange[] = [];
  let [inserted, updated, deleted] = [0, 0, 0];
  for (const row of target) {
    const partners = source.filter((other) => on.holds(row, other));
    if (partners.length > 1 && changesTable && !deletesAnyway) return { kind: "ambiguous" };
    const [partner] = partners;
    const own = partner === undefined ? lonely : matched;
    const clause = own.find(({ condition }) => condition === undefined || condition.holds(row, partner));
    if (clause === undefined) rows.push(row);
    else if (clause.action.kind === "delete") {
      deleted++;
      changes.push({ type: "delete", row });
    } else if (clause.action.kind === "update") {
      const after = clause.action.apply(row, partner);
      updated++;
      rows.push(after);
      changes.push({ type: "update_preimage", row }, { type: "update_postimage", row: after });
    }
  }
  for (const row of source) {
    if (target.some((other) => on.holds(other, row))) continue;
    const clause = notMatched.find(
      ({ condition }) => condition === undefined || condition.holds(undefined, row),
    );
    if (clause === undefined) continue;
    inserted++;
    rows.push(row);
    changes.push({ type: "insert", row });
  }
  return { kind: "merged", rows, changes, inserted, updated, deleted };
}
