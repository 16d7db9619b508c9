import type { FixtureName, Kind } from "./fixtures.js";
import { COPY_ON_WRITE, TOLD, TOLD_COPIES, VECTORS } from "./fixtures.js";

/** A statement that Spark and we run on tables of the same content. `{t}` and `{s}` stand for the tables. */
export interface RowChangeCase {
  readonly name: string;
  /** The table that is changed. */
  readonly table: FixtureName;
  /** The other table of the statement. */
  readonly source?: FixtureName;
  /** Run by both sides. */
  readonly statement: string;
  /** The statement in Spark's words, where the two have different ones. */
  readonly inSpark?: string;
  /**
   * A query of Spark for the rows that the table then has, where Spark has no such statement: OSS Delta takes no
   * subqueries in DELETE and UPDATE.
   */
  readonly expected?: string;
  /** Both refuse it and leave the table as it was. */
  readonly isRefused?: true;
  /** Spark writes another value than the one that is given; we refuse it. */
  readonly isStricter?: true;
  readonly kinds?: readonly Kind[];
}

/**
 * The kinds of a case, by its place among the others where it says none: each second one is of another kind. Of a
 * table whose case is refused, or compared with a query, there is nothing more to tell than its rows.
 */
export function kindsOf(
  { kinds, isRefused, isStricter, expected }: RowChangeCase,
  place: number,
): readonly Kind[] {
  if (kinds !== undefined) return kinds;
  const onlyRows = isRefused === true || isStricter === true || expected !== undefined;
  return [place % 2 === 0 ? (onlyRows ? VECTORS : TOLD) : onlyRows ? COPY_ON_WRITE : TOLD_COPIES];
}

/** What Spark takes for a table after a DELETE with this condition. */
export function without(condition: string): string {
  return `SELECT * FROM {t} EXCEPT ALL SELECT * FROM {t} WHERE ${condition}`;
}

/** What Spark takes for a table after an UPDATE of the rows of a condition. */
export function updated(columns: string, condition: string): string {
  return `SELECT ${columns} FROM {t} WHERE ${condition} UNION ALL (${without(condition)})`;
}
