import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLakeError } from "../../../core/index.js";
import { Engine, quoteString, type Row, type Session } from "../../../engine/index.js";
import { discoverSources, openSource } from "../../../formats/index.js";
import { fitTyped, fittedSelect } from "../../../src/rescue/fit-typed.js";
import { fittedColumnsOf } from "../../../src/rescue/fitted-columns.js";
import { type DataType, engineType, newField, type StructType } from "../../../table-format/index.js";
import { temporaryFolder } from "../../support/temporary-folder.js";

let engine: Engine;
let session: Session;

beforeAll(async () => {
  engine = await Engine.open({ threads: 1 });
  session = await engine.acquire();
});
afterAll(() => {
  engine.release(session);
  engine.close();
});

const FILE = "raw/it's.parquet";
const LONG: DataType = { type: "long" };
const INTEGER: DataType = { type: "integer" };
const STRING: DataType = { type: "string" };

const table = (columns: Readonly<Record<string, DataType>>): StructType => ({
  type: "struct",
  fields: Object.entries(columns).map(([name, type]) => newField(name, type)),
});

const array = (elementType: DataType): DataType => ({ type: "array", elementType, containsNull: true });
const map = (keyType: DataType, valueType: DataType): DataType => ({
  type: "map",
  keyType,
  valueType,
  valueContainsNull: true,
});

/** What a SELECT becomes in the columns of a table, and the columns' types. */
async function rescued(
  schema: StructType,
  select: string,
): Promise<{ readonly rows: Row[]; readonly types: string[] }> {
  const columns = await session.columns(select);
  const fit = fitTyped(schema, { columns, file: quoteString(FILE) }, "rescue");
  const sql = fittedSelect(fit, `SELECT *, row_number() OVER () AS gl_row FROM (${select})`);
  const types = (await session.columns(sql)).map(({ name, type }) => `${name} ${type}`);
  return { rows: await session.rows(sql), types };
}

/** The text of what is rescued from the first row. */
async function textOf(schema: StructType, select: string): Promise<unknown> {
  return (await rescued(schema, select)).rows[0]?.["gl_rescued"];
}

