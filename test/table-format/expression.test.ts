import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLakeError } from "../../core/index.js";
import { Engine, type Value } from "../../engine/index.js";
import {
  type CompiledExpression,
  compileExpression,
  parseExpression,
} from "../../table-format/expression/index.js";
import { deltaTypeOfEngine, type StructType, typeText } from "../../table-format/schema/index.js";

/** One row with a column of every type; expected values below are computed by hand from it. */
const ROW = [
  ["i", "INTEGER", "7"],
  ["zero", "INTEGER", "0"],
  ["neg", "INTEGER", "-7"],
  ["l", "BIGINT", "9223372036854775807"],
  ["b8", "TINYINT", "100"],
  ["d", "DOUBLE", "2.5"],
  ["nan", "DOUBLE", "'NaN'"],
  ["f", "FLOAT", "0.5"],
  ["amount", "DECIMAL(10,2)", "12.35"],
  ["s", "VARCHAR", "'Grizzly'"],
  ["blank", "VARCHAR", "'  x '"],
  ["euro", "VARCHAR", "'a€😀b'"],
  ["num", "VARCHAR", "' 42 '"],
  ["t", "BOOLEAN", "true"],
  ["nul", "INTEGER", "NULL"],
  ["nulb", "BOOLEAN", "NULL"],
  ["nuls", "VARCHAR", "NULL"],
  ["day", "DATE", "'2024-02-29'"],
  ["ts", "TIMESTAMP WITH TIME ZONE", "'2024-02-29 13:04:05.678901+00'"],
  ["old", "TIMESTAMP WITH TIME ZONE", "'1969-12-31 23:59:59.5+00'"],
  ["clock", "TIMESTAMP", "'2024-02-29 13:04:05'"],
  ["bin", "BLOB", "'\\x41\\xff'"],
  ["st", 'STRUCT(a INTEGER, "In Ner" STRUCT(b VARCHAR))', "{'a': 3, 'In Ner': {'b': 'deep'}}"],
  ["arr", "INTEGER[]", "[10, NULL, 30]"],
  ["m", "MAP(VARCHAR, INTEGER)", "MAP {'k': 5}"],
  ["odd name", "INTEGER", "1"],
] as const;

const COLUMNS = ROW.map(([name, type]) => `"${name}" ${type}`).join(", ");
const VALUES = ROW.map(([name, type, value]) => `CAST(${value} AS ${type}) AS "${name}"`).join(", ");

function schema(): StructType {
  const { type } = deltaTypeOfEngine(`STRUCT(${COLUMNS})`);
  if (type.type !== "struct") throw new Error(COLUMNS);
  return type;
}

function compile(text: string, allowVolatile = false, now?: number): CompiledExpression {
  return compileExpression(parseExpression(text), { columns: schema(), allowVolatile, now });
}

