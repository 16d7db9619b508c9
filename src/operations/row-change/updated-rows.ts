import { LakeError } from "../../../core/index.js";
import { type Parameters, quoteIdentifier, type RunOptions, type Session } from "../../../engine/index.js";
import {
  hasFeature,
  newField,
  pathText,
  planColumns,
  type RowRules,
  rowRulesFor,
  rowsSelect,
  type Snapshot,
  type StructField,
  type StructType,
  sourceSchema,
} from "../../../table-format/index.js";
import { METADATA_COLUMN, materializedRowColumns } from "../../scan/metadata-column.js";
import { type PlannedQuery, withoutRewrittenText } from "../../sql/query-planner.js";
import { boundColumns } from "../../sql/result-columns.js";
import { type QueryRunner, SCANNED } from "../../table.js";
import { withNullTypes } from "../insert/null-columns.js";
import { type AssignedValue, newValueSql, type PlannedAssignment } from "./assignments.js";
import type { MatchedFile } from "./file-edits.js";
import { freeName, leavingRowsFrom, originColumn } from "./kept-rows.js";
import { MatchedRows } from "./matched-rows.js";

export interface UpdateRequest {
  readonly assignments: readonly PlannedAssignment[];
  /** Rows for which it is TRUE; default every row. */
  readonly condition: string | undefined;
  /** What expressions call the table, quoted. */
  readonly called: string;
  /** A UUID of this change alone. */
  readonly marker: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The rows of an update, with their new values in the session of the plan. Whoever holds it releases the plan. */
export interface UpdatedRows {
  readonly plan: PlannedQuery;
  readonly matched: MatchedRows;
  readonly rules: RowRules;
  /** What is set, over the relation `m` of the matched rows. */
  readonly assigned: readonly AssignedValue[];
}

/**
 * Finds the rows of an update and evaluates their new values, once for each row.
 *
 * @throws LakeError `invalid-input` for an expression that cannot be, and naming the column of a value that does not
 *   fit.
 */
export async function findUpdatedRows(
  rows: QueryRunner,
  table: { readonly label: string; readonly snapshot: Snapshot },
  request: UpdateRequest,
  options: { readonly parameters: Parameters | undefined; readonly signal: AbortSignal | undefined },
): Promise<UpdatedRows> {
  const { snapshot } = table;
  const { rules, values } = planValues(snapshot, request);
  const evaluated = values.filter(({ value }) => value.kind === "expression");
  const [file, rowIndex] = ["gl_file", "gl_row_index"].map((name) => freeName(snapshot, name));
  const expressions = evaluated.map(({ name, value }) => `(${value.sql}\n) AS ${quoteIdentifier(name)}`);
  const select = [
    `${METADATA_COLUMN}.file_path AS ${file}`,
    `${METADATA_COLUMN}.row_index AS ${rowIndex}`,
    ...expressions,
  ].join(", ");
  const where = request.condition === undefined ? "" : ` WHERE (${request.condition}\n)`;
  const plan = await rows.planOver(table, `SELECT ${select} FROM ${SCANNED} AS ${request.called}${where}`, {
    ...options,
    toTell: true,
  });
  try {
    const { session, sql, parameters } = plan;
    const run = { parameters, signal: options.signal };
    const fields = evaluated.map(({ name, field }) => newField(name, field.type));
    const schema: StructType = { type: "struct", fields };
    const bound = await boundColumns(session, sql, run);
    const typed = await withNullTypes({ session, sql, parameters }, bound, schema, options.signal);
    const fitted = planColumns(schema, typed.slice(2), "strict", { fit: "value" }).columns;
    const kept = values.map(({ column, name, value }) => {
      const converted = fitted.find((planned) => planned.name === name)?.sql;
      const of = value.kind === "expression" ? converted : value.sql;
      if (of === undefined) throw new LakeError("internal", "no-value", `no value for ${name}`);
      return `${of} AS ${column}`;
    });
    const found = [`${file} AS file`, `${rowIndex} AS row_index`, ...kept].join(", ");
    const matched = await MatchedRows.find(
      session,
      snapshot,
      { sql: `SELECT ${found} FROM (${sql}\n)`, parameters: run },
      options.signal,
    );
    if ((await multiplies(session, sql, run)) && (await matched.hasDuplicates())) throw manyValues();
    const assigned = values.map(({ path, column }) => ({ path, sql: `m.${column}` }));
    return { plan, matched, rules, assigned };
  } catch (error) {
    const explained = withoutRewrittenText(await plan.explain(error));
    await MatchedRows.drop(plan.session);
    await rows.release(plan);
    throw explained;
  }
}

/** Whether the plan of a query has an operator that makes several rows of one: `unnest`, by whatever name. */
async function multiplies(session: Session, sql: string, run: RunOptions): Promise<boolean> {
  const rows = await session.rows(`EXPLAIN (FORMAT json) ${sql}`, run);
  return rows.some((row) => String(row["explain_value"]).includes('"UNNEST'));
}

function manyValues(): LakeError {
  return new LakeError("invalid-input", "many-values", "an expression gives a row several values", {
    hint: "A row gets one value for each column: put unnest into a subquery that gives one row.",
  });
}

/**
 * A SELECT of the updated rows of some files: the table's columns, its materialised columns and the origin. Row ids
 * stay; the commit version is that of the file that the rows go to (PROTOCOL.md, "Row Tracking").
 */
export async function updatedRowsSelect(
  session: Session,
  snapshot: Snapshot,
  { matched, rules, assigned }: UpdatedRows,
  files: readonly MatchedFile[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const from = await leavingRowsFrom(session, snapshot, matched, files, signal);
  const materialized = materializedRowColumns(snapshot.metadata.configuration).map(({ column, member }) => ({
    name: column,
    sql: member === "row_id" ? `r.${METADATA_COLUMN}.${member}` : "NULL::BIGINT",
  }));
  return rowsSelect(rules, {
    from,
    source: sourceSchema(rules).fields.map((field) => ({
      name: field.name,
      sql: newValueSql(field, `r.${quoteIdentifier(field.name)}`, assigned),
    })),
    carried: [...materialized, { name: originColumn(snapshot), sql: "m.ordinal" }],
  });
}

interface PlannedValue {
  readonly path: readonly string[];
  readonly field: StructField;
  /** The path as messages have it. */
  readonly name: string;
  /** Where the session keeps the value. */
  readonly column: string;
  readonly value: {
    /** `made`: of the type of the field, and naming no columns. */
    readonly kind: "expression" | "made";
    readonly sql: string;
  };
}

/** Where the new values come from: expressions, and the defaults of columns; and the rules for the rest. */
function planValues(
  { schema, metadata, protocol }: Snapshot,
  { assignments, marker, now }: UpdateRequest,
): { readonly rules: RowRules; readonly values: readonly PlannedValue[] } {
  const set = new Set(assignments.map(({ path }) => path[0]));
  const isComputed = ({ metadata: own }: StructField): boolean =>
    hasFeature(protocol, "generatedColumns") && typeof own["delta.generationExpression"] === "string";
  const kept = schema.fields.flatMap((field) =>
    set.has(field.name) || isComputed(field) ? [] : [field.name],
  );
  const expressed = assignments.flatMap(({ path, value }) => (value === undefined ? [] : path.slice(0, 1)));
  const { configuration } = metadata;
  const base = { schema, configuration, protocol, kept, marker, now };
  const byDefault = rowRulesFor({ ...base, given: expressed });
  const values = assignments.flatMap(({ path, field, value }, index): PlannedValue[] => {
    const planned = { path, field, name: pathText(path), column: `gl_value_${index}` };
    if (value !== undefined) return [{ ...planned, value: { kind: "expression", sql: value } }];
    const rule = byDefault.columns.find((column) => column.field === field);
    // A default may be volatile: it is a value of the row like any other.
    if (rule?.kind === "default") return [{ ...planned, value: { kind: "made", sql: rule.sql } }];
    return [];
  });
  const defaulted = values.flatMap(({ path, value }) => (value.kind === "made" ? path : []));
  return { rules: rowRulesFor({ ...base, given: [...expressed, ...defaulted] }), values };
}
