import { LakeError } from "../../../core/index.js";
import { quoteIdentifier, quoteString } from "../../../engine/index.js";
import type { Predicate, Snapshot } from "../../../table-format/index.js";
import { filePathSql } from "../../scan/file-names.js";
import type { Candidates, KeyColumn } from "./match-candidates.js";
import {
  allowsSeveralMatches,
  anyClauseSql,
  clauseNumberSql,
  clausesOf,
  isInsertOnly,
} from "./merge-clauses.js";
import type { MergeOptions } from "./merge-options.js";
import type { MergeSession } from "./merge-session.js";
import { type MergeSource, SOURCE } from "./merge-source.js";

/** Temporary tables of the session. The files of the version: `gl_file` is a number, `gl_path` as `_metadata` has it. */
export const FILES = "gl_merge_files";
/**
 * Pairs of rows that match, and rows of the table that match none and that a clause applies to: where the row of
 * the table is, `gl_source` the number of the source's, `gl_clause` the number of the clause, NULL for none.
 */
export const MATCHES = "gl_merge_matches";
/** Rows of the source that are inserted, and the number of the clause. */
export const INSERTS = "gl_merge_inserts";

/** What was read of the table to find out what becomes of its rows. */
export interface Found {
  /** Predicates that are each TRUE for the rows that could have mattered. */
  readonly reads: readonly Predicate[];
  /** Files in which matches were looked for. */
  readonly filesRead: number;
}

export interface Search {
  readonly merge: MergeSession;
  readonly snapshot: Snapshot;
  readonly source: MergeSource;
  readonly options: Pick<MergeOptions, "on" | "clauses">;
  readonly candidates: Candidates;
}

/**
 * Finds what becomes of each row: {@link MATCHES} and {@link INSERTS} are there afterwards.
 *
 * @throws LakeError `invalid-input` `merge-ambiguous` when a row of the table matches several of the source and
 *   could become one thing or another.
 */
export async function findRows(search: Search): Promise<Found> {
  const { merge, options } = search;
  await makeTables(search);
  const scans = [await findMatches(search)];
  if (!allowsSeveralMatches(options.clauses)) await refuseAmbiguous(search);
  if (clausesOf(options.clauses, "not-matched").length > 0) await findInserts(search);
  if (clausesOf(options.clauses, "not-matched-by-source").length > 0) scans.push(await findLonely(search));
  await merge.run(`DELETE FROM ${MATCHES} WHERE gl_clause IS NULL`);
  return {
    reads: scans.map(({ predicate }) => predicate),
    filesRead: scans[0]?.files ?? 0,
  };
}

async function makeTables({ merge, snapshot }: Search): Promise<void> {
  const { session, signal } = merge;
  await snapshot.withFiles(
    ({ relation }) =>
      session.execute(
        `CREATE OR REPLACE TEMP TABLE ${FILES} AS
         SELECT rowid AS gl_file, ${filePathSql(snapshot)} AS gl_path FROM ${relation}`,
        { signal },
      ),
    signal,
  );
  const places = [
    { name: "gl_file", type: "BIGINT" },
    { name: "gl_row", type: "BIGINT" },
    { name: "gl_source", type: "BIGINT" },
    { name: "gl_clause", type: "INTEGER" },
  ];
  const inserts = places.slice(2);
  for (const [name, columns] of [[MATCHES, places] as const, [INSERTS, inserts] as const]) {
    const definitions = columns.map((column) => `${column.name} ${column.type}`).join(", ");
    await merge.run(`CREATE OR REPLACE TEMP TABLE ${name} (${definitions})`);
    merge.know({ name, columns });
  }
  merge.know({
    name: FILES,
    columns: [
      { name: "gl_file", type: "BIGINT" },
      { name: "gl_path", type: "VARCHAR" },
    ],
  });
}

interface FoundScan {
  readonly predicate: Predicate;
  readonly files: number;
}

/** The pairs for which the condition is TRUE; for inserts alone the rows of the source that are in one. */
async function findMatches({ merge, snapshot, source, options, candidates }: Search): Promise<FoundScan> {
  const matched = clausesOf(options.clauses, "matched");
  const number = `${quoteIdentifier(merge.names.source)}.${source.number}`;
  const columns = isInsertOnly(options.clauses)
    ? `DISTINCT NULL::VARCHAR AS gl_path, NULL::BIGINT AS gl_row, ${number} AS gl_source, NULL::INTEGER AS gl_clause`
    : `${merge.targetPlace("file_path")} AS gl_path, ${merge.targetPlace("row_index")} AS gl_row,
       ${number} AS gl_source, ${clauseNumberSql(matched)} AS gl_clause`;
  const query = await merge.plan(
    "ON",
    snapshot,
    `SELECT ${columns} FROM ${merge.targetFrom}, ${SOURCE} AS ${quoteIdentifier(merge.names.source)}
     WHERE (${options.on}\n)`,
    { files: candidates.files, toTell: true },
  );
  await merge.run(
    `INSERT INTO ${MATCHES} SELECT f.gl_file, m.gl_row, m.gl_source, m.gl_clause
     FROM (${query.sql}\n) AS m LEFT JOIN ${FILES} AS f USING (gl_path)`,
    query.parameters,
  );
  const own = query.target?.predicate ?? EVERY_ROW;
  return {
    predicate: { kind: "and", operands: [own, candidates.predicate] },
    files: query.target?.filesKept ?? 0,
  };
}