describe("typed rows that are rescued", () => {
  it("lose one value that overflows, and no other", async () => {
    const { rows, types } = await rescued(
      table({ n: INTEGER, s: STRING }),
      "SELECT * FROM (VALUES (1::BIGINT, 'a'), (2147483648, 'b'), (NULL, 'c')) AS t(n, s)",
    );
    expect(types).toEqual(["n INTEGER", "s VARCHAR", "gl_rescued VARCHAR"]);
    expect(rows).toEqual([
      { n: 1, s: "a", gl_rescued: null },
      { n: null, s: "b", gl_rescued: `{"file":"raw/it's.parquet","row":2,"values":{"n":2147483648}}` },
      { n: null, s: "c", gl_rescued: null },
    ]);
  });

  it("keep columns and fields that the table lacks", async () => {
    const { rows } = await rescued(
      table({ id: LONG, who: { type: "struct", fields: [newField("name", STRING)] } }),
      `SELECT 1::BIGINT AS "ID", {'name': 'a', 'age': 7, 'more': {'x': 1.50}} AS who, [1, NULL] AS extra
       UNION ALL SELECT 2, {'name': 'b', 'age': NULL, 'more': NULL}, NULL UNION ALL SELECT 3, NULL, NULL`,
    );
    expect(rows).toEqual([
      {
        id: 1n,
        who: { name: "a" },
        gl_rescued: `{"file":"raw/it's.parquet","row":1,"values":{"who.age":7,"who.more":{"x":1.50},"extra":[1,null]}}`,
      },
      { id: 2n, who: { name: "b" }, gl_rescued: null },
      { id: 3n, who: null, gl_rescued: null },
    ]);
  });

  it("keep a column of another type as a whole", async () => {
    const { rows } = await rescued(
      table({ n: LONG }),
      `SELECT * FROM (VALUES ('5'), (NULL), ('say "x"\n')) AS t(n)`,
    );
    expect(rows.map((row) => row["n"])).toEqual([null, null, null]);
    expect(rows.map((row) => row["gl_rescued"])).toEqual([
      `{"file":"raw/it's.parquet","row":1,"values":{"n":"5"}}`,
      null,
      `{"file":"raw/it's.parquet","row":3,"values":{"n":"say \\"x\\"\\n"}}`,
    ]);
  });

  it("lose the field of a struct that does not fit, and a list or a map as a whole", async () => {
    const schema = table({
      s: { type: "struct", fields: [newField("a", INTEGER), newField("b", STRING)] },
      l: array(INTEGER),
      m: map(STRING, INTEGER),
      deep: array({ type: "struct", fields: [newField("x", INTEGER)] }),
    });
    const { rows, types } = await rescued(
      schema,
      `SELECT {'a': 1::BIGINT, 'b': 'x'} AS s, [1::BIGINT, NULL] AS l, MAP {'k': 1::BIGINT} AS m, [{'x': 1::BIGINT, 'y': NULL::INTEGER}] AS deep
       UNION ALL SELECT {'a': 5000000000, 'b': 'y'}, [1, 5000000000], MAP {'k': 5000000000, 'j': NULL}, [{'x': 1, 'y': 2}, NULL]
       UNION ALL SELECT NULL, NULL, NULL, NULL UNION ALL SELECT {'a': NULL, 'b': NULL}, [], MAP {}, []`,
    );
    expect(types.slice(0, 4)).toEqual([
      's STRUCT("a" INTEGER, "b" VARCHAR)',
      "l INTEGER[]",
      "m MAP(VARCHAR, INTEGER)",
      'deep STRUCT("x" INTEGER)[]',
    ]);
    expect(rows[0]).toMatchObject({ s: { a: 1, b: "x" }, l: [1, null], deep: [{ x: 1 }], gl_rescued: null });
    expect(rows[1]).toMatchObject({ s: { a: null, b: "y" }, l: null, m: null, deep: null });
    expect(rows[1]?.["gl_rescued"]).toBe(
      `{"file":"raw/it's.parquet","row":2,"values":{"s.a":5000000000,"l":[1,5000000000],"m":{"k":5000000000,"j":null},"deep":[{"x":1,"y":2},null]}}`,
    );
    expect(rows[2]).toEqual({ s: null, l: null, m: null, deep: null, gl_rescued: null });
    expect(rows[3]).toMatchObject({ s: { a: null, b: null }, l: [], deep: [], gl_rescued: null });
  });

  it.each<[string, DataType, string]>([
    ["127::BIGINT", { type: "byte" }, "127"],
    ["5.0::DOUBLE", LONG, "5"],
    ["9007199254740992::BIGINT", { type: "double" }, "9007199254740992.0"],
    ["0.1::DECIMAL(38,18)", { type: "double" }, "0.1"],
    ["0.25::DOUBLE", { type: "decimal", precision: 4, scale: 2 }, "0.25"],
    ["12.5::DECIMAL(5,2)", { type: "decimal", precision: 3, scale: 1 }, "12.5"],
    ["170141183460469231731::HUGEINT", { type: "decimal", precision: 38, scale: 0 }, "170141183460469231731"],
    ["18446744073709551615::UBIGINT", { type: "decimal", precision: 20, scale: 0 }, "18446744073709551615"],
    ["'nan'::DOUBLE", { type: "float" }, "nan"],
    ["DATE '2024-01-05'", { type: "timestamp_ntz" }, "2024-01-05 00:00:00"],
    ["TIMESTAMP '2024-01-05 10:00:00'", { type: "timestamp" }, "2024-01-05 10:00:00+00"],
    ["TIMESTAMPTZ '2024-01-05 10:00:00+02'", { type: "timestamp_ntz" }, "2024-01-05 08:00:00"],
    ["TIMESTAMP_NS '2024-01-05 10:00:00.123456'", { type: "timestamp_ntz" }, "2024-01-05 10:00:00.123456"],
    ["TIMESTAMP_MS '2024-01-05 10:00:00.123'", { type: "timestamp_ntz" }, "2024-01-05 10:00:00.123"],
    ["'x'::ENUM('x')", STRING, "x"],
    ["'{}'::JSON", STRING, "{}"],
  ])("keep %s where %o holds it", async (value, type, text) => {
    const select = `SELECT ${value} AS v`;
    const fit = fitTyped(
      table({ v: type }),
      { columns: await session.columns(select), file: "''" },
      "rescue",
    );
    const sql = fittedSelect(fit, `SELECT *, 1 AS gl_row FROM (${select})`);
    const [column] = await session.columns(sql);
    expect(column?.type).toBe(engineType(type));
    const [row] = await session.rows(`SELECT CAST(v AS VARCHAR) AS v, gl_rescued FROM (${sql})`);
    expect(row).toEqual({ v: text, gl_rescued: null });
  });

  it.each<[string, DataType, string]>([
    ["128::BIGINT", { type: "byte" }, "128"],
    ["5.5::DOUBLE", LONG, "5.5"],
    ["9007199254740993::BIGINT", { type: "double" }, "9007199254740993"],
    ["9223372036854775807::BIGINT", { type: "double" }, "9223372036854775807"],
    ["16777217::INTEGER", { type: "float" }, "16777217"],
    ["0.1::DOUBLE", { type: "float" }, "0.1"],
    ["12.55::DECIMAL(5,2)", { type: "decimal", precision: 5, scale: 1 }, "12.55"],
    ["99999.0::DECIMAL(6,1)", { type: "decimal", precision: 5, scale: 1 }, "99999.0"],
    [
      "170141183460469231731687303715884105727::HUGEINT",
      { type: "decimal", precision: 38, scale: 0 },
      "170141183460469231731687303715884105727",
    ],
    ["'nan'::DOUBLE", LONG, '"NaN"'],
    ["'-inf'::FLOAT", INTEGER, '"-Infinity"'],
    ["1e300::DOUBLE", LONG, "1e+300"],
    ["true", LONG, "true"],
    ["5", STRING, "5"],
    ["TIMESTAMP '2024-01-05 10:00:00.5'", { type: "date" }, '"2024-01-05T10:00:00.5"'],
    ["TIMESTAMPTZ '2024-01-05 10:00:00+02'", { type: "date" }, '"2024-01-05T08:00:00Z"'],
    [
      "TIMESTAMP_NS '2024-01-05 10:00:00.123456789'",
      { type: "timestamp_ntz" },
      '"2024-01-05T10:00:00.123456789"',
    ],
    ["DATE '2024-01-05'", LONG, '"2024-01-05"'],
    ["'\\xAA\\x00'::BLOB", STRING, '"qgA="'],
    ["'abc'", { type: "binary" }, '"abc"'],
    ["TIME '10:00:00.25'", LONG, '"10:00:00.25"'],
    ["MAP {1: 'a', 2: NULL}", LONG, '[{"key":1,"value":"a"},{"key":2,"value":null}]'],
    ["union_value(a := 5)", LONG, '{"a":5}'],
    ["[1, 2]::INTEGER[2]", LONG, "[1,2]"],
    [`[{'a"b': [0.50]}]`, LONG, '[{"a\\"b":[0.50]}]'],
    ["{'x': NULL::INTEGER}", array(LONG), '{"x":null}'],
  ])("keep %s, which does not fit %o, as JSON", async (value, type, json) => {
    const { rows } = await rescued(table({ v: type }), `SELECT ${value} AS v`);
    expect(rows).toEqual([
      { v: null, gl_rescued: `{"file":"raw/it's.parquet","row":1,"values":{"v":${json}}}` },
    ]);
    expect(() => JSON.parse(String(rows[0]?.["gl_rescued"]))).not.toThrow();
  });

  it("rescue nothing where a column is missing, or has nothing but NULL", async () => {
    const schema = table({ a: LONG, gone: map(STRING, LONG) });
    expect(await textOf(schema, "SELECT NULL AS a")).toBeNull();
  });

  it("come from a Parquet file with the place of each", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "wide.parquet");
    await session.execute(
      `COPY (SELECT CASE WHEN i = 250000 THEN 5000000000 ELSE i END AS n FROM range(300000) t(i)) TO ${quoteString(path)} (FORMAT parquet, ROW_GROUP_SIZE 20000)`,
    );
    const [file] = await discoverSources([path]);
    if (file === undefined) throw new Error(`no file ${path}`);
    const [source] = await openSource(session, file);
    if (source === undefined) throw new Error(`no source in ${path}`);
    const { sql } = await source.relation({ numbered: true });
    const fit = fitTyped(
      table({ n: INTEGER }),
      { columns: source.columns, file: quoteString(source.uri) },
      "rescue",
    );
    const rows = await session.rows(
      `SELECT count(n) AS fitted, any_value(gl_rescued) AS rescued FROM (${fittedSelect(fit, sql)})`,
    );
    expect(rows).toEqual([
      { fitted: 299_999n, rescued: `{"file":"${path}","row":250001,"values":{"n":5000000000}}` },
    ]);
    await source.dispose();
  });

  it("are the planned ones with refuse", async () => {
    const columns = [{ name: "N", type: "BIGINT" }];
    const fit = fitTyped(table({ n: INTEGER }), { columns, file: quoteString(FILE) }, "refuse");
    expect(fit.rescued).toBeUndefined();
    const sql = fittedSelect(fit, `SELECT 5000000000 AS "N"`);
    await expect(session.rows(sql)).rejects.toThrow("the type integer does not hold this number");
    expect(() =>
      fitTyped(
        table({ n: INTEGER }),
        { columns: [{ name: "n", type: "VARCHAR" }], file: quoteString(FILE) },
        "refuse",
      ),
    ).toThrow('column "n" is VARCHAR in the source');
  });
});

