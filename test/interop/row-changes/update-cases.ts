import { type RowChangeCase, updated } from "./case.js";
import { TOLD_COPIES, VECTORS } from "./fixtures.js";

/** An UPDATE with a subquery, which Spark's own UPDATE does not take. */
function bySubquery(
  name: string,
  set: { readonly name?: string; readonly amount?: string },
  condition: string,
  source?: RowChangeCase["source"],
): RowChangeCase {
  const assignments = Object.entries(set).map(([column, value]) => `${column} = ${value}`);
  const columns = `id, ${set.name ?? "name"} AS name, CAST(${set.amount ?? "amount"} AS DOUBLE) AS amount, part`;
  return {
    name,
    table: "keys",
    ...(source === undefined ? {} : { source }),
    statement: `UPDATE {t} AS t SET ${assignments.join(", ")} WHERE ${condition}`,
    expected: updated(columns, condition).replaceAll("FROM {t} WHERE", "FROM {t} AS t WHERE"),
  };
}

export const UPDATE_CASES: readonly RowChangeCase[] = [
  { name: "every row", table: "keys", statement: "UPDATE {t} SET amount = amount + 1" },
  {
    name: "a condition that is NULL",
    table: "keys",
    statement: "UPDATE {t} SET name = NULL WHERE amount > 2.5",
  },
  {
    name: "NULL keys",
    table: "keys",
    statement: "UPDATE {t} SET id = 0, part = 'w' WHERE id IS NULL",
    kinds: [VECTORS, TOLD_COPIES],
  },
  {
    name: "columns that change places",
    table: "keys",
    statement: "UPDATE {t} SET name = part, part = name WHERE id < 6",
  },
  { name: "values that stay", table: "keys", statement: "UPDATE {t} SET name = name WHERE id = 1" },
  { name: "no row", table: "keys", statement: "UPDATE {t} SET name = 'x' WHERE id = 1000" },
  {
    name: "CASE in a value and in the condition",
    table: "keys",
    statement:
      "UPDATE {t} SET name = CASE WHEN name IS NULL THEN 'none' WHEN amount > 2 THEN name || '!' END WHERE CASE WHEN part = 'x' THEN amount > 1 ELSE id IS NOT NULL END",
  },
  {
    name: "an alias, and names of another case",
    table: "keys",
    statement: "UPDATE {t} AS x SET x.NAME = x.Part WHERE X.ID = 2",
  },
  bySubquery("a scalar query", { amount: "(SELECT max(amount) FROM {s})" }, "t.id = 1", "source"),
  bySubquery(
    "a correlated scalar query",
    { amount: "(SELECT max(s.amount) FROM {s} AS s WHERE s.id = t.id)" },
    "t.part = 'x'",
    "source",
  ),
  bySubquery("IN a query with NULL", { name: "'in'" }, "t.id IN (SELECT id FROM {s})", "source"),
  bySubquery("NOT IN a query with NULL", { name: "'not in'" }, "t.id NOT IN (SELECT id FROM {s})", "source"),
  bySubquery("EXISTS", { name: "'there'" }, "EXISTS (SELECT 1 FROM {s} AS s WHERE s.id = t.id)", "source"),
  bySubquery(
    "the table itself",
    { amount: "(SELECT sum(o.amount) FROM {t} AS o)" },
    "t.amount < (SELECT avg(o.amount) FROM {t} AS o)",
  ),
  {
    name: "a field of a struct, of NULL ones too",
    table: "nested",
    statement: "UPDATE {t} SET s.a = id + 1",
  },
  {
    name: "a field deep in a struct",
    table: "nested",
    statement: "UPDATE {t} SET s.b.c = 'deep' WHERE id < 4",
  },
  { name: "two fields of one struct", table: "nested", statement: "UPDATE {t} SET s.b.d = s.a, s.a = s.b.d" },
  { name: "lists and maps", table: "nested", statement: "UPDATE {t} SET l = NULL, m = NULL WHERE id = 4" },
  {
    name: "a whole struct",
    table: "nested",
    statement: "UPDATE {t} SET s = {'a': 5, 'b': {'c': 'x', 'd': 6}} WHERE id = 3",
    inSpark: "UPDATE {t} SET s = named_struct('a', 5, 'b', named_struct('c', 'x', 'd', 6)) WHERE id = 3",
  },
  {
    name: "a whole struct with its fields in another order",
    table: "nested",
    statement: "UPDATE {t} SET s = {'b': {'d': 6, 'c': 'x'}, 'a': 5} WHERE id = 3",
    inSpark: "UPDATE {t} SET s = named_struct('b', named_struct('d', 6, 'c', 'x'), 'a', 5) WHERE id = 3",
  },
  {
    name: "decimals of more digits",
    table: "typed",
    statement:
      "UPDATE {t} SET d = CAST(1.250 AS DECIMAL(20,6)), w = CAST(CAST(0.25 AS DECIMAL(9,2)) AS DECIMAL(5,1)) WHERE id = 1",
  },
  {
    name: "digits that are lost",
    table: "typed",
    statement: "UPDATE {t} SET d = CAST(1.005 AS DECIMAL(20,6)) WHERE id = 1",
    isStricter: true,
  },
  {
    name: "text as a number",
    table: "typed",
    statement: "UPDATE {t} SET sm = t WHERE id = 1",
    isStricter: true,
  },
  {
    name: "a wall clock as an instant",
    table: "typed",
    statement: "UPDATE {t} SET moment = wall, wall = moment WHERE id = 1",
  },
  {
    name: "a decimal that does not fit",
    table: "typed",
    statement: "UPDATE {t} SET w = CAST(123456.7 AS DECIMAL(10,1)) WHERE id = 2",
    isRefused: true,
  },
  {
    name: "a number that does not fit",
    table: "typed",
    statement: "UPDATE {t} SET sm = id * 20000",
    isRefused: true,
  },
  {
    name: "numbers of other types",
    table: "typed",
    statement: "UPDATE {t} SET f = id, l = sm, d = id, sm = CAST(7 AS BIGINT) WHERE id < 3",
  },
  {
    name: "instants, wall clocks and days",
    table: "typed",
    statement:
      "UPDATE {t} SET moment = CAST(wall AS TIMESTAMPTZ), wall = CAST(moment AS TIMESTAMP), day = CAST(moment AS DATE) WHERE id = 1",
    inSpark: "UPDATE {t} SET moment = wall, wall = moment, day = CAST(moment AS DATE) WHERE id = 1",
  },
  {
    name: "literals of time",
    table: "typed",
    statement:
      "UPDATE {t} SET moment = TIMESTAMPTZ '2024-03-31 01:30:00+02:00', day = DATE '2024-12-31', wall = CAST('2024-03-31 02:30:00.5' AS TIMESTAMP) WHERE id = 3",
    inSpark:
      "UPDATE {t} SET moment = TIMESTAMP '2024-03-31 01:30:00+02:00', day = DATE '2024-12-31', wall = TIMESTAMP_NTZ '2024-03-31 02:30:00.5' WHERE id = 3",
  },
  { name: "numbers as text", table: "typed", statement: "UPDATE {t} SET t = CAST(d AS STRING) WHERE id < 3" },
  {
    name: "rows to another partition",
    table: "parts",
    statement: "UPDATE {t} SET region = 'us', day = DATE '2024-02-29' WHERE v % 2 = 0",
  },
  {
    name: "rows to the partition of NULL",
    table: "parts",
    statement: "UPDATE {t} SET region = NULL WHERE region = 'eu'",
  },
  {
    name: "rows of one partition",
    table: "parts",
    statement: "UPDATE {t} SET v = v * 10 WHERE region = 'a b/c=d%é' OR day IS NULL",
  },
  {
    name: "a column that others are made of",
    table: "ruled",
    statement: "UPDATE {t} SET qty = qty + 10 WHERE id < 4",
  },
  {
    name: "a generated column, as it must be",
    table: "ruled",
    statement: "UPDATE {t} SET total = 6, qty = 3 WHERE id = 1",
  },
  {
    name: "a generated column, as it must not be",
    table: "ruled",
    statement: "UPDATE {t} SET total = 7 WHERE id = 1",
    isRefused: true,
  },
  { name: "the default", table: "ruled", statement: "UPDATE {t} SET state = DEFAULT WHERE id < 3" },
  {
    name: "a row that breaks a constraint",
    table: "ruled",
    statement: "UPDATE {t} SET qty = qty - 3",
    isRefused: true,
  },
  {
    name: "NULL where there must be none",
    table: "ruled",
    statement: "UPDATE {t} SET note = NULL WHERE id = 1",
    isRefused: true,
  },
  {
    name: "NULL where a constraint is then NULL",
    table: "ruled",
    statement: "UPDATE {t} SET qty = NULL WHERE id = 1",
    isRefused: true,
  },
  {
    name: "a thousand columns",
    table: "wide",
    statement: "UPDATE {t} SET c0 = c998, c500 = NULL WHERE id = 1",
  },
  {
    name: "one column twice",
    table: "keys",
    statement: "UPDATE {t} SET name = 'a', NAME = 'b'",
    isRefused: true,
  },
  {
    name: "a struct and a field of it",
    table: "nested",
    statement: "UPDATE {t} SET s = NULL, s.a = 1",
    isRefused: true,
  },
  {
    name: "a column that is not there",
    table: "keys",
    statement: "UPDATE {t} SET absent = 1",
    isRefused: true,
  },
];