const EVERY_ROW: Predicate = { kind: "constant", value: true };

/** Rows of the source that match none, by the first clause whose condition is TRUE. */
async function findInserts({ merge, source, options }: Search): Promise<void> {
  const clauses = clausesOf(options.clauses, "not-matched");
  const name = quoteIdentifier(merge.names.source);
  const query = await merge.plan(
    "WHEN NOT MATCHED",
    undefined,
    `SELECT ${name}.${source.number} AS gl_source, ${clauseNumberSql(clauses)} AS gl_clause
     FROM ${SOURCE} AS ${name}
     WHERE NOT EXISTS (SELECT 1 FROM ${MATCHES} AS gl_m WHERE gl_m.gl_source = ${name}.${source.number})`,
  );
  await merge.run(
    `INSERT INTO ${INSERTS} SELECT * FROM (${query.sql}\n) WHERE gl_clause IS NOT NULL`,
    query.parameters,
  );
}

/** Rows of the table that match none, by the first clause whose condition is TRUE. */
async function findLonely({ merge, snapshot, options }: Search): Promise<FoundScan> {
  const clauses = clausesOf(options.clauses, "not-matched-by-source");
  const query = await merge.plan(
    "WHEN NOT MATCHED BY SOURCE",
    snapshot,
    `SELECT ${merge.targetPlace("file_path")} AS gl_path, ${merge.targetPlace("row_index")} AS gl_row,
       ${clauseNumberSql(clauses)} AS gl_clause
     FROM ${merge.targetFrom} WHERE (${anyClauseSql(clauses)})`,
    { toTell: true },
  );
  await merge.run(
    `INSERT INTO ${MATCHES} SELECT f.gl_file, l.gl_row, NULL, l.gl_clause
     FROM (${query.sql}\n) AS l LEFT JOIN ${FILES} AS f USING (gl_path)
     WHERE NOT EXISTS (SELECT 1 FROM ${MATCHES} AS m WHERE m.gl_file = f.gl_file AND m.gl_row = l.gl_row)`,
    query.parameters,
  );
  return { predicate: query.target?.predicate ?? EVERY_ROW, files: query.target?.filesKept ?? 0 };
}

/**
 * As in delta-spark every match counts, whether a clause applies to it or not
 * (`ClassicMergeExecutor.findTouchedFiles`).
 */
async function refuseAmbiguous({ merge, snapshot, candidates: { keys } }: Search): Promise<void> {
  const { session, signal } = merge;
  const [row] = await session.rows(
    `SELECT f.gl_path, d.gl_row, d.matches FROM
       (SELECT gl_file, gl_row, count(*) AS matches FROM ${MATCHES} GROUP BY gl_file, gl_row HAVING count(*) > 1 LIMIT 1) AS d
     JOIN ${FILES} AS f USING (gl_file)`,
    { signal },
  );
  if (row === undefined) return;
  const shown = keys.length === 0 ? "" : ` (${await keyValues(merge, snapshot, keys, row)})`;
  throw new LakeError(
    "invalid-input",
    "merge-ambiguous",
    `a row of the table${shown} matches ${row["matches"]} rows of the source: which of them it becomes is not told`,
    {
      context: { matches: BigInt(String(row["matches"])) },
      hint: "Nothing was committed. Make the source hold one row for each, or narrow ON.",
    },
  );
}

async function keyValues(
  merge: MergeSession,
  snapshot: Snapshot,
  keys: readonly KeyColumn[],
  row: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { session, signal } = merge;
  const columns = keys.map((key, index) => `CAST(${key.sql} AS VARCHAR) AS k${index}`).join(", ");
  const path = quoteString(String(row["gl_path"]));
  const query = await merge.plan(
    "ON",
    snapshot,
    `SELECT ${columns} FROM ${merge.targetFrom}
     WHERE ${merge.targetPlace("file_path")} = ${path} AND ${merge.targetPlace("row_index")} = ${String(row["gl_row"])}`,
    { files: `(${filePathSql(snapshot)}) = ${path}` },
  );
  const [found = {}] = await session.rows(query.sql, { parameters: query.parameters, signal });
  return keys.map((key, index) => `${key.name} = ${String(found[`k${index}`] ?? "NULL")}`).join(", ");
}
