import { LakeError } from "../../../core/index.js";
import { quoteIdentifier } from "../../../engine/index.js";
import {
  engineType,
  findField,
  foldCase,
  pathText,
  rowsSelect,
  type Snapshot,
  type StructField,
  sourceSchema,
} from "../../../table-format/index.js";
import { filePathSql } from "../../scan/file-names.js";
import { METADATA_COLUMN, materializedRowColumns } from "../../scan/metadata-column.js";
import { resultColumns } from "../../sql/result-columns.js";
import { identifierName, isSymbol, tokenize } from "../../sql/tokens.js";
import { newValueSql } from "../row-change/assignments.js";
import type { MatchedFile } from "../row-change/file-edits.js";
import { leavingRowsFrom, materializedColumns, originColumn } from "../row-change/kept-rows.js";
import { MatchedRows } from "../row-change/matched-rows.js";
import type { ReplacedRows } from "../row-change/row-change-work.js";
import {
  type AssignedPart,
  type ClausePlan,
  convertedValues,
  valueName,
  valuesByColumn,
  withExtraColumns,
} from "./clause-plan.js";
import { FILES, MATCHES } from "./match-rows.js";
import { inPart, type MergeSession } from "./merge-session.js";
import { type MergeSource, SOURCE } from "./merge-source.js";

/** Rows of the table that are deleted or updated: where they are, the number of the clause, and the new values. */
const CHANGES = "gl_merge_changes";

/** The rows of the table that a merge changes. */
export interface ChangedRows {
  readonly matched: MatchedRows;
  readonly updates: readonly ClausePlan[];
  /** How many there are, by the number of their clause. */
  readonly counts: ReadonlyMap<number, bigint>;
}

export interface ChangeScope {
  readonly merge: MergeSession;
  /** The version that is changed, with the columns that it is about to get. */
  readonly snapshot: Snapshot;
  readonly source: MergeSource;
}

/**
 * Works out the new values of the rows of {@link MATCHES}, each once, and keeps them in the session.
 *
 * @param deletes the numbers of the clauses that delete
 * @throws LakeError `invalid-input` for an expression that cannot be, and for a value that does not fit.
 */
export async function changeRows(
  { merge, snapshot, source }: ChangeScope,
  updates: readonly ClausePlan[],
  deletes: readonly number[],
): Promise<ChangedRows> {
  const { session, signal } = merge;
  const storedName = storedNames(snapshot);
  const values = new Map(updates.flatMap(({ assigned }) => assigned.map((part) => [storedName(part), part])));
  const columns = [...values].map(([name, { field }]) => `${name} ${engineType(field.type)}`);
  await merge.run(
    `CREATE OR REPLACE TEMP TABLE ${CHANGES} (${["gl_file BIGINT", "gl_row BIGINT", "gl_clause INTEGER", ...columns].join(", ")})`,
  );
  for (const plan of updates) await insertUpdates({ merge, snapshot, source }, plan);
  if (deletes.length > 0) {
    await merge.run(
      `INSERT INTO ${CHANGES} (gl_file, gl_row, gl_clause)
       SELECT DISTINCT gl_file, gl_row, gl_clause FROM ${MATCHES} WHERE gl_clause IN (${deletes.join(", ")})`,
    );
  }
  await merge.run(`DROP TABLE ${MATCHES}`);
  const matched = await MatchedRows.find(
    session,
    snapshot,
    {
      sql: `SELECT f.gl_path AS file, c.gl_row AS row_index, c.gl_clause, c.rowid AS gl_change
            FROM ${CHANGES} AS c LEFT JOIN ${FILES} AS f USING (gl_file)`,
      parameters: { signal },
    },
    signal,
  );
  const counted = await session.rows(
    `SELECT gl_clause, count(*) AS rows FROM ${CHANGES} GROUP BY gl_clause`,
    { signal },
  );
  const counts = new Map(counted.map((row) => [Number(row["gl_clause"]), BigInt(String(row["rows"]))]));
  return { matched, updates, counts };
}

/** Where the value of an assignment is kept; one place for one column or field, whatever the clause. */
function storedNames({ schema }: Snapshot): (part: AssignedPart) => string {
  const places = new Map(schema.fields.map(({ name }, index) => [foldCase(name), index]));
  return ({ path: [column = "", ...inside] }) =>
    quoteIdentifier([`gl_c${places.get(foldCase(column))}`, ...inside.map(foldCase)].join("."));
}

async function insertUpdates({ merge, snapshot, source }: ChangeScope, plan: ClausePlan): Promise<void> {
  const { session, signal } = merge;
  const { number, when, assigned } = plan;
  const where = when === "matched" ? "WHEN MATCHED THEN UPDATE" : "WHEN NOT MATCHED BY SOURCE THEN UPDATE";
  const items = assigned.map(({ value }, index) => `(${value}\n) AS ${valueName(index)}`);
  const query = await merge.plan(where, ...valuesQuery({ merge, snapshot, source }, plan, items));
  const { sql, parameters } = query;
  try {
    const bound = await resultColumns(session, sql, { parameters, signal });
    const converted = convertedValues(
      assigned,
      bound.slice(2).map(({ type }) => type),
    );
    const named = assigned.map(
      ({ path }, index) => `${valueName(index)} AS ${quoteIdentifier(pathText(path))}`,
    );
    const stored = assigned.map(storedNames(snapshot));
    await merge.run(
      `INSERT INTO ${CHANGES} (${["gl_file", "gl_row", "gl_clause", ...stored].join(", ")})
       SELECT ${["gl_file", "gl_row", number, ...converted.map((column) => column.sql)].join(", ")}
       FROM (SELECT ${["gl_file", "gl_row", ...named].join(", ")} FROM (${sql}\n))`,
      parameters,
    );
  } catch (error) {
    throw inPart(where, error);
  }
}

