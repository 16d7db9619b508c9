import type { RowChangeCase } from "./case.js";
import { COPY_ON_WRITE, TOLD, TOLD_COPIES, VECTORS } from "./fixtures.js";

const ON_ID = "MERGE INTO {t} AS t USING {s} AS s ON t.id = s.id";
const ON_SAME = "MERGE INTO {t} AS t USING {s} AS s ON t.id IS NOT DISTINCT FROM s.id";
const EVOLVING = "MERGE WITH SCHEMA EVOLUTION INTO {t} AS t USING {s} AS s ON t.id = s.id";
const UPDATE_ROW = "WHEN MATCHED THEN UPDATE SET name = s.name, amount = s.amount";
const INSERT_ROW =
  "WHEN NOT MATCHED THEN INSERT (id, name, amount, part) VALUES (s.id, s.name, s.amount, s.part)";

/** A MERGE of `source` into `keys`. */
function merge(name: string, statement: string, more: Partial<RowChangeCase> = {}): RowChangeCase {
  return { name, table: "keys", source: "source", statement, ...more };
}

export const MERGE_CASES: readonly RowChangeCase[] = [
  merge("an upsert with NULL keys", `${ON_ID} ${UPDATE_ROW} ${INSERT_ROW}`, {
    kinds: [COPY_ON_WRITE, VECTORS, TOLD, TOLD_COPIES],
  }),
  merge(
    "NULL-safe equality of unique keys",
    `MERGE INTO {t} AS t USING {s} AS s ON t.id IS NOT DISTINCT FROM s.id AND t.part = s.part ${UPDATE_ROW} ${INSERT_ROW}`,
  ),
  merge(
    "NULL-safe equality: one source row for two rows",
    `${ON_SAME} WHEN MATCHED THEN UPDATE SET name = s.name`,
  ),
  merge("only updates", `${ON_ID} WHEN MATCHED THEN UPDATE SET t.name = t.name || s.name`),
  merge("only inserts", `${ON_ID} ${INSERT_ROW}`, { kinds: [COPY_ON_WRITE, TOLD_COPIES] }),
  merge("only deletes", `${ON_ID} WHEN MATCHED THEN DELETE`),
  merge(
    "a condition of the clause that is NULL",
    `${ON_ID} WHEN MATCHED AND s.op = 'u' THEN UPDATE SET name = s.name WHEN MATCHED AND NOT s.op = 'u' THEN DELETE`,
  ),
  merge(
    "the first clause that fits, by order",
    `${ON_ID} WHEN MATCHED AND s.amount >= 10 THEN UPDATE SET name = 'first' WHEN MATCHED AND s.op = 'd' THEN DELETE WHEN MATCHED THEN UPDATE SET name = 'last'`,
  ),
  merge(
    "deletes before updates",
    `${ON_ID} WHEN MATCHED AND s.op = 'd' THEN DELETE ${UPDATE_ROW} WHEN NOT MATCHED AND s.op = 'i' THEN INSERT (id, name) VALUES (s.id, 'new') ${INSERT_ROW}`,
  ),
  merge(
    "conditions over both sides",
    `${ON_ID} WHEN MATCHED AND s.amount > t.amount * 10 - 1 THEN UPDATE SET amount = s.amount - t.amount`,
  ),
  merge(
    "CASE in conditions and values",
    `${ON_ID} WHEN MATCHED AND CASE WHEN s.op IS NULL THEN true WHEN s.op = 'u' THEN t.amount = 1 END THEN UPDATE SET name = CASE s.op WHEN 'u' THEN 'up' ELSE 'none' END`,
  ),
  merge(
    "inserts with conditions",
    `${ON_ID} WHEN NOT MATCHED AND s.op = 'i' THEN INSERT (id, name, part) VALUES (s.id * 10, upper(s.op), 'new') WHEN NOT MATCHED AND s.id IS NULL THEN INSERT (id) VALUES (0)`,
  ),
  merge("NOT MATCHED BY SOURCE: deletes", `${ON_ID} WHEN NOT MATCHED BY SOURCE THEN DELETE`, {
    kinds: [COPY_ON_WRITE, TOLD, TOLD_COPIES],
  }),
  merge(
    "NOT MATCHED BY SOURCE: conditions",
    `${ON_ID} WHEN NOT MATCHED BY SOURCE AND t.amount > 3 THEN UPDATE SET name = 'gone', amount = t.amount / 2 WHEN NOT MATCHED BY SOURCE AND t.id IS NULL THEN DELETE`,
  ),
  merge(
    "all three kinds of clauses",
    `${ON_ID} WHEN MATCHED AND s.op = 'd' THEN DELETE ${UPDATE_ROW} ${INSERT_ROW} WHEN NOT MATCHED BY SOURCE AND t.part = 'x' THEN DELETE WHEN NOT MATCHED BY SOURCE THEN UPDATE SET part = 'left'`,
    {
      kinds: [COPY_ON_WRITE, VECTORS, TOLD, TOLD_COPIES],
    },
  ),
  merge(
    "an ON that is never true",
    `MERGE INTO {t} AS t USING {s} AS s ON false WHEN MATCHED THEN DELETE ${INSERT_ROW} WHEN NOT MATCHED BY SOURCE AND t.part = 'z' THEN DELETE`,
  ),
  merge(
    "an ON of one side",
    `MERGE INTO {t} AS t USING {s} AS s ON t.id = s.id AND t.part = 'x' AND s.op = 'u' ${UPDATE_ROW} ${INSERT_ROW}`,
  ),
  merge(
    "an ON with OR",
    `MERGE INTO {t} AS t USING (SELECT * FROM {s} WHERE id = 8) AS s ON t.id = s.id OR t.part = s.part ${UPDATE_ROW} ${INSERT_ROW}`,
  ),
  merge(
    "an ON without equality",
    `MERGE INTO {t} AS t USING (SELECT * FROM {s} WHERE id = 5) AS s ON t.id > s.id ${UPDATE_ROW} ${INSERT_ROW}`,
  ),
  merge("several source rows for one, each with an update", `${ON_ID} ${UPDATE_ROW}`, {
    source: "twice",
    isRefused: true,
  }),
  merge("several source rows for one, which goes", `${ON_ID} WHEN MATCHED THEN DELETE`, { source: "twice" }),
  merge(
    "several source rows for one, which goes on a condition",
    `${ON_ID} WHEN MATCHED AND s.amount > 0 THEN DELETE`,
    { source: "twice", isRefused: true },
  ),
  merge(
    "several source rows for one, of which one fits",
    `${ON_ID} WHEN MATCHED AND s.op = 'u' THEN UPDATE SET name = s.name`,
    { source: "twice", isRefused: true },
  ),
  merge(
    "several source rows for one, which goes by one of them",
    `${ON_ID} WHEN MATCHED AND s.op = 'd' THEN DELETE`,
    { source: "twice", isRefused: true },
  ),
  merge(
    "several source rows for one, in two clauses",
    `${ON_ID} WHEN MATCHED AND s.op = 'u' THEN UPDATE SET name = s.name WHEN MATCHED AND s.op = 'd' THEN DELETE`,
    { source: "twice", isRefused: true },
  ),
  merge("several new rows of one key", `${ON_ID} ${INSERT_ROW}`, { source: "twice" }),
  merge(
    "several source rows for one, with rows not matched by them",
    `${ON_ID} WHEN MATCHED THEN DELETE ${INSERT_ROW} WHEN NOT MATCHED BY SOURCE AND t.id > 5 THEN UPDATE SET name = 'other'`,
    { source: "twice" },
  ),
  merge(
    "an empty source",
    `${ON_ID} ${UPDATE_ROW} ${INSERT_ROW} WHEN NOT MATCHED BY SOURCE AND t.id = 1 THEN DELETE`,
    { source: "empty" },
  ),
  merge("an empty table", `${ON_ID} ${UPDATE_ROW} ${INSERT_ROW}`, { table: "empty" }),
  merge(
    "the table itself",
    "MERGE INTO {t} AS t USING {t} AS s ON t.id = s.id + 1 WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id + 100, s.name)",
  ),
  merge(
    "a query over the table itself",
    "MERGE INTO {t} AS t USING (SELECT part, max(amount) AS most FROM {t} GROUP BY part) AS s ON t.part = s.part AND t.amount = s.most WHEN MATCHED THEN UPDATE SET name = 'most' WHEN NOT MATCHED THEN INSERT (part, amount) VALUES (s.part, s.most)",
  ),
  merge(
    "the table as it was",
    "MERGE INTO {t} AS t USING (SELECT * FROM {t} VERSION AS OF 1) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET amount = s.amount + 100 WHEN NOT MATCHED BY SOURCE THEN DELETE",
  ),
  merge(
    "a query with a join",
    "MERGE INTO {t} AS t USING (SELECT s.id, s.name, o.amount FROM {s} AS s LEFT JOIN {t} AS o ON o.part = s.part AND o.id < 4) AS s ON t.id = s.id AND s.amount = 1 WHEN MATCHED THEN UPDATE SET name = s.name, amount = s.amount",
  ),
  merge("all columns", `${ON_ID} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`, {
    source: "same",
  }),
  merge(
    "all columns, of a source with more",
    `${ON_ID} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`,
  ),
  merge(
    "all columns, by names of another case",
    "MERGE INTO {t} AS t USING (SELECT *, 'z' AS PART FROM {s}) AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *",
    { source: "caseful" },
  ),
  merge(
    "all columns, of which the source has not all",
    `${ON_ID} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`,
    { source: "caseful", isRefused: true },
  ),
  merge("inserts of some columns", `${ON_ID} WHEN NOT MATCHED THEN INSERT (amount, ID) VALUES (1.5, s.id)`),
  merge(
    "columns of the table in an insert",
    `${ON_ID} WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, t.name)`,
    { isRefused: true },
  ),
  merge(
    "a column of both sides without saying whose",
    "MERGE INTO {t} AS t USING {s} AS s ON id = s.id WHEN MATCHED THEN DELETE",
    { isRefused: true },
  ),
  merge(
    "a clause that no row reaches",
    `${ON_ID} WHEN MATCHED THEN DELETE WHEN MATCHED AND s.op = 'u' THEN UPDATE SET name = 'x'`,
    { isRefused: true },
  ),
  merge("one column twice", `${ON_ID} WHEN MATCHED THEN UPDATE SET name = s.name, NAME = 'x'`, {
    isRefused: true,
  }),
  merge(
    "new columns, on request",
    `${EVOLVING} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`,
  ),
  merge(
    "new columns and missing ones, on request",
    `${EVOLVING} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`,
    { source: "caseful" },
  ),
  merge("new columns that no clause takes", `${EVOLVING} WHEN MATCHED THEN UPDATE SET name = s.name`),
  merge("a new column by its name", `${EVOLVING} WHEN MATCHED THEN UPDATE SET op = s.op`),
  merge("a field of a struct", `${ON_ID} WHEN MATCHED THEN UPDATE SET t.s.a = s.s.a, t.s.b.d = s.s.b.d`, {
    table: "nested",
    source: "nestedSource",
  }),
  merge(
    "structs whose fields have another order",
    `${ON_ID} WHEN MATCHED THEN UPDATE SET s = s.s WHEN NOT MATCHED THEN INSERT (id, s) VALUES (s.id, s.s)`,
    { table: "nested", source: "nestedSource" },
  ),
  merge(
    "new fields of structs, on request",
    `${EVOLVING} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`,
    { table: "nested", source: "nestedMore" },
  ),
  merge("new fields of structs, not on request", `${ON_ID} WHEN MATCHED THEN UPDATE SET s = s.s`, {
    table: "nested",
    source: "nestedMore",
    isRefused: true,
  }),
  merge(
    "conversions",
    `${ON_ID} WHEN MATCHED THEN UPDATE SET d = CAST(s.wide AS DECIMAL(10,2)), sm = s.n, moment = CAST(s.wall AS TIMESTAMPTZ), wall = CAST(s.moment AS TIMESTAMP), f = s.x, day = s.day WHEN NOT MATCHED THEN INSERT (id, l, w) VALUES (s.id, s.n, CAST(s.wide AS DECIMAL(5,1)))`,
    {
      table: "typed",
      source: "typedSource",
      inSpark: `${ON_ID} WHEN MATCHED THEN UPDATE SET d = s.wide, sm = s.n, moment = s.wall, wall = s.moment, f = s.x, day = s.day WHEN NOT MATCHED THEN INSERT (id, l, w) VALUES (s.id, s.n, s.wide)`,
    },
  ),
  merge("a number that does not fit", `${ON_ID} WHEN MATCHED THEN UPDATE SET sm = s.n * 10000`, {
    table: "typed",
    source: "typedSource",
    isRefused: true,
  }),
  merge(
    "rows to other partitions",
    "MERGE INTO {t} AS t USING {s} AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET region = s.name, v = t.v + 1 WHEN NOT MATCHED THEN INSERT (id, region, day) VALUES (s.id, s.part, DATE '2030-01-01')",
    { table: "parts" },
  ),
  merge(
    "an ON with partition columns",
    "MERGE INTO {t} AS t USING {s} AS s ON t.id = s.id AND t.region = 'eu' AND t.day = DATE '2024-01-01' WHEN MATCHED THEN UPDATE SET v = -1 WHEN NOT MATCHED BY SOURCE AND t.region IS NULL THEN DELETE",
    { table: "parts" },
  ),
  merge(
    "generated columns, defaults and constraints",
    `${ON_ID} WHEN MATCHED THEN UPDATE SET qty = 50 WHEN NOT MATCHED THEN INSERT (id, qty, note) VALUES (s.id, 7, coalesce(s.name, '-'))`,
    { table: "ruled" },
  ),
  merge(
    "a new row that breaks a constraint",
    `${ON_ID} WHEN NOT MATCHED THEN INSERT (id, qty, note) VALUES (s.id, -s.id, '')`,
    { table: "ruled", isRefused: true },
  ),
  merge(
    "a new row without a value that must be",
    `${ON_ID} WHEN NOT MATCHED THEN INSERT (id, note) VALUES (s.id, s.name)`,
    { table: "ruled", source: "same", isRefused: true },
  ),
  merge("a thousand columns", `${ON_ID} WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`, {
    table: "wide",
    source: "wideSource",
  }),
];
