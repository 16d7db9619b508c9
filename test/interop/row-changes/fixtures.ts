// The tables that the cases change or read, made by Spark. `{t}` stands for the table.

/** How a table is made. Each kind takes other ways of writing changes. */
export interface Kind {
  readonly name: string;
  /** What follows the columns in CREATE TABLE. */
  readonly properties: string;
  /** Whether its change data feed and its row ids are compared too. */
  readonly isTold: boolean;
}

export const COPY_ON_WRITE: Kind = { name: "copy on write", properties: "", isTold: false };

export const VECTORS: Kind = {
  name: "deletion vectors",
  properties: "TBLPROPERTIES ('delta.enableDeletionVectors' = 'true')",
  isTold: false,
};

export const TOLD: Kind = {
  name: "feed, row ids, mapping, deletion vectors",
  properties: `TBLPROPERTIES ('delta.enableDeletionVectors' = 'true', 'delta.enableChangeDataFeed' = 'true',
    'delta.enableRowTracking' = 'true', 'delta.columnMapping.mode' = 'name')`,
  isTold: true,
};

export const TOLD_COPIES: Kind = {
  name: "feed, row ids, copy on write",
  properties: "TBLPROPERTIES ('delta.enableChangeDataFeed' = 'true', 'delta.enableRowTracking' = 'true')",
  isTold: true,
};

export interface Fixture {
  readonly columns: string;
  /** Between the columns and the properties. */
  readonly layout?: string;
  /** The rows of each file: what follows INSERT INTO. */
  readonly inserts: readonly string[];
  /** Properties of its own. */
  readonly configuration?: Readonly<Record<string, string>>;
}

const WIDE = Array.from({ length: 999 }, (_, index) => `c${index}`);