describe("every value of a type", () => {
  const VALUES: Readonly<Record<string, readonly string[]>> = {
    TINYINT: ["-128", "0", "127"],
    SMALLINT: ["-32768", "128", "-129"],
    INTEGER: ["-2147483648", "32768", "16777217", "16777216"],
    BIGINT: ["-9223372036854775808", "9223372036854775807", "9007199254740993", "2147483648", "7"],
    UBIGINT: ["18446744073709551615", "9223372036854775808", "7"],
    HUGEINT: ["-170141183460469231731687303715884105727", "99999999999999999999999999999999999999", "7"],
    "DECIMAL(5,2)": ["-999.99", "0.10", "7.00", "12.50"],
    "DECIMAL(38,18)": ["0.100000000000000000", "-12345678901234567890.123456789012345678", "7"],
    FLOAT: ["'nan'", "'-inf'", "0.1", "16777216", "3.4e38", "7", "-0.0"],
    DOUBLE: ["'nan'", "'inf'", "0.1", "9007199254740992", "1e300", "7.5", "7", "-2147483649"],
    BOOLEAN: ["true", "false"],
    VARCHAR: ["'7'", "''", "'2024-01-05'"],
    BLOB: ["'\\x00\\xFF'"],
    DATE: ["'2024-01-05'", "'0001-01-01'", "'infinity'", "'5000000-01-01'"],
    TIMESTAMP: ["'2024-01-05 10:00:00.000001'", "'2024-01-05'", "'-infinity'"],
    TIMESTAMP_NS: ["'2024-01-05 10:00:00.123456789'", "'2024-01-05 10:00:00.123456'"],
    TIMESTAMP_S: ["'2024-01-05 10:00:00'"],
    "TIMESTAMP WITH TIME ZONE": ["'2024-01-05 10:00:00+02'", "'infinity'"],
  };
  const TARGETS: readonly DataType[] = [
    ...(["byte", "short", "integer", "long", "float", "double", "boolean", "string"] as const),
    ...(["binary", "date", "timestamp", "timestamp_ntz"] as const),
  ]
    .map((type): DataType => ({ type }))
    .concat([
      { type: "decimal", precision: 5, scale: 2 },
      { type: "decimal", precision: 38, scale: 0 },
    ]);

  it.each(Object.entries(VALUES))(
    "of %s stays what it is, or is rescued with all its digits",
    async (type, values) => {
      const select = `SELECT * FROM (VALUES ${values.map((value) => `(CAST(${value} AS ${type}))`).join(", ")}, (NULL)) AS t(v)`;
      for (const target of TARGETS) {
        const fit = fitTyped(table({ v: target }), { columns: [{ name: "v", type }], file: "''" }, "rescue");
        const fitted = fittedSelect(fit, `SELECT *, row_number() OVER () AS gl_row FROM (${select})`);
        // The text of a rescued value casts back to it; an instant does as the session is in UTC.
        const back = type === "BLOB" ? "from_base64(j)" : `TRY_CAST(j AS ${type})`;
        const rows = await session.rows(
          `SELECT v IS NOT NULL AS isFitted, gl_rescued IS NOT NULL AS isRescued,
           v IS NULL OR TRY_CAST(v AS ${type}) IS NOT DISTINCT FROM x AS isSame,
           gl_rescued IS NULL OR ${back} IS NOT DISTINCT FROM x AS isTold
         FROM (SELECT *, regexp_extract(gl_rescued, '"v":"?(.*?)"?[}][}]$', 1) AS j FROM (${fitted}) POSITIONAL JOIN (SELECT v AS x FROM (${select})))`,
        );
        expect(
          rows.map((row) => [row["isFitted"] !== row["isRescued"], row["isSame"], row["isTold"]]),
        ).toEqual([...values.map(() => [true, true, true]), [false, true, true]]);
      }
    },
  );

  it.each(Object.entries(VALUES))(
    "of %s is in its column where it can be landed without rescue",
    async (type, values) => {
      for (const target of TARGETS) {
        const source = { columns: [{ name: "v", type }], file: "''" };
        const schema = table({ v: target });
        for (const value of values) {
          const select = `SELECT CAST(${value} AS ${type}) AS v, 1 AS gl_row`;
          const landed = await Promise.resolve()
            .then(() => session.rows(fittedSelect(fitTyped(schema, source, "refuse"), select)))
            .catch((error: unknown) =>
              isLakeError(error, "invalid-input") ? undefined : Promise.reject(error),
            );
          if (landed === undefined) continue;
          const rows = await session.rows(fittedSelect(fitTyped(schema, source, "rescue"), select));
          expect(rows).toEqual([{ ...landed[0], gl_rescued: null }]);
        }
      }
    },
  );
});

describe("the columns of a source of texts", () => {
  const source = [
    { name: "ID", type: "BIGINT" },
    { name: "name", type: "VARCHAR" },
    { name: "NAME", type: "VARCHAR" },
  ];

  it("are those of the table, each from the column of its name whatever the case", () => {
    const schema = table({ id: INTEGER, NAME: STRING, late: { type: "timestamp" } });
    expect(fittedColumnsOf(schema, source)).toEqual([
      { name: "id", type: "INTEGER", source: "ID" },
      { name: "NAME", type: "VARCHAR", source: "NAME" },
      { name: "late", type: "TIMESTAMP WITH TIME ZONE", source: "late" },
    ]);
  });
});
