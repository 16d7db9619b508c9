import type { Feature } from "./feature.js";

// Types, names and the ways in which Parquet holds them.

const WRITER_ONLY_SPARK = "We write timestamps as INT64 microseconds";
const NEVER_LEGACY = "We write lists, maps and decimals as the Parquet format has them today";
const NOT_MADE = "We do not make such a table";
const NOT_FOR_DELTA_RS = {
  "we write, delta-rs reads": { notApplicable: NOT_MADE },
  "we write, delta-rs goes on, we read": { notApplicable: NOT_MADE },
  "delta-rs writes, we read": { notApplicable: "delta-rs has no such type" },
} as const;

const ODD_NAMES = ["a b", "c,d;e{}(f)=", "dot.ted", 'quo"ted', "per%cent", "größe 日本"];

const TEXTS = "['a b', 'a/b', '100%', '50%25', 'ü日本', 'k=v', '10:30', 'x+y', '#?&;', NULL]";

const NESTED_COLUMNS =
  "l ARRAY<STRUCT<a: INT, b: STRING>>, m MAP<STRING, ARRAY<BIGINT>>, s STRUCT<a: INT, t: STRUCT<days: ARRAY<DATE>>>";

const NESTED_VALUES = `CASE i % 3 WHEN 0 THEN NULL WHEN 1 THEN [] ELSE [{'a': i::INTEGER, 'b': 'x'}, NULL] END AS l,
  CASE i % 3 WHEN 0 THEN MAP {'k': [i, NULL], 'n': NULL} WHEN 1 THEN MAP {} END AS m,
  CASE WHEN i % 2 = 0 THEN {'a': i::INTEGER, 't': CASE WHEN i % 4 = 0 THEN {'days': [DATE '2024-02-29', NULL]} END} END AS s`;