export const FIXTURES = {
  /** Keys that are NULL, values that are NULL, three files. */
  keys: {
    columns: "id INT, name STRING, amount DOUBLE, part STRING",
    inserts: [
      "VALUES (1, 'a', 1, 'x'), (2, 'b', 2, 'x'), (NULL, 'n1', 3, 'y'), (3, 'c', NULL, 'y')",
      "VALUES (4, 'd', 4, 'x'), (NULL, 'n2', 5, NULL), (5, NULL, 6, 'y')",
      "VALUES (6, 'f', 7, 'z'), (7, 'g', NULL, NULL)",
    ],
  },
  /** For the keys above: some match, some do not, one is NULL. */
  source: {
    columns: "id INT, name STRING, amount DOUBLE, part STRING, op STRING",
    inserts: [
      "VALUES (1, 'A', 10, 'x', 'u'), (NULL, 'N', 20, 'y', 'u'), (8, 'H', 60, 'z', 'i'), (3, NULL, 30, 'x', 'd')",
      "VALUES (5, 'E', NULL, 'y', NULL), (9, 'I', 90, NULL, NULL)",
    ],
  },
  /** The same columns as `keys`. */
  same: {
    columns: "id INT, name STRING, amount DOUBLE, part STRING",
    inserts: ["VALUES (1, 'A', 10, 'x'), (NULL, 'N', 20, 'y'), (8, 'H', 60, 'z'), (4, NULL, NULL, NULL)"],
  },
  /** Several rows of one key. */
  twice: {
    columns: "id INT, name STRING, amount DOUBLE, part STRING, op STRING",
    inserts: [
      "VALUES (1, 'A1', 11, 'x', 'u'), (1, 'A2', 12, 'x', 'd'), (9, 'I1', 91, 'y', 'i'), (9, 'I2', 92, 'y', 'i')",
      "VALUES (2, 'B', 21, 'x', 'u')",
    ],
  },
  empty: { columns: "id INT, name STRING, amount DOUBLE, part STRING", inserts: [] },
  nested: {
    columns:
      "id INT, s STRUCT<a: INT, b: STRUCT<c: STRING, d: INT>>, l ARRAY<STRUCT<x: INT, y: STRING>>, m MAP<STRING, INT>",
    inserts: [
      `SELECT 1, named_struct('a', 10, 'b', named_struct('c', 'c1', 'd', 100)), array(named_struct('x', 1, 'y', 'y1')), map('k', 1)
       UNION ALL SELECT 2, named_struct('a', NULL, 'b', NULL), array(), map()
       UNION ALL SELECT 3, NULL, NULL, NULL`,
      `SELECT 4, named_struct('a', 40, 'b', named_struct('c', NULL, 'd', 400)), array(NULL, named_struct('x', NULL, 'y', 'y4')), map('k', 4, 'l', NULL)`,
    ],
  },
  /** Structs whose fields have another order, other names and one more. */
  nestedSource: {
    columns: "id INT, s STRUCT<B: STRUCT<d: INT, c: STRING>, a: INT>",
    inserts: [
      "SELECT 1, named_struct('B', named_struct('d', 1, 'c', 'n1'), 'a', 11) UNION ALL SELECT 3, named_struct('B', NULL, 'a', 33) UNION ALL SELECT 9, NULL",
    ],
  },
  nestedMore: {
    columns: "id INT, s STRUCT<a: INT, b: STRUCT<c: STRING, d: INT, e: BOOLEAN>, f: DATE>, fresh STRING",
    inserts: [
      "SELECT 1, named_struct('a', 11, 'b', named_struct('c', 'n1', 'd', 1, 'e', true), 'f', DATE'2024-01-31'), 'new' UNION ALL SELECT 9, NULL, 'nine'",
    ],
  },
  typed: {
    columns:
      "id INT, d DECIMAL(10,2), w DECIMAL(5,1), moment TIMESTAMP, wall TIMESTAMP_NTZ, day DATE, f FLOAT, l BIGINT, sm SMALLINT, t STRING, b BINARY",
    inserts: [
      `VALUES (1, 12345678.91, 9999.9, TIMESTAMP'2024-01-31 10:00:00.123456', TIMESTAMP_NTZ'2024-01-31 10:00:00.5', DATE'2024-02-29', 1.5, 9007199254740993, 32767, '12', X'00ff'),
              (2, -0.05, -0.5, TIMESTAMP'1969-12-31 23:59:59', TIMESTAMP_NTZ'0001-01-01 00:00:00', DATE'0001-01-01', -0.0, -9223372036854775808, -32768, 'é', X''),
              (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
    ],
  },
  typedSource: {
    columns: "id INT, n BIGINT, wide DECIMAL(20,6), wall TIMESTAMP_NTZ, moment TIMESTAMP, x DOUBLE, day DATE",
    inserts: [
      `VALUES (1, 12, 1.005, TIMESTAMP_NTZ'2025-06-30 23:59:59.999999', TIMESTAMP'2025-06-30 23:59:59', 2.25, DATE'2025-07-01'),
              (4, 40, 40.125, NULL, NULL, NULL, NULL)`,
    ],
  },
  parts: {
    columns: "id INT, region STRING, day DATE, v INT",
    layout: "PARTITIONED BY (region, day)",
    inserts: [
      "VALUES (1, 'eu', DATE'2024-01-01', 1), (2, 'eu', DATE'2024-01-02', 2), (3, NULL, DATE'2024-01-01', 3)",
      "VALUES (4, 'us', NULL, 4), (5, 'a b/c=d%é', DATE'2024-01-01', 5), (6, 'eu', DATE'2024-01-01', 6)",
    ],
  },
  ruled: {
    columns:
      "id INT, qty INT, total INT GENERATED ALWAYS AS (qty * 2), state STRING DEFAULT 'new', note STRING NOT NULL",
    inserts: [
      "(id, qty, state, note) VALUES (1, 1, 'old', 'n'), (2, 2, NULL, 'n'), (3, 3, 'old', 'n')",
      "(id, qty, note) VALUES (4, 4, 'n')",
    ],
    configuration: {
      "delta.feature.allowColumnDefaults": "supported",
      "delta.constraints.positive": "qty >= 0",
    },
  },
  wide: {
    columns: `id INT, ${WIDE.map((name) => `${name} INT`).join(", ")}`,
    inserts: [
      `SELECT CAST(id AS INT), ${WIDE.map((_, index) => `CAST(id * 1000 + ${index} AS INT)`).join(", ")} FROM range(4)`,
    ],
  },
  wideSource: {
    columns: `${WIDE.toReversed()
      .map((name) => `${name.toUpperCase()} INT`)
      .join(", ")}, ID INT`,
    inserts: [
      `SELECT ${WIDE.map((_, index) => `CAST(id * -1000 - ${index} AS INT)`).join(", ")}, CAST(id + 2 AS INT) FROM range(4)`,
    ],
  },
  /** Names of another case and another order, one column more, one less. */
  caseful: {
    columns: "EXTRA STRING, Name STRING, ID INT, Amount DOUBLE",
    inserts: ["VALUES ('e1', 'A', 1, 10), ('e9', 'I', 9, 90), ('e0', 'N', NULL, 0)"],
  },
} as const satisfies Readonly<Record<string, Fixture>>;

export type FixtureName = keyof typeof FIXTURES;

/** The statements of Spark that make a table. */
export function creation(name: FixtureName, { properties }: Kind, table: string): readonly string[] {
  const { columns, layout = "", inserts, configuration = {} }: Fixture = FIXTURES[name];
  const own = Object.entries(configuration).filter(([key]) => !key.startsWith("delta.constraints."));
  const constraints = Object.entries(configuration).filter(([key]) => key.startsWith("delta.constraints."));
  const set = own.map(([key, value]) => `'${key}' = '${value}'`).join(", ");
  const all =
    set === ""
      ? properties
      : properties === ""
        ? `TBLPROPERTIES (${set})`
        : properties.replace(/\)\s*$/, `, ${set})`);
  return [
    `CREATE TABLE ${table} (${columns}) USING delta ${layout} ${all}`,
    ...constraints.map(
      ([key, value]) =>
        `ALTER TABLE ${table} ADD CONSTRAINT ${key.replace("delta.constraints.", "")} CHECK (${value})`,
    ),
    ...inserts.map((rows) => `INSERT INTO ${table} ${rows}`),
  ];
}
