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
  const query = DESCRIBES_ITSELF.test(sql) ? `SELECT * FROM (${sql}\n)` : sql;
  const described = await session.rows(`DESCRIBE ${query}`, options);
  const seen = new Map<string, number>();
  return described.map((row) => {
    const name = String(row["column_name"]);
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    return { name: count === 0 ? name : `${name}:${count}`, type: String(row["column_type"]) };
  });
}
