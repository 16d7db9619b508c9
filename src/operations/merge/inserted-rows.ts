import { quoteIdentifier } from "../../../engine/index.js";
import {
  engineType,
  numberedColumns,
  pathText,
  rowsSelect,
  type Snapshot,
  type StructType,
  sourceSchema,
  withHighWaterMarks,
} from "../../../table-format/index.js";
import { resultColumns } from "../../sql/result-columns.js";
import { newValueSql } from "../row-change/assignments.js";
import { type ClausePlan, convertedValues, valueName, valuesByColumn } from "./clause-plan.js";
import { INSERTS } from "./match-rows.js";
import { inPart, type MergeQuery, type MergeSession } from "./merge-session.js";
import { type MergeSource, SOURCE } from "./merge-source.js";

/** The new rows, where they are made before they are written. */
const INSERTED = "gl_merge_inserted";

/** The new rows of a merge. */
export interface InsertedRows {
  readonly rows: bigint;
  /** A SELECT of the table's columns; `undefined` without rows. */
  readonly select: string | undefined;
  /** The table's schema afterwards: identity columns have given out values. */
  readonly schema: StructType;
}

interface PlannedInsert {
  readonly plan: ClausePlan;
  readonly query: MergeQuery;
  readonly select: string;
  readonly rows: bigint;
}

/**
 * Plans the rows of {@link INSERTS}.
 *
 * @param once whether they are read more than once, and made once all the same
 * @throws LakeError `invalid-input` for an expression that cannot be.
 */
export async function insertRows(
  merge: MergeSession,
  snapshot: Snapshot,
  source: MergeSource,
  clauses: readonly ClausePlan[],
  once: boolean,
): Promise<InsertedRows> {
  if (clauses.length === 0) return { rows: 0n, select: undefined, schema: snapshot.schema };
  const { session, signal } = merge;
  const counted = await session.rows(
    `SELECT gl_clause, count(*) AS rows FROM ${INSERTS} GROUP BY gl_clause`,
    { signal },
  );
  const counts = new Map(counted.map((row) => [Number(row["gl_clause"]), BigInt(String(row["rows"]))]));
  const inserts: PlannedInsert[] = [];
  let { schema } = snapshot;
  let numbered = 0n;
  for (const plan of clauses) {
    const rows = counts.get(plan.number) ?? 0n;
    inserts.push({ ...(await planInsert(merge, source, plan, numbered)), plan, rows });
    if (numberedColumns(plan.rules).length === 0) continue;
    numbered += rows;
    if (rows > 0n) schema = withHighWaterMarks(schema, numberedColumns(plan.rules), numbered);
  }
  const some = inserts.filter(({ rows }) => rows > 0n);
  const rows = some.reduce((sum, insert) => sum + insert.rows, 0n);
  const isPlain = some.every(({ query }) => query.parameters === undefined);
  if (some.length === 0) return { rows, select: undefined, schema };
  if (isPlain && !once) {
    return { rows, select: some.map(({ select }) => `(${select})`).join(" UNION ALL "), schema };
  }
  await makeRows(merge, snapshot, some);
  return { rows, select: `SELECT * FROM ${INSERTED}`, schema };
}

async function planInsert(
  merge: MergeSession,
  source: MergeSource,
  { number, assigned, rules }: ClausePlan,
  rowsBefore: bigint,
): Promise<Pick<PlannedInsert, "query" | "select">> {
  const where = "WHEN NOT MATCHED THEN INSERT";
  const name = quoteIdentifier(merge.names.source);
  const items = assigned.map(({ value }, index) => `(${value}\n) AS ${valueName(index)}`);
  const query = await merge.plan(
    where,
    undefined,
    `SELECT ${["gl_i.gl_source AS gl_source", ...items].join(", ")}
     FROM ${SOURCE} AS ${name}, ${INSERTS} AS gl_i
     WHERE ${name}.${source.number} = gl_i.gl_source AND gl_i.gl_clause = ${number}`,
  );
  const { sql, parameters } = query;
  try {
    const bound = await resultColumns(merge.session, sql, { parameters, signal: merge.signal });
    const converted = convertedValues(
      assigned,
      bound.slice(1).map(({ type }) => type),
    );
    const named = assigned.map(
      ({ path }, index) => `${valueName(index)} AS ${quoteIdentifier(pathText(path))}`,
    );
    const values = valuesByColumn(assigned, (_, index) => converted[index]?.sql ?? "NULL");
    const given = sourceSchema(rules).fields.map((field) => ({
      name: field.name,
      sql: newValueSql(field, `CAST(NULL AS ${engineType(field.type)})`, values.get(field.name) ?? []),
    }));
    const from = `(SELECT ${["gl_source", ...named].join(", ")} FROM (${sql}\n)) AS gl_values`;
    return { query, select: rowsSelect(rules, { from, source: given, rowsBefore }) };
  } catch (error) {
    throw inPart(where, error);
  }
}

async function makeRows(
  merge: MergeSession,
  { schema }: Snapshot,
  inserts: readonly PlannedInsert[],
): Promise<void> {
  const columns = schema.fields.map(({ name, type }) => `${quoteIdentifier(name)} ${engineType(type)}`);
  await merge.run(`CREATE OR REPLACE TEMP TABLE ${INSERTED} (${columns.join(", ")})`);
  for (const { select, query } of inserts) {
    await merge.run(`INSERT INTO ${INSERTED} ${select}`, query.parameters);
  }
}
