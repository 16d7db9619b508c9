import { type RowChangeCase, without } from "./case.js";
import { TOLD_COPIES, VECTORS } from "./fixtures.js";

/** A DELETE with a subquery, which Spark's own DELETE does not take. */
function bySubquery(name: string, condition: string, source?: RowChangeCase["source"]): RowChangeCase {
  return {
    name,
    table: "keys",
    ...(source === undefined ? {} : { source }),
    statement: `DELETE FROM {t} AS t WHERE ${condition.replaceAll("{t} AS t", "{t} AS other")}`,
    expected: without(condition).replaceAll("FROM {t} WHERE", "FROM {t} AS t WHERE"),
  };
}

export const DELETE_CASES: readonly RowChangeCase[] = [
  { name: "a condition that is NULL", table: "keys", statement: "DELETE FROM {t} WHERE amount > 2.5" },
  {
    name: "a negated condition that is NULL",
    table: "keys",
    statement: "DELETE FROM {t} WHERE NOT (amount > 2.5)",
  },
  {
    name: "NULL keys",
    table: "keys",
    statement: "DELETE FROM {t} WHERE id IS NULL",
    kinds: [VECTORS, TOLD_COPIES],
  },
  { name: "nothing equals NULL", table: "keys", statement: "DELETE FROM {t} WHERE id = NULL OR part = 'x'" },
  {
    name: "NULL-safe equality",
    table: "keys",
    statement: "DELETE FROM {t} WHERE part IS NOT DISTINCT FROM NULL",
  },
  { name: "a literal NULL", table: "keys", statement: "DELETE FROM {t} WHERE CAST(NULL AS BOOLEAN)" },
  { name: "every row", table: "keys", statement: "DELETE FROM {t}" },
  {
    name: "CASE in the condition",
    table: "keys",
    statement:
      "DELETE FROM {t} WHERE CASE WHEN id IS NULL THEN amount = 5 WHEN id > 3 THEN name IS NULL ELSE part = 'y' END",
  },
  { name: "an alias", table: "keys", statement: "DELETE FROM {t} AS x WHERE x.id IN (1, NULL, 6)" },
  { name: "NOT IN a list with NULL", table: "keys", statement: "DELETE FROM {t} WHERE id NOT IN (1, NULL)" },
  bySubquery("IN a query with NULL", "t.id IN (SELECT id FROM {s})", "source"),
  bySubquery("NOT IN a query with NULL", "t.id NOT IN (SELECT id FROM {s})", "source"),
  bySubquery("NOT IN a query without", "t.id NOT IN (SELECT id FROM {s} WHERE id IS NOT NULL)", "source"),
  bySubquery("EXISTS", "EXISTS (SELECT 1 FROM {s} AS s WHERE s.id = t.id AND s.amount > t.amount)", "source"),
  bySubquery("NOT EXISTS", "NOT EXISTS (SELECT 1 FROM {s} AS s WHERE s.id = t.id)", "source"),
  bySubquery("a scalar query", "t.amount > (SELECT min(amount) FROM {s}) / 4", "source"),
  bySubquery(
    "a correlated scalar query",
    "t.amount < (SELECT max(s.amount) FROM {s} AS s WHERE s.part = t.part) / 20",
    "source",
  ),
  bySubquery(
    "a scalar query without rows",
    "t.amount = (SELECT max(amount) FROM {s} WHERE id = 1000)",
    "source",
  ),
  bySubquery("the table itself", "t.amount = (SELECT max(amount) FROM {t})"),
  bySubquery(
    "the table itself, correlated",
    "EXISTS (SELECT 1 FROM {t} AS o WHERE o.part = t.part AND o.amount > t.amount)",
  ),
  { name: "a field of a struct", table: "nested", statement: "DELETE FROM {t} WHERE s.b.d > 50" },
  {
    name: "a field of a struct that is NULL",
    table: "nested",
    statement: "DELETE FROM {t} WHERE s.b.c IS NULL",
  },
  { name: "decimals", table: "typed", statement: "DELETE FROM {t} WHERE d = 12345678.91 OR w < -0.4" },
  {
    name: "timestamps",
    table: "typed",
    statement: "DELETE FROM {t} WHERE moment < TIMESTAMP '1970-01-01 00:00:00'",
  },
  { name: "negative zero", table: "typed", statement: "DELETE FROM {t} WHERE f = 0" },
  { name: "a whole partition", table: "parts", statement: "DELETE FROM {t} WHERE region = 'eu'" },
  {
    name: "a partition that is NULL",
    table: "parts",
    statement: "DELETE FROM {t} WHERE region IS NULL OR day IS NULL",
  },
  {
    name: "part of a partition with an odd name",
    table: "parts",
    statement: "DELETE FROM {t} WHERE region = 'a b/c=d%é' OR (region = 'eu' AND v > 2)",
  },
  {
    name: "one of a thousand columns",
    table: "wide",
    statement: "DELETE FROM {t} WHERE c998 > 1500 AND c0 < 3000",
  },
  {
    name: "a column that is not there",
    table: "keys",
    statement: "DELETE FROM {t} WHERE absent = 1",
    isRefused: true,
  },
];
