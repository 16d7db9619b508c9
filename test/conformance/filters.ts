import { type Engine, quoteIdentifier, quoteString } from "../../engine/index.js";
import { columnsOf } from "./compare.js";

/** Columns of one table that are filtered by; more of them would say little more and take long. */
const COLUMNS_AT_MOST = 4;

export interface Condition {
  /** SQL that holds over the table and over the expected rows alike. */
  readonly condition: string;
  /** Whether it is tried pushed, not pushed and through the scan API, or only pushed. */
  readonly everyWay: boolean;
}

/**
 * Conditions over some columns of a relation, fields of structs among them: equal to a value that a row has,
 * less, greater, NULL, not NULL.
 */
export async function conditionsFor(engine: Engine, relation: string): Promise<Condition[]> {
  const columns = spread(await scalarColumns(engine, relation), COLUMNS_AT_MOST);
  if (columns.length === 0) return [];
  const middles = columns.map(({ path }, index) => {
    const values = `list_sort(list(DISTINCT ${path}) FILTER (${path} IS NOT NULL))`;
    return `CAST(${values}[len(${values}) // 2 + 1] AS VARCHAR) AS c${index}`;
  });
  const [row] = await engine.withSession((session) =>
    session.rows(`SELECT ${middles.join(", ")} FROM ${relation}`),
  );
  return columns.flatMap(({ path, type }, index) => {
    const middle = row?.[`c${index}`] ?? null;
    const nulls = [
      { condition: `${path} IS NULL`, everyWay: middle === null },
      { condition: `${path} IS NOT NULL`, everyWay: false },
    ];
    if (middle === null) return nulls;
    const literal = `CAST(${quoteString(String(middle))} AS ${type})`;
    return [
      { condition: `${path} = ${literal}`, everyWay: true },
      { condition: `${path} > ${literal}`, everyWay: true },
      { condition: `${path} < ${literal}`, everyWay: false },
      ...nulls,
    ];
  });
}

/** The same condition in a form that nothing can push below it: it must be evaluated for every row. */
export function unpushed(condition: string): string {
  return `CASE WHEN ${condition} THEN random() >= 0 ELSE false END`;
}

interface ScalarColumn {
  /** SQL: a column, or a field of a struct. */
  readonly path: string;
  readonly type: string;
}

async function scalarColumns(engine: Engine, relation: string): Promise<ScalarColumn[]> {
  const found: ScalarColumn[] = [];
  for (const { name, type } of await columnsOf(engine, relation)) {
    const path = quoteIdentifier(name);
    if (type.startsWith("STRUCT(") && !type.endsWith("]")) {
      const fields = await columnsOf(engine, `(SELECT unnest(${path}) FROM ${relation})`);
      found.push(
        ...fields.map((field) => ({ path: `${path}.${quoteIdentifier(field.name)}`, type: field.type })),
      );
    } else {
      found.push({ path, type });
    }
  }
  return found.filter(({ type }) => !/\]$|^(?:STRUCT|MAP)\(|^VARIANT$/.test(type));
}

/** At most that many items, evenly spread, the first and the last among them. */
function spread<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, index) =>
    items.at(Math.round((index * (items.length - 1)) / (most - 1))),
  ).filter((item) => item !== undefined);
}
