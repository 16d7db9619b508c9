import fc from "fast-check";
import { quoteIdentifier, quoteString, type Session } from "../../engine/index.js";
import { type DataType, engineType, newField, type StructType } from "../../table-format/schema/index.js";
import type { ColumnPath, CompareOp, Literal, Predicate } from "../../table-format/skipping/predicate.js";
import type { WriterColumnStatistics } from "../../table-format/skipping/statistics.js";

/** A leaf column of the test table, and the texts its values and literals are drawn from. */
export interface Leaf {
  readonly path: ColumnPath;
  readonly type: DataType;
  readonly values: readonly string[];
}

const LONG = "x".repeat(31);
const STRINGS = [
  "",
  "a",
  "b",
  "é",
  "'",
  '"',
  LONG,
  `${LONG}x`,
  `${LONG}xa`,
  `${LONG}xz`,
  `${LONG}é`,
  `${LONG}😀a`,
  `${LONG}a😀`,
  `${LONG}x😀`,
  `${LONG}x\uFFFD`,
  `${LONG}x\uFFFDz`,
  `${LONG}x\u{10FFFF}`,
  `${LONG}x\u{10FFFF}\u{10FFFF}b`,
  "😀".repeat(16),
  `${"😀".repeat(16)}a`,
  "????????????????????????????????",
  "zz",
];
const FLOATS = ["nan", "inf", "-inf", "-0.0", "0.0", "0.1", "-0.1", "1.5", "16777217", "1e30", "-1e30"];
const TIMESTAMPS = [
  "1969-12-31 23:59:59.999999",
  "1970-01-01 00:00:00",
  "2024-01-01 00:00:00.123",
  "2024-01-01 00:00:00.123456",
  "2024-01-01 00:00:00.123999",
  "2024-01-01 00:00:00.124",
  "0001-01-01 00:00:00",
  "9999-12-31 23:59:59.999999",
];

/** Every type with statistics, inside a struct too, and awkward names. */
export const LEAVES: readonly Leaf[] = [
  {
    path: ["n"],
    type: { type: "long" },
    values: [
      "-9223372036854775808",
      "9223372036854775807",
      "9007199254740993",
      "9007199254740992",
      "0",
      "1",
      "-1",
      "5",
    ],
  },
  { path: ['a.b "c" d\'é'], type: { type: "byte" }, values: ["-128", "0", "1", "2", "127"] },
  { path: ["text"], type: { type: "string" }, values: STRINGS },
  { path: ["Real"], type: { type: "double" }, values: FLOATS },
  { path: ["single"], type: { type: "float" }, values: FLOATS },
  {
    path: ["price"],
    type: { type: "decimal", precision: 10, scale: 2 },
    values: ["0.00", "-0.01", "0.01", "123.52", "99999999.99", "-99999999.99"],
  },
  {
    path: ["wide"],
    type: { type: "decimal", precision: 38, scale: 10 },
    values: [
      "1234567890123456789012345678.0000000001",
      "1234567890123456789012345678.0000000002",
      "1234567890123456789012345678.0000000000",
      "-1234567890123456789012345678.0000000001",
      "0.0000000001",
      "0.0000000000",
      "0.3000000000",
    ],
  },
  {
    path: ["huge"],
    type: { type: "decimal", precision: 38, scale: 0 },
    values: [
      "99999999999999999999999999999999999999",
      "99999999999999999999999999999999999998",
      "18446744073709551616",
      "18446744073709551615",
      "-18446744073709551617",
      "0",
    ],
  },
  { path: ["at"], type: { type: "timestamp" }, values: TIMESTAMPS.map((text) => `${text}+00`) },
  { path: ["clock"], type: { type: "timestamp_ntz" }, values: TIMESTAMPS },
  {
    path: ["day"],
    type: { type: "date" },
    values: ["0001-01-01", "1969-12-31", "2024-01-31", "2024-02-29", "9999-12-31"],
  },
  { path: ["flag"], type: { type: "boolean" }, values: ["true", "false"] },
  { path: ["in", "x"], type: { type: "integer" }, values: ["-2147483648", "0", "1", "2", "2147483647"] },
  { path: ["in", "y~z/w", "k"], type: { type: "string" }, values: STRINGS },
];

