import { quoteIdentifier } from "../../../engine/index.js";
import { foldCase, type SourceColumn } from "../../../table-format/index.js";
import { resultColumns } from "../../sql/result-columns.js";
import { inPart, type MergeSession } from "./merge-session.js";

/** The rows of the source in the session: a view of its columns, and of each row's number. */
export const SOURCE = "gl_merge_source";
const SOURCE_ROWS = "gl_merge_source_rows";

/** The source of a merge. */
export interface MergeSource {
  readonly columns: readonly SourceColumn[];
  readonly rows: bigint;
  /** The column of {@link SOURCE} with the number of the row: a name that the source does not have. */
  readonly number: string;
}

/**
 * Reads the source, once: what it holds must not change between the parts of the merge.
 *
 * @param source as in a FROM clause, without its alias
 */
export async function loadSource(merge: MergeSession, source: string): Promise<MergeSource> {
  const { session, signal } = merge;
  const query = await merge.plan("USING", undefined, `SELECT * FROM ${source}\n`, { toTell: true });
  const { parameters } = query;
  const columns = await resultColumns(session, query.sql, { parameters, signal }).catch((error: unknown) => {
    throw inPart("USING", error);
  });
  const stored = columns.map((_, index) => `c${index}`);
  await merge.run(
    `CREATE OR REPLACE TEMP TABLE ${SOURCE_ROWS} AS SELECT * FROM (${query.sql}\n) AS source(${stored.join(", ")})`,
    parameters,
  );
  const number = numberColumn(columns);
  // A column of nothing but NULL gets a type in a table, and would not go to every type any more.
  const named = columns.map(
    ({ name, type }, index) => `${isNull(type) ? "NULL" : `c${index}`} AS ${quoteIdentifier(name)}`,
  );
  await merge.run(
    `CREATE OR REPLACE TEMP VIEW ${SOURCE} AS SELECT ${[`rowid AS ${number}`, ...named].join(", ")} FROM ${SOURCE_ROWS}`,
  );
  merge.know({ name: SOURCE, columns: [{ name: number, type: "BIGINT" }, ...columns.map(knownColumn)] });
  const [counted] = await session.rows(`SELECT count(*) AS rows FROM ${SOURCE_ROWS}`, { signal });
  return { columns, rows: BigInt(String(counted?.["rows"])), number };
}

function isNull(type: string): boolean {
  return type === "SQLNULL" || type === '"NULL"';
}

function knownColumn({ name, type }: SourceColumn): SourceColumn {
  return { name, type: isNull(type) ? '"NULL"' : type };
}

function numberColumn(columns: readonly SourceColumn[]): string {
  const taken = new Set(columns.map(({ name }) => foldCase(name)));
  let name = "gl_source_row";
  while (taken.has(name)) name += "_";
  return name;
}
