import type { RowChangeCase } from "./case.js";
import { COPY_ON_WRITE, TOLD, TOLD_COPIES } from "./fixtures.js";

export const INSERT_CASES: readonly RowChangeCase[] = [
  {
    name: "values by place",
    table: "keys",
    statement: "INSERT INTO {t} VALUES (10, 'j', 1.5, NULL), (NULL, NULL, NULL, NULL)",
  },
  {
    name: "values of some columns, in another order",
    table: "keys",
    statement: "INSERT INTO {t} (part, ID) VALUES ('p', 10)",
  },
  {
    name: "a query by place",
    table: "keys",
    source: "source",
    statement: "INSERT INTO {t} SELECT id, name, amount, op FROM {s} WHERE amount > 10",
  },
  {
    name: "a query by names",
    table: "keys",
    source: "source",
    statement: "INSERT INTO {t} BY NAME SELECT op AS part, ID, amount FROM {s}",
  },
  {
    name: "the table itself",
    table: "keys",
    statement: "INSERT INTO {t} SELECT id + 100, name, amount, part FROM {t} WHERE amount > 2",
  },
  { name: "too few columns", table: "keys", statement: "INSERT INTO {t} SELECT 1, 'a'", isRefused: true },
  {
    name: "too many columns",
    table: "keys",
    statement: "INSERT INTO {t} VALUES (1, 'a', 1, 'x', 2)",
    isRefused: true,
  },
  {
    name: "a column that is not there",
    table: "keys",
    statement: "INSERT INTO {t} (id, absent) VALUES (1, 2)",
    isRefused: true,
  },
  {
    name: "OVERWRITE",
    table: "keys",
    source: "same",
    statement: "INSERT OVERWRITE {t} SELECT * FROM {s}",
    kinds: [COPY_ON_WRITE, TOLD, TOLD_COPIES],
  },
  {
    name: "OVERWRITE with no rows",
    table: "keys",
    source: "same",
    statement: "INSERT OVERWRITE {t} SELECT * FROM {s} WHERE id > 1000",
  },
  {
    name: "OVERWRITE from the table itself",
    table: "keys",
    statement: "INSERT OVERWRITE {t} SELECT id, upper(name), amount, part FROM {t} WHERE id IS NOT NULL",
  },
  {
    name: "OVERWRITE of all partitions",
    table: "parts",
    statement: "INSERT OVERWRITE {t} VALUES (1, 'eu', DATE '2024-01-01', 10), (2, NULL, NULL, 20)",
  },
  {
    name: "REPLACE WHERE",
    table: "keys",
    source: "source",
    statement:
      "INSERT INTO {t} REPLACE WHERE part = 'x' SELECT id, name, amount, part FROM {s} WHERE part = 'x'",
  },
  {
    name: "REPLACE WHERE by a partition",
    table: "parts",
    statement:
      "INSERT INTO {t} REPLACE WHERE region = 'eu' AND day >= DATE '2024-01-02' VALUES (20, 'eu', DATE '2024-01-02', 7), (21, 'eu', DATE '2024-01-03', 8)",
  },
  {
    name: "REPLACE WHERE with a row outside",
    table: "keys",
    statement: "INSERT INTO {t} REPLACE WHERE part = 'x' VALUES (1, 'a', 1, 'y')",
    isRefused: true,
  },
  {
    name: "REPLACE WHERE with a row for which it is NULL",
    table: "keys",
    statement: "INSERT INTO {t} REPLACE WHERE part = 'x' VALUES (1, 'a', 1, NULL)",
    isRefused: true,
  },
  {
    name: "conversions",
    table: "typed",
    source: "typedSource",
    statement:
      "INSERT INTO {t} (id, d, w, moment, wall, f, l, sm) SELECT id, CAST(wide AS DECIMAL(10,2)), CAST(wide AS DECIMAL(5,1)), CAST(wall AS TIMESTAMPTZ), CAST(moment AS TIMESTAMP), x, n, n FROM {s}",
    inSpark:
      "INSERT INTO {t} (id, d, w, moment, wall, f, l, sm) SELECT id, wide, wide, wall, moment, x, n, n FROM {s}",
  },
  {
    name: "digits that are lost",
    table: "typed",
    source: "typedSource",
    statement: "INSERT INTO {t} (id, d) SELECT id, wide FROM {s}",
    isStricter: true,
  },
  {
    name: "a number that does not fit",
    table: "typed",
    statement: "INSERT INTO {t} (id, sm) VALUES (1, 70000)",
    isRefused: true,
  },
  {
    name: "a decimal that does not fit",
    table: "typed",
    source: "typedSource",
    statement: "INSERT INTO {t} (id, w) SELECT id, wide * 10000 FROM {s}",
    isRefused: true,
  },
  {
    name: "generated columns and defaults",
    table: "ruled",
    statement: "INSERT INTO {t} (note, id, qty) VALUES ('a', 10, 5), ('b', 11, 6)",
  },
  {
    name: "a default by name",
    table: "ruled",
    statement: "INSERT INTO {t} (id, qty, state, note) VALUES (10, 5, DEFAULT, 'a')",
  },
  {
    name: "a generated column, as it must not be",
    table: "ruled",
    statement: "INSERT INTO {t} (id, qty, total, note) VALUES (10, 5, 11, 'a')",
    isRefused: true,
  },
  {
    name: "a row that breaks a constraint",
    table: "ruled",
    statement: "INSERT INTO {t} (id, qty, note) VALUES (10, 5, 'a'), (11, -1, 'a')",
    isRefused: true,
  },
  {
    name: "a value that must be",
    table: "ruled",
    statement: "INSERT INTO {t} (id, qty) VALUES (10, 5)",
    isRefused: true,
  },
  {
    name: "a thousand columns by names of another case",
    table: "wide",
    source: "wideSource",
    statement: "INSERT INTO {t} BY NAME SELECT * FROM {s}",
  },
];
