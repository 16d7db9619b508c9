import { quoteIdentifier } from "../../../engine/index.js";
import { engineType, findField, type SourceColumn, type StructType } from "../../../table-format/index.js";
import type { IncomingRows } from "./incoming-rows.js";

/**
 * The types of a query's columns where the engine gives a NULL that has none the type INTEGER: such a column, or a
 * part of one, fits every type. The query is bound for it once more, and not run.
 *
 * @param columns those of the query, with the names that they have in the table
 */
export async function withNullTypes(
  { session, sql, parameters }: Pick<IncomingRows, "session" | "sql" | "parameters">,
  columns: readonly SourceColumn[],
  schema: StructType,
  signal: AbortSignal | undefined,
): Promise<readonly SourceColumn[]> {
  const unsure = columns.flatMap((column, index) => (mayBeNull(column, schema) ? [index] : []));
  if (unsure.length === 0) return columns;
  const names = columns.map((_, index) => `c${index}`);
  const types = unsure.map((index) => {
    const one = `SELECT c${index} FROM (${sql}\n) AS source(${names.join(", ")}) LIMIT 0`;
    return `typeof((${one})) AS ${quoteIdentifier(`c${index}`)}`;
  });
  const [row] = await session.rows(`SELECT ${types.join(", ")}`, { parameters, signal });
  return columns.map(({ name, type }, index) => {
    const found = row?.[`c${index}`];
    return { name, type: typeof found === "string" ? found : type };
  });
}

function mayBeNull({ name, type }: SourceColumn, schema: StructType): boolean {
  const field = findField(schema, name);
  return field !== undefined && type.includes("INTEGER") && type !== engineType(field.type);
}