describe("Spark SQL expressions", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
  });
  afterAll(() => engine.close());

  async function run(sql: string): Promise<Value | undefined> {
    const rows = await engine.withSession((session) =>
      session.rows(`SELECT ${sql} AS v FROM (SELECT ${VALUES})`),
    );
    return rows[0]?.["v"];
  }

  const evaluate = async (text: string): Promise<Value | undefined> => run(compile(text).sql);

  it.each<[string, Value]>([
    // literals
    ["'x'", "x"],
    ['"x"', "x"],
    ["'it\\'s'", "it's"],
    ["'a\\tb\\u00e9\\101'", "a\tbéA"],
    ["r'a\\n'", "a\\n"],
    ["'a' 'b'", "ab"],
    ["1", 1],
    ["1L", 1n],
    ["1S", 1],
    ["-128Y", -128],
    ["2147483648", 2147483648n],
    ["-9223372036854775808", -9223372036854775808n],
    ["9223372036854775808", "9223372036854775808"],
    ["1.50", "1.50"],
    [".5", "0.5"],
    ["0.05", "0.05"],
    ["1.5BD", "1.5"],
    ["1e3", 1000],
    ["1.5D", 1.5],
    ["1.5F", 1.5],
    ["true", true],
    ["null", null],
    ["X'1f00'", Buffer.of(0x1f, 0)],
    ["DATE '2024-1-5'", "2024-01-05"],
    ["TIMESTAMP '2024-01-05 01:02:03.5'", "2024-01-05T01:02:03.5Z"],
    ["TIMESTAMP '2024-01-05T01:02:03+02:00'", "2024-01-04T23:02:03Z"],
    ["TIMESTAMP_NTZ '2024-01-05 01:02:03'", "2024-01-05 01:02:03"],
    // columns
    ["I", 7],
    ["`odd name`", 1],
    ["ST.A", 3],
    ["st.`in ner`.b", "deep"],
    ["arr[0]", 10],
    ["arr[1]", null],
    ["arr[nul]", null],
    ["m['k']", 5],
    ["m['none']", null],
    // precedence
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["-2 - -3", 1],
    ["2 - 1 - 1", 0],
    ["NOT 1 = 2", true],
    ["NOT false AND false", false],
    ["true OR true AND false", true],
    ["1 = 2 IS NULL", false],
    ["i BETWEEN 1 AND 7 AND t", true],
    ["NOT i BETWEEN 8 AND 9", true],
    ["6 | 1 & 3 ^ 2", 7],
    // arithmetic
    ["7 / 2", 3.5],
    ["i div 2", 3n],
    ["neg div 2", -3n],
    ["neg % 3", -1],
    ["mod(neg, 3)", -1],
    ["pmod(neg, 3)", 2],
    ["pmod(7, -3)", 1],
    ["pmod(neg, -3)", -1],
    ["nul / 0", null],
    ["b8 + 20Y", 120],
    ["i + 1L", 8n],
    ["d * 2", 5],
    ["amount + 1", "13.35"],
    ["amount * 1.1", "13.585"],
    ["amount - 0.005", "12.345"],
    ["amount / 3", "4.116667"],
    ["-amount / 3", "-4.116667"],
    ["amount / 100", "0.123500"],
    ["1 / amount", "0.08097165992"],
    ["amount / CAST(NULL AS DECIMAL(3,1))", null],
    ["-i", -7],
    ["~5", -6],
    ["i + nul", null],
    ["i + '1'", 8n],
    ["day + 1", "2024-03-01"],
    ["day - 60", "2023-12-31"],
    ["day + INTERVAL 1 YEAR", "2025-02-28"],
    ["day - INTERVAL '2' MONTHS", "2023-12-29"],
    ["ts + INTERVAL 1 HOUR 56 MINUTES", "2024-02-29T15:00:05.678901Z"],
    // comparison and NULL
    ["i = 7", true],
    ["i == 7", true],
    ["i != 7", false],
    ["nul = 1", null],
    ["nul <=> 1", false],
    ["nul <=> NULL", true],
    ["i IS DISTINCT FROM nul", true],
    ["i IS NOT DISTINCT FROM 7L", true],
    ["nan = nan", true],
    ["nan > 1e308", true],
    ["s > 'Grizzlx'", true],
    ["'a' < 'B'", false],
    ["num = 42", true],
    ["day > '2024-02-28'", true],
    ["day < ts", true],
    ["day = TIMESTAMP '2024-02-29 00:00:00'", true],
    ["clock = TIMESTAMP '2024-02-29 13:04:05'", true],
    ["amount > 12.349", true],
    ["amount = 12.35D", true],
    ["l > 9223372036854775806", true],
    ["nulb AND false", false],
    ["nulb AND true", null],
    ["nulb OR true", true],
    ["nulb OR false", null],
    ["NOT nulb", null],
    ["!t", false],
    ["nulb IS TRUE", false],
    ["nulb IS NOT TRUE", true],
    ["nulb IS UNKNOWN", true],
    ["t IS NOT FALSE", true],
    ["i IN (1, 7L)", true],
    ["i NOT IN (1, 2)", true],
    ["i IN (1, NULL)", null],
    ["nul IN (1)", null],
    ["s IN ('Grizzly', 'Lake')", true],
    // what stands right of what decides does not run
    ["zero <> 0 AND i / zero > 1", false],
    ["zero = 0 OR i / zero > 1", true],
    ["t AND zero <> 0 AND i / zero > 1", false],
    ["i = 7 AND 14 / i = 2", true],
    ["nulb AND 14 / i = 2", null],
    ["nulb AND 14 / i = 3", false],
    ["nulb OR 14 / i = 2", true],
    ["CASE WHEN zero = 0 THEN 1 ELSE i div zero END", 1n],
    ["if(zero = 0, NULL, i / zero)", null],
    ["coalesce(i, 1 div zero)", 7n],
    // patterns
    ["s LIKE 'Gr_zz%'", true],
    ["s LIKE 'gr%'", false],
    ["s ILIKE 'gr%'", true],
    ["s NOT LIKE '%z'", true],
    ["'50%' LIKE '50\\%'", true],
    ["'50x' LIKE '50\\%'", false],
    ["'a_b' LIKE 'a#_b' ESCAPE '#'", true],
    ["'axb' LIKE 'a#_b' ESCAPE '#'", false],
    ["'a\\\\b' LIKE 'a\\\\\\\\b'", true],
    ["nuls LIKE 'a%'", null],
    ["s RLIKE '^Gri[zx]+'", true],
    ["s RLIKE 'zz'", true],
    ["s RLIKE '^zz'", false],
    ["'a\\nb' RLIKE 'a.b'", false],
    ["'a\\rb' RLIKE 'a.b'", false],
    ["'ab\\n' RLIKE '^ab$'", true],
    ["'ab\\nc' RLIKE '^ab$'", false],
    ["'12-34' RLIKE '^\\\\d{2}-\\\\d{2}$'", true],
    ["regexp_extract('12-34', '(\\\\d+)-(\\\\d+)', 2)", "34"],
    ["regexp_extract('none', '(\\\\d+)', 1)", ""],
    // CASE
    ["CASE i WHEN 1 THEN 'one' WHEN 7 THEN 'seven' END", "seven"],
    ["CASE WHEN nulb THEN 1 ELSE 2L END", 2n],
    ["CASE WHEN false THEN 1 END", null],
    // casts
    ["CAST(2.9D AS INT)", 2],
    ["CAST(-2.9 AS INT)", -2],
    ["CAST(d AS BIGINT)", 2n],
    ["CAST(num AS INT)", 42],
    ["num::int", 42],
    ["CAST('1e2' AS DOUBLE)", 100],
    ["CAST('-Infinity' AS DOUBLE)", Number.NEGATIVE_INFINITY],
    ["CAST('1.255' AS DECIMAL(5,2))", "1.26"],
    ["CAST(amount AS DECIMAL(5,1))", "12.4"],
    ["CAST(-1.25 AS DECIMAL(5,1))", "-1.3"],
    ["CAST(i AS STRING)", "7"],
    ["CAST(amount AS STRING)", "12.35"],
    ["CAST(t AS STRING)", "true"],
    ["CAST(0.05 AS STRING)", "0.05"],
    ["CAST(day AS STRING)", "2024-02-29"],
    ["CAST(ts AS STRING)", "2024-02-29 13:04:05.678901"],
    ["CAST(clock AS STRING)", "2024-02-29 13:04:05"],
    ["CAST('yes' AS BOOLEAN)", true],
    ["CAST('F' AS BOOLEAN)", false],
    ["CAST(0 AS BOOLEAN)", false],
    ["CAST(t AS INT)", 1],
    ["CAST(ts AS DATE)", "2024-02-29"],
    ["date(ts)", "2024-02-29"],
    ["CAST(day AS TIMESTAMP)", "2024-02-29T00:00:00Z"],
    ["CAST(ts AS BIGINT)", 1709211845n],
    ["CAST(old AS BIGINT)", -1n],
    ["CAST(0 AS TIMESTAMP)", "1970-01-01T00:00:00Z"],
    ["CAST('2024-02-29T99' AS DATE)", "2024-02-29"],
    ["CAST('2024-02-29 01:00:00-01:00' AS TIMESTAMP)", "2024-02-29T02:00:00Z"],
    ["CAST('A' AS BINARY)", Buffer.of(0x41)],
    ["CAST(NULL AS DATE)", null],
    ["TRY_CAST('x' AS INT)", null],
    ["TRY_CAST('300' AS TINYINT)", null],
    ["TRY_CAST('2024-02-30' AS DATE)", null],
    ["TRY_CAST(300 AS TINYINT)", null],
    ["TRY_CAST('12' AS INT)", 12],
    // dates and timestamps
    ["year(ts)", 2024],
    ["month(day)", 2],
    ["day('2024-02-29')", 29],
    ["dayofmonth(day)", 29],
    ["dayofyear(day)", 60],
    ["quarter(day)", 1],
    ["weekofyear(DATE '2021-01-01')", 53],
    ["dayofweek(DATE '2024-03-03')", 1],
    ["dayofweek(day)", 5],
    ["weekday(day)", 3],
    ["hour(ts)", 13],
    ["minute(ts)", 4],
    ["second(ts)", 5],
    ["hour(clock)", 13],
    ["hour(old)", 23],
    ["EXTRACT(YEAR FROM ts)", 2024],
    ["to_date(ts)", "2024-02-29"],
    ["to_date('20240229', 'yyyyMMdd')", "2024-02-29"],
    ["to_timestamp('2024-02-29 13:04', 'yyyy-MM-dd HH:mm')", "2024-02-29T13:04:00Z"],
    ["date_trunc('MONTH', ts)", "2024-02-01T00:00:00Z"],
    ["date_trunc('week', clock)", "2024-02-26T00:00:00Z"],
    ["date_trunc('HOUR', ts)", "2024-02-29T13:00:00Z"],
    ["trunc(day, 'MM')", "2024-02-01"],
    ["trunc(ts, 'year')", "2024-01-01"],
    ["date_format(ts, 'yyyy-MM-dd HH:mm:ss')", "2024-02-29 13:04:05"],
    ["date_format(day, \"yyyy'Q'M, EEE d MMM 100%\")", "2024Q2, Thu 29 Feb 100%"],
    ["date_format(ts, 'hh:mm a SSS')", "01:04 PM 678"],
    ["date_add(day, 1)", "2024-03-01"],
    ["date_sub(day, 29)", "2024-01-31"],
    ["datediff(day, DATE '2024-03-01')", -1],
    ["add_months(DATE '2024-01-31', 1)", "2024-02-29"],
    ["add_months(day, -12)", "2023-02-28"],
    ["last_day(day)", "2024-02-29"],
    ["unix_timestamp(ts)", 1709211845n],
    ["unix_timestamp(old)", 0n],
    ["from_unixtime(0)", "1970-01-01 00:00:00"],
    ["timestamp_millis(1500)", "1970-01-01T00:00:01.5Z"],
    // strings
    ["lower(s)", "grizzly"],
    ["upper('é')", "É"],
    ["trim(blank)", "x"],
    ["ltrim(blank)", "x "],
    ["rtrim(blank)", "  x"],
    ["trim('\\t x')", "\t x"],
    ["TRIM(BOTH 'x' FROM 'xxaxx')", "a"],
    ["TRIM(LEADING 'x' FROM 'xxaxx')", "axx"],
    ["length(euro)", 4],
    ["char_length(blank)", 4],
    ["length(bin)", 2],
    ["substring(s, 2, 3)", "riz"],
    ["substr(s, 0, 2)", "Gr"],
    ["substring(s, -3, 2)", "zl"],
    ["substring('abc', -5, 3)", "a"],
    ["substring('abc', -5)", "abc"],
    ["substring(s, 3)", "izzly"],
    ["substring(s, 3, -1)", ""],
    ["substring(euro, 2, 2)", "€😀"],
    ["SUBSTRING(s FROM 1 FOR 2)", "Gr"],
    ["left(s, 2)", "Gr"],
    ["left(s, -1)", ""],
    ["right(s, 2)", "ly"],
    ["right(s, -1)", ""],
    ["concat(s, '-', i)", "Grizzly-7"],
    ["s || '!'", "Grizzly!"],
    ["concat(s, nuls)", null],
    ["concat_ws('-', s, nuls, 'x')", "Grizzly-x"],
    ["concat_ws(nuls, 'a')", null],
    ["replace(s, 'zz', 'Z')", "GriZly"],
    ["instr(s, 'z')", 4],
    ["instr(s, 'q')", 0],
    ["startswith(s, 'Gri')", true],
    ["contains(s, 'zz')", true],
    ["endswith(s, 'ly')", true],
    ["lpad('7', 3, '0')", "007"],
    ["rpad('abcd', 2, 'x')", "ab"],
    ["md5('Spark')", "8cde774d6f7333752ed72cacddb05126"],
    ["sha2('Spark', 256)", "529bc3b07127ecb7e53a4dcf1991d9152c24537d919178022b2c42657f79a26b"],
    // choices, numbers, collections
    ["coalesce(nul, i)", 7],
    ["nvl(nul, 2L)", 2n],
    ["ifnull(i, 1)", 7],
    ["nullif(i, 7)", null],
    ["nvl2(nul, 1, 2)", 2],
    ["isnull(nul)", true],
    ["isnotnull(nul)", false],
    ["isnan(nan)", true],
    ["isnan(CAST(NULL AS DOUBLE))", false],
    ["greatest(1, nul, 3)", 3],
    ["least(5, nul, 3L)", 3n],
    ["greatest(nan, 1D)", Number.NaN],
    ["abs(neg)", 7],
    ["ceil(d)", 3n],
    ["floor(-2.5D)", -3n],
    ["ceil(amount)", "13"],
    ["ceil(i)", 7n],
    ["round(d)", 3],
    ["round(-2.5D)", -3],
    ["round(-0.2D)", 0],
    ["round(amount, 1)", "12.4"],
    ["round(i)", 7],
    ["size(arr)", 3],
    ["cardinality(m)", 1],
    ["array_contains(arr, 30)", true],
    ["array_contains(arr, 31)", null],
    ["array_contains(arr, nul)", null],
  ])("%s", async (text, expected) => {
    expect(await evaluate(text)).toEqual(expected);
  });

  it.each([
    ["i / zero", "double"],
    ["i % zero", "integer"],
    ["d / 0", "double"],
    ["amount / 0.00", "decimal(16,6)"],
    ["i div zero", "long"],
    ["l + 1", "long"],
    ["b8 + 100Y", "byte"],
    ["-CAST(-128 AS TINYINT)", "byte"],
    ["abs(CAST(-128 AS TINYINT))", "byte"],
    ["CAST('1.5' AS INT)", "integer"],
    ["CAST('1_000' AS INT)", "integer"],
    ["CAST('' AS INT)", "integer"],
    ["CAST('x' AS DATE)", "date"],
    ["CAST('2024-02-30' AS DATE)", "date"],
    ["CAST('2024-02-29 1:2' AS TIMESTAMP)", "timestamp"],
    ["CAST('maybe' AS BOOLEAN)", "boolean"],
    ["CAST('2024-02-29 24:00:00' AS TIMESTAMP)", "timestamp"],
    // Spark reads these, so that NULL would be wrong.
    ["TRY_CAST('2024-05' AS DATE)", "date"],
    ["TRY_CAST('1d' AS DOUBLE)", "double"],
    ["CAST(DATE '0001-01-01' - 1 AS STRING)", "string"],
    ["date_format(DATE '9999-12-31' + 1, 'yyyy')", "string"],
    ["CAST(300 AS TINYINT)", "byte"],
    ["CAST(1e10 AS INT)", "integer"],
    ["CAST(nan AS INT)", "integer"],
    ["CAST(123.45 AS DECIMAL(3,1))", "decimal(3,1)"],
    ["arr[3]", "integer"],
    ["arr[-1]", "integer"],
    ["to_date('2024-2-9', 'yyyy-MM-dd')", "date"],
    ["upper('straße')", "string"],
    ["lower('ΑΣ')", "string"],
    ["s > 5", "boolean"],
  ])("%s is a %s and fails when it runs", async (text, type) => {
    const compiled = compile(text);
    expect(compiled.type === undefined ? "void" : typeText(compiled.type)).toBe(type);
    await expect(run(compiled.sql)).rejects.toSatisfy((error) => isLakeError(error, "invalid-input"));
  });

  it.each([
    ["1 + 1", "integer"],
    ["1Y + 1S", "short"],
    ["1 + 1L", "long"],
    ["1 / 1", "double"],
    ["1F + 1F", "float"],
    ["1 + 1F", "double"],
    ["amount + 1", "decimal(11,2)"],
    ["amount * amount", "decimal(21,4)"],
    ["amount + i", "decimal(13,2)"],
    ["coalesce(amount, i)", "decimal(12,2)"],
    ["round(amount, 1)", "decimal(10,1)"],
    ["ceil(amount)", "decimal(9,0)"],
    ["year(day)", "integer"],
    ["length(s)", "integer"],
    ["date_trunc('DAY', clock)", "timestamp"],
    ["datediff(day, day)", "integer"],
  ])("%s is a %s", async (text, type) => {
    const compiled = compile(text);
    expect(compiled.type === undefined ? "void" : typeText(compiled.type)).toBe(type);
    const engineColumn = await run(`typeof(${compiled.sql})`);
    expect(typeText(deltaTypeOfEngine(String(engineColumn)).type)).toBe(type);
  });

  it.each([
    ["hash(i)", "hash"],
    ["my_udf(i)", "my_udf"],
    ["rand()", "rand"],
    ["__proto__(i)", "__proto__"],
    ["constructor(i)", "constructor"],
    ["sum(i)", "sum"],
    ["uuid()", "uuid"],
    ["current_date", "current_date"],
    ["CAST(d AS STRING)", "double"],
    ["CAST(d AS DECIMAL(5,2))", "double"],
    ["CAST(i AS ARRAY<INT>)", "ARRAY"],
    ["CAST(s AS VARCHAR(5))", "VARCHAR(5)"],
    ["amount % 3", "decimal"],
    ["CAST(1 AS DECIMAL(38,10)) / amount", "decimal"],
    ["round(d, 2)", "round"],
    ["date_format(ts, 'Q')", "Q"],
    ["date_trunc('fortnight', ts)", "FORTNIGHT"],
    ["s LIKE nuls", "LIKE"],
    ["s LIKE 'a\\\\b'", "LIKE"],
    ["s RLIKE '(?=a)'", "(?"],
    ["s RLIKE '\\\\bx'", "\\b"],
    ["s RLIKE '[a&&b]'", "class"],
    ["arr = arr", "array"],
    ["'it''s'", "quotes"],
    ["128Y", "byte"],
    ["DATE '2024-02-30'", "2024-02-30"],
    ["INTERVAL 1 DAY", "interval"],
    ["day + INTERVAL 1 HOUR", "interval"],
    ["i = ", "the end"],
    ["(i", ")"],
    ["i j", '"j"'],
    ["i; DROP TABLE t", ";"],
    ["(SELECT 1)", "expected"],
    ["", "the end"],
    [`${"(".repeat(500)}1${")".repeat(500)}`, "deep"],
  ])("refuses %s by name", (text, named) => {
    const failure = attempt(() => compile(text));
    expect(failure).toSatisfy((error) => isLakeError(error, "unsupported"));
    expect(failure).toMatchObject({ code: "expression" });
    expect(String(failure)).toContain(named);
  });

  it.each([
    ["missing > 1", "missing"],
    ["st.nope", "nope"],
    ["i AND t", "integer"],
    ["NOT i", "integer"],
    ["t > 1", "boolean"],
    ["day = 1", "date"],
  ])("says what is wrong with %s", (text, named) => {
    const failure = attempt(() => compile(text));
    expect(failure).toSatisfy((error) => isLakeError(error, "invalid-input"));
    expect(String(failure)).toContain(named);
  });

  it("allows what is not repeatable when it is asked to, at the given instant", async () => {
    const now = Date.UTC(2024, 1, 29, 1, 2, 3);
    const compiled = compile("current_timestamp()", true, now);
    expect(compiled.isVolatile).toBe(true);
    expect(await run(compiled.sql)).toBe("2024-02-29T01:02:03Z");
    expect(await run(compile("current_date", true, now).sql)).toBe("2024-02-29");
    expect(await run(compile("uuid()", true).sql)).toMatch(/^[0-9a-f-]{36}$/);
    expect(compile("i + 1").isVolatile).toBe(false);
  });

  it("tells which columns are used, in the schema's own case", () => {
    expect(compile("ST.a > I AND arr[I] IS NULL").columns).toEqual(["st", "i", "arr"]);
  });

  it("asks for the SQL of a column by its logical path", async () => {
    const paths: string[][] = [];
    const compiled = compileExpression(parseExpression("ST.`in ner`.B || s"), {
      columns: schema(),
      sqlOf: (path) => {
        paths.push([...path]);
        return `'${path.length}'`;
      },
    });
    expect(paths).toEqual([["st", "In Ner", "b"], ["s"]]);
    expect(await run(compiled.sql)).toBe("31");
  });

  it("casts to the type of a column as an assignment does", async () => {
    const long = compileExpression(parseExpression("i"), { columns: schema() }, { type: "long" });
    expect(await run(long.sql)).toBe(7n);
    const nothing = compileExpression(parseExpression("NULL"), { columns: schema() }, { type: "date" });
    expect(await run(`typeof(${nothing.sql})`)).toBe("DATE");
  });

  it("keeps a text of the expression a text", async () => {
    expect(await evaluate(`'\\'); DROP TABLE x; --'`)).toBe("'); DROP TABLE x; --");
    expect(await evaluate("'a\\0b'")).toBe("a\0b");
  });
});

function attempt(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}
