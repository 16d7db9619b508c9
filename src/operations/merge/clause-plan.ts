import {
  type ColumnRule,
  foldCase,
  hasFeature,
  newField,
  type PlannedColumn,
  type Protocol,
  pathText,
  planColumns,
  type RowRules,
  rowRulesFor,
  type StructField,
  type StructType,
} from "../../../table-format/index.js";
import type { MergeClause } from "../../sql/dml/row-statements.js";
import { type AssignedValue, type PlannedAssignment, planAssignments } from "../row-change/assignments.js";
import { assignmentsOf, type StarScope } from "./clause-assignments.js";
import type { ClauseKind } from "./merge-clauses.js";

/** What a clause makes of a row: the columns and fields that get values, and where all others come from. */
export interface ClausePlan {
  readonly number: number;
  readonly when: ClauseKind;
  readonly assigned: readonly AssignedPart[];
  readonly rules: RowRules;
}

/** An assignment that has a value, which is not a default. */
export type AssignedPart = PlannedAssignment & { readonly value: string };

export interface ClauseScope extends StarScope {
  readonly table: {
    readonly schema: StructType;
    readonly protocol: Protocol;
    readonly configuration: Readonly<Record<string, string>>;
  };
  /** See `rowRulesFor`; one for all clauses. */
  readonly marker: string;
  readonly now: number;
}

/**
 * Plans what an UPDATE or INSERT clause does. Pure.
 *
 * @throws LakeError `invalid-input` for a column that the table does not have or that cannot be given, and for a
 *   NOT NULL column that a new row gets no value for.
 */
export function planClause(clause: MergeClause, number: number, scope: ClauseScope): ClausePlan {
  const { schema, protocol, configuration } = scope.table;
  const isInsert = clause.action.kind === "insert";
  const assignable = isInsert ? withoutIdentities(schema) : schema;
  const planned = planAssignments({ schema: assignable, protocol }, assignmentsOf(clause, scope));
  const assigned = planned.filter((each): each is AssignedPart => each.value !== undefined);
  const set = new Set(planned.map(({ path }) => foldCase(path[0] ?? "")));
  const rules = rowRulesFor({
    schema,
    configuration,
    protocol,
    given: assigned.map(({ path }) => path[0] ?? ""),
    kept: isInsert ? [] : keptColumns(schema, protocol, set),
    marker: scope.marker,
    now: scope.now,
  });
  return { number, when: clause.when, assigned, rules };
}

/** Whether a new row may bring the value of an identity column is for the rules of rows to say. */
function withoutIdentities(schema: StructType): StructType {
  const fields = schema.fields.map((field) =>
    field.metadata["delta.identity.start"] === undefined ? field : { ...field, metadata: {} },
  );
  return { type: "struct", fields };
}

/** The columns that an updated row keeps: those that are not set, but for generated ones, which follow the others. */
function keptColumns(schema: StructType, protocol: Protocol, set: ReadonlySet<string>): string[] {
  const generates = hasFeature(protocol, "generatedColumns");
  return schema.fields
    .filter(({ name }) => !set.has(foldCase(name)))
    .filter(({ metadata }) => !generates || metadata["delta.generationExpression"] === undefined)
    .map(({ name }) => name);
}

/** The name that a query gives to the value of an assignment; no expression can mean it. */
export function valueName(index: number): string {
  return `gl_v${index}`;
}

/**
 * SQL of the assigned values, each of the type of what it is assigned to, over columns that are called as the paths.
 *
 * @param types those of the expressions, as the engine names them
 * @throws LakeError `invalid-input` naming the column whose type the expression's does not go to.
 */
export function convertedValues(
  assigned: readonly AssignedPart[],
  types: readonly string[],
): readonly PlannedColumn[] {
  const fields = assigned.map(
    ({ path, field }): StructField => ({ ...field, name: pathText(path), nullable: true }),
  );
  const given = assigned.map(({ path }, index) => ({ name: pathText(path), type: types[index] ?? "" }));
  return planColumns({ type: "struct", fields }, given, "strict", { fit: "value" }).columns;
}

/** SQL of the assigned values, by the column that each belongs to. */
export function valuesByColumn(
  assigned: readonly AssignedPart[],
  sqlOf: (part: AssignedPart, index: number) => string,
): ReadonlyMap<string, readonly AssignedValue[]> {
  const values = new Map<string, AssignedValue[]>();
  for (const [index, part] of assigned.entries()) {
    const [column = ""] = part.path;
    const own = values.get(column) ?? [];
    values.set(column, own);
    own.push({ path: part.path, sql: sqlOf(part, index) });
  }
  return values;
}

/** Rules that let columns through that the table does not have. */
export function withExtraColumns(rules: RowRules, columns: readonly string[]): RowRules {
  const extra = columns.map(
    (name): ColumnRule => ({ kind: "source", field: newField(name, { type: "long" }) }),
  );
  return { ...rules, columns: [...rules.columns, ...extra] };
}