export const TYPES: readonly Feature[] = [
  {
    name: "primitive types",
    columns:
      "b TINYINT, s SMALLINT, i INT, f FLOAT, d DOUBLE, t BOOLEAN, x BINARY, day DATE, at TIMESTAMP, p9 DECIMAL(9,2), p38 DECIMAL(38,10)",
    values: `(i - 15)::TINYINT AS b, i::SMALLINT AS s, i::INTEGER AS i, (i / 3)::FLOAT AS f,
      CASE i % 4 WHEN 0 THEN 'NaN'::DOUBLE WHEN 1 THEN '-Infinity'::DOUBLE ELSE i / 7 END AS d, i % 2 = 0 AS t,
      '\\x00\\xFF'::BLOB AS x, DATE '2024-02-29' + i::INTEGER AS day,
      TIMESTAMPTZ '1969-12-31 23:59:59.999999+00' + to_days(i::INTEGER) AS at, (i - 15.25)::DECIMAL(9,2) AS p9,
      (i * 12345678901234567.0123456789)::DECIMAL(38,10) AS p38`,
    deltaRs: {},
  },
  { name: "nested types", columns: NESTED_COLUMNS, values: NESTED_VALUES, deltaRs: {} },
  {
    name: "timestampNtz",
    columns: "wall TIMESTAMP_NTZ, part TIMESTAMP_NTZ",
    clauses: "PARTITIONED BY (part)",
    values:
      "TIMESTAMP '2024-03-31 02:30:00.000001' + to_hours(i::INTEGER) AS wall, TIMESTAMP '2024-03-31 02:30:00' + to_days((i % 2)::INTEGER) AS part",
    deltaRs: { partitionBy: ["part"] },
  },
  {
    name: "special characters in column names",
    columns: ODD_NAMES.map((name) => `\`${name}\` INT`).join(", "),
    properties: { "delta.columnMapping.mode": "name" },
    values: ODD_NAMES.map((name, at) => `(i + ${at})::INTEGER AS "${name.replaceAll('"', '""')}"`).join(", "),
    besides: "names that only column mapping allows",
  },
  {
    name: "special characters in partition values",
    columns: "part STRING",
    clauses: "PARTITIONED BY (part)",
    values: `(${TEXTS})[1 + i % 10] AS part`,
    deltaRs: { partitionBy: ["part"] },
  },
  {
    name: "`%41` in the path",
    folder: "table%41",
    pinned: {
      "we write, delta-rs reads": { refusedBy: "delta-rs", code: "File not found" },
      "we write, delta-rs goes on, we read": { refusedBy: "delta-rs", code: "File not found" },
      "delta-rs writes, we read": { refusedBy: "delta-rs", code: "File not found" },
    },
    besides: "delta-rs takes it for an escape",
  },
  {
    name: "`#` or `?` in the path",
    folder: "path #1?",
    deltaRs: { noHistory: true },
    besides: "delta-rs reads and writes such a table, and tells no history of it",
  },
  {
    name: "special characters in the path",
    folder: "path +é='&;",
    columns: "part STRING",
    clauses: "PARTITIONED BY (part)",
    values: "'p ' || i % 2 AS part",
    deltaRs: { partitionBy: ["part"] },
  },
  {
    name: "variant",
    columns: "n VARIANT",
    values: "i AS n",
    select: { ours: "id, v, CAST(n AS VARCHAR) AS n", spark: "id, v, to_json(n) AS n" },
    pinned: {
      "we write, Spark reads": { refusedBy: "Grizzly", code: "table-feature" },
      "we write, Spark goes on, we read": { notApplicable: NOT_MADE },
      "Spark writes, we go on, Spark reads": { refusedBy: "Grizzly", code: "table-feature" },
      ...NOT_FOR_DELTA_RS,
    },
  },
  {
    name: "void",
    columns: "nothing VOID",
    select: {
      ours: "id, v, CAST(nothing AS VARCHAR) AS nothing",
      spark: "id, v, CAST(nothing AS STRING) AS nothing",
    },
    pinned: {
      "we write, Spark reads": { refusedBy: "Grizzly", code: "sql-syntax" },
      "we write, Spark goes on, we read": { notApplicable: NOT_MADE },
      ...NOT_FOR_DELTA_RS,
    },
  },
  {
    name: "INT96 timestamps",
    columns: "at TIMESTAMP, s STRUCT<a: TIMESTAMP>",
    values: `TIMESTAMPTZ '1582-10-04 23:59:59.999999+00' + to_days((i * 10000)::INTEGER) AS at,
      {'a': TIMESTAMPTZ '2024-02-29 12:34:56.000001+00'} AS s`,
    configuration: { "spark.sql.parquet.outputTimestampType": "INT96" },
    pinned: {
      "we write, Spark reads": { notApplicable: WRITER_ONLY_SPARK },
      "we write, Spark goes on, we read": { notApplicable: WRITER_ONLY_SPARK },
      "we write, delta-rs reads": { notApplicable: WRITER_ONLY_SPARK },
      "we write, delta-rs goes on, we read": { notApplicable: WRITER_ONLY_SPARK },
      "delta-rs writes, we read": { notApplicable: "delta-rs writes timestamps as INT64 microseconds" },
    },
  },
  {
    name: "legacy Parquet",
    columns: `${NESTED_COLUMNS}, p9 DECIMAL(9,2), p19 DECIMAL(19,0)`,
    values: `${NESTED_VALUES}, (i - 15.25)::DECIMAL(9,2) AS p9, i::DECIMAL(19,0) AS p19`,
    configuration: { "spark.sql.parquet.writeLegacyFormat": "true" },
    pinned: {
      "we write, Spark reads": { notApplicable: NEVER_LEGACY },
      "we write, Spark goes on, we read": { notApplicable: NEVER_LEGACY },
      "we write, delta-rs reads": { notApplicable: NEVER_LEGACY },
      "we write, delta-rs goes on, we read": { notApplicable: NEVER_LEGACY },
      "delta-rs writes, we read": { notApplicable: "delta-rs writes no such files" },
    },
    besides: "two-level lists, unnamed map entries, decimals as bytes",
  },
];
