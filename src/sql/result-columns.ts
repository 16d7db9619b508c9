import type { ResultColumn, RunOptions, Session } from "../../engine/index.js";

/** Statements that DESCRIBE takes only as the subquery of a SELECT. */
const DESCRIBES_ITSELF = /^\s*\(*\s*(describe|desc|show|summarize)\b/i;

/**
 * The columns of a query, found by binding it and not by running it. Columns of one name are told apart
 * as the result's rows tell them: `a`, `a:1`, `a:2`.
 */
export async function resultColumns(
  session: Session,
  sql: string,
  options: RunOptions,
): Promise<ResultColumn[]> {
  const seen = new Map<string, number>();
  return (await boundColumns(session, sql, options)).map(({ name, type }) => {
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return { name: count === 0 ? name : `${name}:${count}`, type };
  });
}

/** The columns of a query by the names that it gives them, which may be one name twice. */
export async function boundColumns(
  session: Session,
  sql: string,
  options: RunOptions,
): Promise<ResultColumn[]> {
  const bound = options.parameters === undefined ? await session.columns(sql, options.signal) : undefined;
  // Only DESCRIBE takes the values of parameters into account, and spells the names of fields inside a
  // type as DuckDB does, in quotes where they need them. It costs as much again.
  const plain = bound?.every(({ type }) => !type.includes('"')) ? bound : undefined;
  return plain ?? (await describe(session, sql, options));
}

async function describe(session: Session, sql: string, options: RunOptions): Promise<ResultColumn[]> {
  const query = DESCRIBES_ITSELF.test(sql) ? `SELECT * FROM (${sql}\n)` : sql;
  const rows = await session.rows(`DESCRIBE ${query}`, options);
  return rows.map((row) => ({ name: String(row["column_name"]), type: String(row["column_type"]) }));
}