export const PARTITIONS: readonly Leaf[] = [
  { path: ["Part one"], type: { type: "string" }, values: ["a", "b", "é b", "%20"] },
  { path: ["when"], type: { type: "timestamp" }, values: TIMESTAMPS.map((text) => `${text}+00`) },
  { path: ["number"], type: { type: "integer" }, values: ["0", "1", "-5"] },
  { path: ["real_part"], type: { type: "double" }, values: FLOATS },
];

const ALL = [...LEAVES, ...PARTITIONS];

export const SCHEMA: StructType = ((): StructType => {
  const field = (path: ColumnPath) =>
    ALL.find((leaf) => leaf.path.join("|") === path.join("|"))?.type ?? { type: "string" as const };
  const inner = newField("y~z/w", { type: "struct", fields: [newField("k", field(["in", "y~z/w", "k"]))] });
  const struct: DataType = { type: "struct", fields: [newField("x", field(["in", "x"])), inner] };
  const flat = ALL.filter((leaf) => leaf.path.length === 1).map((leaf) => newField(leaf.path[0], leaf.type));
  return { type: "struct", fields: [...flat, newField("in", struct)] };
})();

export const TABLE = {
  schema: SCHEMA,
  partitionColumns: PARTITIONS.map((leaf) => leaf.path[0]),
  configuration: {},
};

/** A row: a text, or null, for each of `LEAVES`. */
export type Row = readonly (string | null)[];

export interface File {
  readonly partition: readonly (string | null)[];
  readonly rows: readonly Row[];
}

// Few distinct values in a file make bounds narrow, so that files are skipped.
const columnOfFile = (leaf: Leaf, rows: number): fc.Arbitrary<(string | null)[]> =>
  fc
    .uniqueArray(fc.option(fc.constantFrom(...leaf.values), { freq: 3 }), { minLength: 1, maxLength: 2 })
    .chain((pool) => fc.array(fc.constantFrom(...pool), { minLength: rows, maxLength: rows }));

export const files: fc.Arbitrary<File[]> = fc.array(
  fc.integer({ min: 1, max: 4 }).chain((count) =>
    fc.record({
      partition: fc.tuple(
        ...PARTITIONS.map((leaf) => fc.option(fc.constantFrom(...leaf.values), { freq: 5 })),
      ),
      rows: fc
        .tuple(...LEAVES.map((leaf) => columnOfFile(leaf, count)))
        .map((columns) =>
          Array.from({ length: count }, (_, row) => columns.map((column) => column[row] ?? null)),
        ),
    }),
  ),
  { minLength: 6, maxLength: 12 },
);

const OPS: readonly CompareOp[] = ["=", "!=", "<", "<=", ">", ">="];

const literalOf = (leaf: Leaf): fc.Arbitrary<Literal> =>
  fc.constantFrom(...leaf.values).map((text) => ({ type: engineType(leaf.type), text }));

const comparison: fc.Arbitrary<Predicate> = fc.constantFrom(...ALL).chain((leaf) =>
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("compare" as const),
        column: fc.constant(leaf.path),
        op: fc.constantFrom(...OPS),
        value: literalOf(leaf),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant("in" as const),
        column: fc.constant(leaf.path),
        values: fc.oneof(
          fc.array(literalOf(leaf), { minLength: 0, maxLength: 3 }),
          fc.array(literalOf(leaf), { minLength: 17, maxLength: 20 }),
        ),
      }),
    },
    { weight: 1, arbitrary: fc.constant<Predicate>({ kind: "is-null", column: leaf.path }) },
    { weight: 1, arbitrary: fc.constant<Predicate>({ kind: "is-not-null", column: leaf.path }) },
  ),
);

export const predicates: fc.Arbitrary<Predicate> = fc.letrec<{ node: Predicate }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    { weight: 6, arbitrary: comparison },
    { weight: 1, arbitrary: fc.boolean().map((value): Predicate => ({ kind: "constant", value })) },
    { weight: 1, arbitrary: fc.constant<Predicate>({ kind: "unknown" }) },
    {
      weight: 3,
      arbitrary: fc
        .array(tie("node"), { minLength: 1, maxLength: 3 })
        .map((operands): Predicate => ({ kind: "and", operands })),
    },
    {
      weight: 3,
      arbitrary: fc
        .array(tie("node"), { minLength: 1, maxLength: 3 })
        .map((operands): Predicate => ({ kind: "or", operands })),
    },
    { weight: 3, arbitrary: tie("node").map((operand): Predicate => ({ kind: "not", operand })) },
  ),
})).node;

