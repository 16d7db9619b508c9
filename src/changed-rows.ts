import { LakeError } from "../core/index.js";
import type { FieldPath } from "../table-format/index.js";
import type {
  MergeDeleteClause,
  MergeUpdateClause,
  NewTableAs,
  NewValues,
  TableInsertOptions,
  TableMergeOptions,
  TableUpdateOptions,
} from "./change-options.js";
import { columnPathOf } from "./sql/ddl/parse-texts.js";
import type { CreateTableAs } from "./sql/ddl/table-statement.js";
import type {
  Assignment,
  Insert,
  InsertMode,
  Merge,
  MergeClause,
  MergeDelete,
  MergeUpdate,
  Update,
} from "./sql/dml/row-statements.js";
import { ParameterNumbers } from "./sql/parameters.js";

// What callers of the library say of changes of rows, as statements say it. Pure.

/** @throws LakeError `invalid-input` `sql-syntax` for the name of a column that cannot be read. */
export function newTableAsOf({
  as,
  clusterBy,
  ...table
}: NewTableAs): Pick<CreateTableAs, "query" | "definition"> {
  return { query: as, definition: { ...table, clusterBy: clusterBy?.map(columnPathOf) } };
}

/** @throws LakeError `invalid-input` `sql-syntax` for the name of a column that cannot be read. */
export function insertOf(options: TableInsertOptions): Omit<Insert, "table" | "evolve"> {
  const numbers = new ParameterNumbers();
  const query = numbers.number(options.query);
  return {
    query,
    columns: options.columns?.map(columnPathOf),
    byName: options.byName ?? false,
    mode: modeOf(options, numbers),
  };
}

/** What becomes of the rows that are there. @throws LakeError `invalid-input` for a mode and a condition. */
export function modeOf(
  { mode = "append", replaceWhere }: Pick<TableInsertOptions, "mode" | "replaceWhere">,
  numbers: ParameterNumbers = new ParameterNumbers(),
): InsertMode {
  if (replaceWhere === undefined) return { kind: mode };
  if (mode === "append") return { kind: "replace-where", condition: numbers.number(replaceWhere) };
  throw new LakeError("invalid-input", "insert-mode", "rows are replaced all, or by a condition: not both", {
    hint: "Leave out mode or replaceWhere.",
  });
}

/** @throws LakeError `invalid-input` `sql-syntax` for the name of a column that cannot be read. */
export function updateOf({ alias, set, where }: TableUpdateOptions): Omit<Update, "table"> {
  const numbers = new ParameterNumbers();
  return { alias, set: assignmentsOf(set, numbers), where: conditionOf(where, numbers) };
}

/** @throws LakeError `invalid-input` `sql-syntax` for the name of a column that cannot be read. */
export function mergeOf(options: TableMergeOptions): Omit<Merge, "table"> {
  const numbers = new ParameterNumbers();
  const { alias, sourceAlias, whenMatched = [], whenNotMatched = [], whenNotMatchedBySource = [] } = options;
  const source = numbers.number(options.source);
  const on = numbers.number(options.on);
  const clauses: MergeClause[] = [];
  for (const clause of whenMatched) {
    clauses.push({ when: "matched", ...conditioned(clause, numbers), action: changeOf(clause, numbers) });
  }
  for (const clause of whenNotMatched) {
    const condition = conditioned(clause, numbers);
    const values = clause.insert === "all" ? "all" : assignmentsOf(clause.insert, numbers);
    clauses.push({ when: "not-matched", ...condition, action: { kind: "insert", values } });
  }
  for (const clause of whenNotMatchedBySource) {
    const condition = conditioned(clause, numbers);
    clauses.push({ when: "not-matched-by-source", ...condition, action: changeOf(clause, numbers) });
  }
  return { alias, source, sourceAlias, on, clauses, evolve: options.schema === "merge" };
}

function changeOf(
  clause: MergeUpdateClause<"all" | NewValues> | MergeDeleteClause,
  numbers: ParameterNumbers,
): MergeDelete | MergeUpdate {
  if ("delete" in clause) return { kind: "delete" };
  return { kind: "update", set: clause.update === "all" ? "all" : assignmentsOf(clause.update, numbers) };
}

function conditioned(
  clause: { readonly if?: string | undefined },
  numbers: ParameterNumbers,
): { readonly condition: string | undefined } {
  return { condition: conditionOf(clause.if, numbers) };
}

function conditionOf(condition: string | undefined, numbers: ParameterNumbers): string | undefined {
  return condition === undefined ? undefined : numbers.number(condition);
}

function assignmentsOf(values: NewValues, numbers: ParameterNumbers): Assignment[] {
  return Object.entries(values).map(([name, text]): Assignment => {
    const column: FieldPath = columnPathOf(name);
    return { column, value: /^\s*default\s*$/i.test(text) ? undefined : numbers.number(text) };
  });
}