/**
 * The query of the values of a clause. Where they are columns of the source, nothing of the table is read again;
 * else the files in which the clause applies to a row.
 */
function valuesQuery(
  { merge, snapshot, source }: ChangeScope,
  { number, when, assigned }: ClausePlan,
  items: readonly string[],
): [snapshot: Snapshot | undefined, query: string, options: { readonly files?: string }] {
  const name = quoteIdentifier(merge.names.source);
  const select = `SELECT ${["gl_m.gl_file AS gl_file", "gl_m.gl_row AS gl_row", ...items].join(", ")}`;
  const ofClause = `gl_m.gl_clause = ${number}`;
  const withSource = `${name}.${source.number} = gl_m.gl_source`;
  const isOfSource =
    when === "matched" && assigned.every(({ value }) => isColumnOf(merge.names.source, snapshot, value));
  if (isOfSource) {
    const from = `${MATCHES} AS gl_m, ${SOURCE} AS ${name}`;
    return [undefined, `${select} FROM ${from} WHERE ${withSource} AND ${ofClause}`, {}];
  }
  const withTarget = `gl_f.gl_path = ${merge.targetPlace("file_path")} AND gl_m.gl_file = gl_f.gl_file
    AND gl_m.gl_row = ${merge.targetPlace("row_index")} AND ${ofClause}`;
  const from = `${merge.targetFrom}, ${FILES} AS gl_f, ${MATCHES} AS gl_m`;
  const query =
    when === "matched"
      ? `${select} FROM ${from}, ${SOURCE} AS ${name} WHERE ${withTarget} AND ${withSource}`
      : `${select} FROM ${from} WHERE ${withTarget}`;
  const files = `(${filePathSql(snapshot)}) IN (
    SELECT gl_path FROM ${FILES} WHERE gl_file IN (SELECT gl_file FROM ${MATCHES} WHERE gl_clause = ${number}))`;
  return [snapshot, query, { files }];
}

/** Whether an expression is a column by the name of its side, which no column of the table is called. Pure. */
function isColumnOf(side: string, { schema }: Snapshot, expression: string): boolean {
  if (findField(schema, side) !== undefined) return false;
  const [first, point, column, ...more] = tokenize(expression);
  return (
    more.length === 0 &&
    isSymbol(point, ".") &&
    identifierName(column) !== undefined &&
    identifierName(first)?.toLowerCase() === side.toLowerCase()
  );
}

/** The updated rows as they are written, file by file. */
export async function replacedRows(
  { merge, snapshot }: ChangeScope,
  { matched, updates, counts }: ChangedRows,
): Promise<ReplacedRows | undefined> {
  const some = updates.filter(({ number }) => counts.has(number));
  if (some.length === 0) return undefined;
  const numbers = some.map(({ number }) => number).join(", ");
  const rows = await merge.session.rows(
    `SELECT ordinal, count(*) AS rows FROM ${matched.matchedRelation(matched.files)}
     WHERE gl_clause IN (${numbers}) GROUP BY ordinal`,
    { signal: merge.signal },
  );
  const perFile = new Map(
    rows.map((row) => [matched.files[Number(row["ordinal"])], BigInt(String(row["rows"]))]),
  );
  const partitions = new Set(snapshot.metadata.partitionColumns.map(foldCase));
  return {
    select: (files) => updatedRowsSelect(merge, snapshot, matched, some, files),
    count: (file) => perFile.get(file) ?? 0n,
    moves: some.some(({ rules, assigned }) =>
      rules.columns.some(
        ({ kind, field }) =>
          partitions.has(foldCase(field.name)) && (kind !== "source" || isAssigned(assigned, field)),
      ),
    ),
  };
}

function isAssigned(assigned: readonly AssignedPart[], { name }: StructField): boolean {
  return assigned.some(({ path }) => foldCase(path[0] ?? "") === foldCase(name));
}

/**
 * A SELECT of updated rows: the table's columns, `materializedColumns` and `originColumn`. An updated row keeps its
 * id, and the version of its commit is that of its new file (PROTOCOL.md, "Row Tracking").
 */
export async function updatedRowsSelect(
  merge: MergeSession,
  snapshot: Snapshot,
  matched: MatchedRows,
  updates: readonly ClausePlan[],
  files: readonly MatchedFile[],
): Promise<string> {
  const from = await leavingRowsFrom(merge.session, snapshot, matched, files, merge.signal);
  const moved = materializedRowColumns(snapshot.metadata.configuration).map(({ column, member }) => ({
    name: column,
    sql: member === "row_id" ? `r.${METADATA_COLUMN}.row_id` : "NULL::BIGINT",
  }));
  const extra = [...moved, { name: originColumn(snapshot), sql: "m.ordinal" }];
  const storedName = storedNames(snapshot);
  const selects = updates.map(({ number, rules, assigned }) => {
    const values = valuesByColumn(assigned, (part) => `c.${storedName(part)}`);
    const source = sourceSchema(rules).fields.map((field) => ({
      name: field.name,
      sql: newValueSql(field, `r.${quoteIdentifier(field.name)}`, values.get(field.name) ?? []),
    }));
    return rowsSelect(withExtraColumns(rules, [...materializedColumns(snapshot), originColumn(snapshot)]), {
      from: `${from} JOIN ${CHANGES} AS c ON c.rowid = m.gl_change WHERE m.gl_clause = ${number}`,
      source: [...source, ...extra],
    });
  });
  const [first] = selects;
  if (first === undefined) throw new LakeError("internal", "no-update", "a merge without an update");
  return selects.map((select) => `(${select})`).join(" UNION ALL ");
}