/** The predicate as a person would write it; "unknown" is TRUE in one reading and FALSE in the other. */
export function predicateSql(predicate: Predicate, unknown: boolean): string {
  switch (predicate.kind) {
    case "and":
      return `(${predicate.operands.map((each) => predicateSql(each, unknown)).join(" AND ")})`;
    case "or":
      return `(${predicate.operands.map((each) => predicateSql(each, unknown)).join(" OR ")})`;
    case "not":
      return `(NOT ${predicateSql(predicate.operand, unknown)})`;
    case "compare":
      return `(${columnSql(predicate.column)} ${predicate.op} ${castSql(predicate.value)})`;
    case "in":
      if (predicate.values.length === 0) return "FALSE";
      return `(${columnSql(predicate.column)} IN (${predicate.values.map(castSql).join(", ")}))`;
    case "is-null":
      return `(${columnSql(predicate.column)} IS NULL)`;
    case "is-not-null":
      return `(${columnSql(predicate.column)} IS NOT NULL)`;
    case "constant":
      return String(predicate.value);
    case "unknown":
      return String(unknown);
  }
}

export function columnSql(path: ColumnPath): string {
  const [first, ...rest] = path;
  return rest.reduce((sql, name) => `struct_extract(${sql}, ${quoteString(name)})`, quoteIdentifier(first));
}

function castSql({ type, text }: Literal): string {
  return `CAST(${quoteString(text)} AS ${type})`;
}

/** Fills the temporary table `rows`, with the files' rows and the column `file_number`. */
export async function loadRows(session: Session, tableFiles: readonly File[]): Promise<void> {
  const tuples = tableFiles.flatMap((file, number) =>
    file.rows.map((row) => `(${rowSql(number, file, row)})`),
  );
  const names = ["file_number", ...SCHEMA.fields.map((field) => quoteIdentifier(field.name))];
  await session.execute(
    `CREATE OR REPLACE TEMP TABLE rows AS SELECT * FROM (VALUES ${tuples.join(", ")}) v(${names.join(", ")})`,
  );
}

function rowSql(number: number, file: File, row: Row): string {
  const values = [...row, ...file.partition];
  const valueSql = (path: ColumnPath): string => {
    const index = ALL.findIndex((leaf) => leaf.path.join("|") === path.join("|"));
    const [leaf, text] = [ALL[index], values[index] ?? null];
    return leaf === undefined || text === null
      ? `CAST(NULL AS ${engineType(leaf?.type ?? { type: "string" })})`
      : castSql({ type: engineType(leaf.type), text });
  };
  const struct = `struct_pack(x := ${valueSql(["in", "x"])}, "y~z/w" := struct_pack(k := ${valueSql(["in", "y~z/w", "k"])}))`;
  return [
    String(number),
    ...SCHEMA.fields.map((field) => (field.name === "in" ? struct : valueSql([field.name]))),
  ].join(", ");
}

/** What a Parquet writer would say of each file in `rows`: bounds pass over NaN. */
export async function writerColumns(session: Session): Promise<Map<number, WriterColumnStatistics[]>> {
  const result = new Map<number, WriterColumnStatistics[]>();
  for (const leaf of LEAVES) {
    const column = columnSql(leaf.path);
    const floating = leaf.type.type === "float" || leaf.type.type === "double";
    const number = floating ? `CASE WHEN NOT isnan(${column}) THEN ${column} END` : column;
    const hasNan = floating ? `coalesce(bool_or(isnan(${column})), false)` : "NULL";
    const rows = await session.rows(
      `SELECT file_number, count(*) - count(${column}) AS nulls, CAST(min(${number}) AS VARCHAR) AS lo, CAST(max(${number}) AS VARCHAR) AS hi, ${hasNan} AS has_nan FROM rows GROUP BY ALL ORDER BY 1`,
    );
    for (const row of rows) {
      const columns = result.get(Number(row["file_number"])) ?? [];
      columns.push({
        path: leaf.path,
        nullCount: BigInt(String(row["nulls"])),
        ...(typeof row["lo"] === "string" ? { min: row["lo"] } : {}),
        ...(typeof row["hi"] === "string" ? { max: row["hi"] } : {}),
        ...(typeof row["has_nan"] === "boolean" ? { hasNan: row["has_nan"] } : {}),
      });
      result.set(Number(row["file_number"]), columns);
    }
  }
  return result;
}
