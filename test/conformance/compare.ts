import { type Engine, quoteIdentifier, quoteString } from "../../engine/index.js";

// Relations here are SQL that can follow FROM.

export interface Column {
  readonly name: string;
  /** As DuckDB writes it. */
  readonly type: string;
}

export async function columnsOf(engine: Engine, relation: string): Promise<Column[]> {
  const rows = await engine.withSession((session) => session.rows(`DESCRIBE FROM ${relation}`));
  return rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
}

/**
 * Keeps the rows of a relation in the engine, and gives the name of the table. What the statistics of a Parquet
 * file say then has no part in the answer of a query over them.
 */
export async function kept(engine: Engine, name: string, relation: string): Promise<string> {
  const table = quoteIdentifier(name);
  await engine.withSession((session) =>
    session.execute(`CREATE OR REPLACE TABLE ${table} AS FROM ${relation}`),
  );
  return table;
}

/** Rows that only one of two relations of the same columns has; empty when they have the same. */
export async function rowDifferences(engine: Engine, ours: string, theirs: string): Promise<string[]> {
  const missing = (from: string, there: string): Promise<string[]> =>
    engine.withSession(async (session) => {
      const lines = `SELECT CAST(r AS VARCHAR) AS r FROM (FROM ${from} EXCEPT ALL FROM ${there}) AS r LIMIT 5`;
      return (await session.rows(lines)).map((row) => String(row["r"]));
    });
  const tooMany = await missing(ours, theirs);
  const tooFew = await missing(theirs, ours);
  return [...tooMany.map((row) => `too many: ${row}`), ...tooFew.map((row) => `missing: ${row}`)];
}

export function parquetFile(file: string): string {
  return `read_parquet(${quoteString(file)})`;
}

/**
 * A SELECT list of columns in a form that the engine can compare and write: it can do neither with every variant,
 * so their JSON stands for them, as it does in the results of the library. The engine takes a variant that is JSON
 * null for NULL.
 */
export function comparable(columns: readonly Column[]): string {
  return columns
    .map(({ name, type }) => {
      const column = quoteIdentifier(name);
      if (!type.includes("VARIANT")) return column;
      const json = `CAST(${column} AS ${type.replaceAll("VARIANT", "JSON")})`;
      return `CASE WHEN ${column} IS NOT NULL THEN ${json} END AS ${column}`;
    })
    .join(", ");
}
