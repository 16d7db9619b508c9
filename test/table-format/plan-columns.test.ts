import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLakeError } from "../../core/index.js";
import { Engine, quoteIdentifier, type Row } from "../../engine/index.js";
import {
  deltaTypeOfEngine,
  engineType,
  planColumns,
  type SchemaMode,
  type StructType,
  typeText,
} from "../../table-format/schema/index.js";

/** A table's schema, written as a DuckDB struct type. */
function table(text: string): StructType {
  const { type } = deltaTypeOfEngine(`STRUCT(${text})`);
  if (type.type !== "struct") throw new Error(text);
  return type;
}

describe("planColumns", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await Engine.open({ threads: 1 });
  });
  afterAll(() => engine.close());

  /** Runs the plan for `SELECT ${source}`: its rows, and the types of its columns. */
  async function run(schema: StructType, source: string, mode: SchemaMode = "strict") {
    return engine.withSession(async (session) => {
      const sourceSql = `SELECT ${source}`;
      const columns = (await session.stream(`${sourceSql} LIMIT 0`)).columns;
      const plan = planColumns(schema, columns, mode);
      const list = plan.columns.map(({ name, sql }) => `${sql} AS ${quoteIdentifier(name)}`).join(", ");
      const sql = `SELECT ${list} FROM (${sourceSql})`;
      const types = await session.rows(`DESCRIBE ${sql}`);
      const rows: Row[] = await session.rows(sql);
      return { plan, rows, types: types.map((row) => row["column_type"]) };
    });
  }

  async function failure(schema: StructType, source: string, mode: SchemaMode = "strict"): Promise<string> {
    try {
      await run(schema, source, mode);
    } catch (error) {
      if (isLakeError(error, "invalid-input")) return error.message;
      throw error;
    }
    throw new Error("nothing was thrown");
  }

  it("takes columns by name in the table's order, and gives NULL for missing ones", async () => {
    const { rows, types } = await run(
      table('ID BIGINT, "a b" VARCHAR, missing DATE'),
      `'x' AS "A B", 5::BIGINT AS id`,
    );
    expect(rows).toEqual([{ ID: 5n, "a b": "x", missing: null }]);
    expect(types).toEqual(["BIGINT", "VARCHAR", "DATE"]);
  });

  it.each([
    ["BIGINT", "5::UTINYINT", 5n],
    ["BIGINT", "NULL", null],
    ["TINYINT", "127::BIGINT", 127],
    ["DECIMAL(5,2)", "123::BIGINT", "123.00"],
    ["DECIMAL(20,0)", "18446744073709551615::UBIGINT", "18446744073709551615"],
    ["DECIMAL(20,4)", "1.25::DECIMAL(5,2)", "1.2500"],
    ["DOUBLE", "0.5::FLOAT", 0.5],
    ["DOUBLE", "9007199254740992::BIGINT", 9007199254740992],
    ["FLOAT", "16777216::INTEGER", 16777216],
    ["TIMESTAMP", "DATE '2024-01-31'", "2024-01-31 00:00:00"],
    ["TIMESTAMP", "TIMESTAMP_NS '2024-01-31 00:00:00.123456'", "2024-01-31 00:00:00.123456"],
    ["VARCHAR", "'a'::ENUM('a', 'b')", "a"],
    ["VARCHAR", `'{"x": 1}'::JSON`, '{"x": 1}'],
    ["INTEGER[]", "[1, 2]::TINYINT[2]", [1, 2]],
    ["BIGINT[]", "[]", []],
    ["MAP(VARCHAR, BIGINT[])", "MAP {'k': [1::UTINYINT, NULL]}", new Map([["k", [1n, null]]])],
    [
      "STRUCT(k INTEGER, l VARCHAR)",
      "union_value(l := 'z')::UNION(k INTEGER, l VARCHAR)",
      { k: null, l: "z" },
    ],
    ["STRUCT(a BIGINT, b VARCHAR)", "{'B': 'x', 'a': 1::UTINYINT}", { a: 1n, b: "x" }],
    ["STRUCT(a BIGINT, b VARCHAR)[]", "[{'a': 1::BIGINT}, NULL]", [{ a: 1n, b: null }, null]],
    ["STRUCT(a STRUCT(x BIGINT, y INTEGER[]))", "{'a': {'y': [3::BIGINT]}}", { a: { x: null, y: [3] } }],
    ["STRUCT(a BIGINT)", "NULL::STRUCT(A INTEGER)", null],
  ])("%s takes %s", async (type, value, expected) => {
    const schema = table(`c ${type}`);
    const { rows, types } = await run(schema, `${value} AS c`);
    expect(rows).toEqual([{ c: expected }]);
    expect(deltaTypeOfEngine(String(types[0]))).toEqual(
      deltaTypeOfEngine(engineType(schema.fields[0]?.type ?? schema)),
    );
  });

  it.each([
    ["TINYINT", "128::BIGINT", "128"],
    ["DECIMAL(5,2)", "1000::BIGINT", "1000"],
    ["DOUBLE", "9007199254740993::BIGINT", "9007199254740993"],
    ["TIMESTAMP", "TIMESTAMP_NS '2024-01-31 00:00:00.123456789'", "2024-01-31 00:00:00.123456789"],
    ["TIMESTAMP[]", "[TIMESTAMP_NS '2024-01-31 00:00:00.123456789']", "2024-01-31 00:00:00.123456789"],
  ])("%s fails on %s rather than change it", async (type, value, named) => {
    expect(await failure(table(`c ${type}`), `${value} AS c`)).toContain(named);
  });

  it.each([
    ["BIGINT", "'5'", "BIGINT"],
    ["BIGINT", "5.0::DOUBLE", "long"],
    ["VARCHAR", "5", "string"],
    ["FLOAT", "0.1::DOUBLE", "float"],
    ["DECIMAL(5,2)", "1.234::DECIMAL(5,3)", "decimal(5,2)"],
    ["TIMESTAMP WITH TIME ZONE", "TIMESTAMP '2024-01-01'", "timestamp"],
    ["DATE", "TIMESTAMP '2024-01-01'", "date"],
    ["BIGINT[]", "5", "array<long>"],
    ["STRUCT(a BIGINT)", "[1]", "struct<a: long>"],
  ])("%s refuses %s before anything runs", async (type, value) => {
    const message = await failure(table(`c ${type}`), `${value} AS c`);
    expect(message).toContain('column "c"');
    expect(message).toContain("in the source");
  });

  it("names the nested field that does not fit", async () => {
    expect(await failure(table("c STRUCT(a STRUCT(b BIGINT)[])"), "{'a': [{'b': 'x'}]} AS c")).toContain(
      '"c.a.element.b"',
    );
  });

  it("refuses new columns in strict mode, nested ones too", async () => {
    expect(await failure(table("a INTEGER"), "1 AS a, 2 AS b")).toContain('"b"');
    expect(await failure(table("a STRUCT(x INTEGER)"), "{'x': 1, 'y': 2} AS a")).toContain('"a.y"');
    expect(await failure(table("a STRUCT(x INTEGER)[]"), "[{'x': 1, 'y': 2}] AS a")).toContain(
      '"a.element.y"',
    );
  });

  it("adds new columns in merge mode, nested ones too", async () => {
    const source = "2::UTINYINT AS b, {'y': 'n', 'x': 1} AS a, [{'z': NULL}] AS l";
    const { plan, rows } = await run(table("a STRUCT(x INTEGER), l STRUCT(w INTEGER)[]"), source, "merge");
    expect(typeText(plan.schema)).toBe(
      "struct<a: struct<x: integer, y: string>, l: array<struct<w: integer, z: integer>>, b: short>",
    );
    expect(plan.newFields.map(({ parent, field }) => [...parent, field.name])).toEqual([
      ["a", "y"],
      ["l", "element", "z"],
      ["b"],
    ]);
    expect(rows).toEqual([{ a: { x: 1, y: "n" }, l: [{ w: null, z: null }], b: 2 }]);
  });

  it("leaves the schema alone when nothing is new", () => {
    const schema = table("a STRUCT(x INTEGER)");
    expect(planColumns(schema, [{ name: "A", type: "STRUCT(X INTEGER)" }], "merge").schema).toBe(schema);
  });

  it("refuses a source without a NOT NULL column or field", async () => {
    const schema = table("a INTEGER, s STRUCT(x INTEGER)");
    const required: StructType = {
      type: "struct",
      fields: schema.fields.map((field) => ({ ...field, nullable: false })),
    };
    expect(await failure(required, "1 AS a")).toContain('"s"');
  });

  it("refuses two columns that differ in case only, and types that Delta does not have", () => {
    const twice = [
      { name: "a", type: "INTEGER" },
      { name: "A", type: "INTEGER" },
    ];
    expect(() => planColumns(table("a INTEGER"), twice, "merge")).toThrow(/"a" and "A"/);
    expect(() => planColumns(table("a INTEGER"), [{ name: "g", type: "GEOMETRY" }], "merge")).toThrow(
      /column "g".*GEOMETRY/,
    );
  });
});
